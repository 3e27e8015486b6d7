-- The log of head office: every origin's events, byte for byte as first written, in the order of their arrival.
CREATE TABLE events (
    position INTEGER PRIMARY KEY,           -- order of arrival; not canonical
    origin   BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    prev     BLOB    NOT NULL,
    envelope TEXT    NOT NULL,
    payload  TEXT    NOT NULL,
    seal     TEXT
) STRICT;

CREATE UNIQUE INDEX events_chain ON events (origin, seq, hash);

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

-- Events that have more than one successor, with the first event of each later branch: a till that pushes it again is told again.
CREATE TABLE branchings (
    origin BLOB    NOT NULL,
    seq    INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    first  BLOB    NOT NULL,
    PRIMARY KEY (origin, seq, hash, first)
) STRICT, WITHOUT ROWID;

-- Seals of pushed heads: lines are never amended, so they are kept beside them.
CREATE TABLE seals (
    origin BLOB    NOT NULL,
    seq    INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    seal   TEXT    NOT NULL,
    PRIMARY KEY (origin, hash)
) STRICT, WITHOUT ROWID;

-- The feed: positions without holes per scope, with the running hash up to and with each.
CREATE TABLE feed (
    scope    TEXT    NOT NULL,
    position INTEGER NOT NULL,
    event    INTEGER NOT NULL REFERENCES events (position),
    running  BLOB    NOT NULL,
    PRIMARY KEY (scope, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE certificates (
    origin      BLOB PRIMARY KEY,
    certificate TEXT NOT NULL,              -- the exact text
    signature   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One-time codes for new tills; the code itself is never stored.
CREATE TABLE enrolment_codes (
    code_key   BLOB    PRIMARY KEY,
    store      BLOB    NOT NULL,
    store_name TEXT    NOT NULL,
    till       BLOB    NOT NULL,
    till_name  TEXT    NOT NULL,
    expires    INTEGER NOT NULL,            -- microseconds
    used_by    BLOB                         -- the origin; a retry of the same origin is answered again
) STRICT, WITHOUT ROWID;

-- What head office remembers about itself, by name: which documents its own events have booked.
CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
