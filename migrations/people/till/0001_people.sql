-- Who works here, as a till knows them: beside the log, never in it. What is kept of a PIN is nothing without the pepper, which lies
-- apart from all databases.
CREATE TABLE progress (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    revision INTEGER NOT NULL,              -- of head office's list
    pepper   BLOB                           -- tells which pepper the checks below were made with, and nothing about it
) STRICT;
INSERT INTO progress VALUES (1, 0, NULL);

CREATE TABLE people (
    staff      BLOB PRIMARY KEY,
    name       TEXT NOT NULL,
    salt       BLOB,                        -- this and what follows: none where the person has no PIN
    memory_kib INTEGER,
    passes     INTEGER,
    lanes      INTEGER,
    pin_check  BLOB                         -- HMAC-SHA-256 under the pepper
) STRICT, WITHOUT ROWID;

-- Wrong PINs in a row, counted before each look, for the PIN of this salt.
CREATE TABLE tries (
    staff BLOB    PRIMARY KEY,
    salt  BLOB    NOT NULL,
    wrong INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who signed in last, for the order of the tiles.
CREATE TABLE uses (
    staff BLOB    PRIMARY KEY,
    place INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
