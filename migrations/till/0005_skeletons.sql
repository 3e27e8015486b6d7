-- Events of others of which this till has the two hashes and not the texts: they link what it holds of a chain.
CREATE TABLE skeletons (
    origin   BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    prev     BLOB    NOT NULL,
    envelope BLOB    NOT NULL,              -- SHA-256 of the text
    payload  BLOB    NOT NULL,              -- SHA-256 of the text
    PRIMARY KEY (origin, seq, hash)
) STRICT, WITHOUT ROWID;

-- Who others are, proved up to the root: what their events are handed back with.
CREATE TABLE certificates (
    origin      BLOB PRIMARY KEY,
    certificate TEXT NOT NULL,              -- the exact text
    signature   TEXT NOT NULL
) STRICT, WITHOUT ROWID;
