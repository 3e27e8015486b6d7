BEGIN;
CREATE TABLE migrations (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO migrations VALUES ('0001_people', '1845d8cd0cce40b4a91064dbd69e4bf8bd24e29ca1860b7dfd115527fafd0857');
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
INSERT INTO people VALUES (x'019cadc69a80753eaaf87d3b9cebaefe', 'Maria', x'73046b94f313f0a8dffb399fcacb6648', 8, 1, 1, x'9ade280817d3c461a8af60d532dd040c5bf7a7dd7d806eda5d28d96b32d30c7d', 1772442000000000, 1772442000000000);
INSERT INTO people VALUES (x'019cadc69a807b9f8dd1e2fe441eb9a3', 'Ana', x'79194c652f8fd3fe4689a1e2f4bfca60', 8, 1, 1, x'ab67880a3ba97ba57e148f1d3a8c38da99db6039f5af3e0af8772e0216c6b072', 1772442000000000, 1772442000000000);
CREATE INDEX people_revision ON people (revision);
PRAGMA application_id = 0;
PRAGMA user_version = 0;
COMMIT;
