-- Events of origins that were closed: kept like all others, and in no read model and nobody's feed until a person lets them in.
CREATE TABLE held (
    position INTEGER PRIMARY KEY REFERENCES events (position),
    origin   BLOB    NOT NULL,
    bytes    INTEGER NOT NULL,
    admitted INTEGER                        -- position of the event with which it came in; none while it waits
) STRICT;

CREATE INDEX held_waiting ON held (origin) WHERE admitted IS NULL;
CREATE INDEX held_admitted ON held (admitted) WHERE admitted IS NOT NULL;

-- What head office said last about an origin as a whole: closed, or let in.
CREATE TABLE marks (
    origin BLOB    PRIMARY KEY,
    at     INTEGER NOT NULL,                -- the order key of the event that said so: at, by, seq
    by     BLOB    NOT NULL,
    seq    INTEGER NOT NULL,
    reason TEXT                             -- why it was closed; none where it was let in
) STRICT, WITHOUT ROWID;

-- Events up to which a closed origin is let in all the same: what was here when it was closed, and what a person let in since.
CREATE TABLE let_in (
    origin BLOB    NOT NULL,
    seq    INTEGER NOT NULL,
    hash   BLOB    NOT NULL,
    PRIMARY KEY (origin, hash)
) STRICT, WITHOUT ROWID;
