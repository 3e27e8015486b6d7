-- The log of a till: its own events and those it follows, byte for byte as first written.
CREATE TABLE events (
    position INTEGER PRIMARY KEY,           -- order of arrival here; not canonical
    origin   BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    prev     BLOB    NOT NULL,
    stream   TEXT,                          -- own events only: what an open cart is folded by
    kind     TEXT,                          -- own events only
    envelope TEXT    NOT NULL,
    payload  TEXT    NOT NULL,
    seal     TEXT
) STRICT;

CREATE UNIQUE INDEX events_chain  ON events (origin, seq, hash);
CREATE INDEX        events_stream ON events (stream) WHERE stream IS NOT NULL;
-- What the till's book is folded from when it starts.
CREATE INDEX        events_milestone ON events (origin, seq)
    WHERE kind IN ('origin.opened', 'shift.opened', 'shift.closed');

CREATE TRIGGER events_never_change BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER events_never_vanish BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;

-- The last known events of every branch of every origin.
CREATE TABLE tips (
    origin BLOB    NOT NULL,
    hash   BLOB    NOT NULL,
    seq    INTEGER NOT NULL,
    PRIMARY KEY (origin, hash)
) STRICT, WITHOUT ROWID;

-- Commands that were executed, so that asking again is answered and not executed.
CREATE TABLE commands (
    command  BLOB    PRIMARY KEY,
    origin   BLOB    NOT NULL,
    last_seq INTEGER NOT NULL,              -- last event recorded for it
    answer   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- What the till remembers about itself and head office, by name.
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- How far each scope of the feed was followed. Written with the events of the page.
CREATE TABLE cursors (
    scope    TEXT    PRIMARY KEY,
    cursor   TEXT    NOT NULL,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The lane of conflicts that head office judged: the latest revision of each.
CREATE TABLE conflicts (
    id       TEXT    PRIMARY KEY,
    revision INTEGER NOT NULL,
    record   TEXT    NOT NULL
) STRICT, WITHOUT ROWID;
