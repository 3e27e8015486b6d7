-- Events of which head office has the two hashes and not the texts: links that a carrier handed back, until somebody brings the content.
CREATE TABLE skeletons (
    origin   BLOB    NOT NULL,
    seq      INTEGER NOT NULL,
    hash     BLOB    NOT NULL,
    prev     BLOB    NOT NULL,
    envelope BLOB    NOT NULL,              -- SHA-256 of the text
    payload  BLOB    NOT NULL,              -- SHA-256 of the text
    PRIMARY KEY (origin, seq, hash)
) STRICT, WITHOUT ROWID;

-- In which scopes an event stands: what its followers hold of a chain, and what they are told as skeletons.
CREATE INDEX feed_event ON feed (event, scope);
