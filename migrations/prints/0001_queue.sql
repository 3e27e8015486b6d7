-- What a till prints. Losing this file loses what waited and how many copies were made, never a sale.
CREATE TABLE jobs (
    place   INTEGER PRIMARY KEY,            -- the order of printing
    job     BLOB    NOT NULL UNIQUE,
    subject BLOB    NOT NULL,               -- what copies are counted by: a sale, a shift, or the job itself
    task    TEXT    NOT NULL,               -- JSON
    title   TEXT    NOT NULL,
    copy    INTEGER NOT NULL,               -- 0: the original
    state   TEXT    NOT NULL,
    tries   INTEGER NOT NULL,
    why     TEXT
) STRICT;

-- How many papers were begun of each subject, its original included.
CREATE TABLE issued (
    subject BLOB    PRIMARY KEY,
    papers  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Of which origins' documents this file knows whether they were printed: those after `from_seq`; and up to where receipts were queued.
CREATE TABLE followed (
    origin     BLOB    PRIMARY KEY,
    from_seq   INTEGER NOT NULL,
    passed_seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
