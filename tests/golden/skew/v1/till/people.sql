BEGIN;
CREATE TABLE migrations (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO migrations VALUES ('0001_people', 'a8f7bf0a7cf985f55d738792cd5ff8ff6972efa648df7fffcc9d56e725223f38');
CREATE TABLE progress (
    only     INTEGER PRIMARY KEY CHECK (only = 1),
    revision INTEGER NOT NULL,              -- of head office's list
    pepper   BLOB                           -- tells which pepper the checks below were made with, and nothing about it
) STRICT;
INSERT INTO progress VALUES (1, 1772442000000000, x'662e6d3d468f466589f3c90acfc8b38eee7fbb7aa95bbeee41588abda78980ee');
CREATE TABLE people (
    staff      BLOB PRIMARY KEY,
    name       TEXT NOT NULL,
    salt       BLOB,                        -- this and what follows: none where the person has no PIN
    memory_kib INTEGER,
    passes     INTEGER,
    lanes      INTEGER,
    pin_check  BLOB                         -- HMAC-SHA-256 under the pepper
) STRICT, WITHOUT ROWID;
INSERT INTO people VALUES (x'019cadc69a80753eaaf87d3b9cebaefe', 'Maria', x'73046b94f313f0a8dffb399fcacb6648', 8, 1, 1, x'9cb30126112f644194ad1d7eb54ae29d1d8e68211df7837835670b0f8cdd0a5a');
INSERT INTO people VALUES (x'019cadc69a807b9f8dd1e2fe441eb9a3', 'Ana', x'79194c652f8fd3fe4689a1e2f4bfca60', 8, 1, 1, x'59c7732e97964bad667e86de5ea452ad7bc8767e6679f3e5ee10caf6b7127b22');
CREATE TABLE tries (
    staff BLOB    PRIMARY KEY,
    salt  BLOB    NOT NULL,
    wrong INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE uses (
    staff BLOB    PRIMARY KEY,
    place INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO uses VALUES (x'019cadc69a807b9f8dd1e2fe441eb9a3', 1);
PRAGMA application_id = 0;
PRAGMA user_version = 0;
COMMIT;
