-- Names and PINs, as head office knows them: beside the log, never in it, so that a name can be forgotten.
CREATE TABLE people (
    staff      BLOB    PRIMARY KEY,
    name       TEXT    NOT NULL,
    salt       BLOB,                        -- this and what follows: none where the person has no PIN
    memory_kib INTEGER,
    passes     INTEGER,
    lanes      INTEGER,
    derived    BLOB,                        -- Argon2id
    changed_at INTEGER NOT NULL,            -- microseconds
    revision   INTEGER NOT NULL             -- of the list, when this row was last written
) STRICT, WITHOUT ROWID;
CREATE INDEX people_revision ON people (revision);
