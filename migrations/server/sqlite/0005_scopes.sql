-- Scopes by number: the name of one is longer than all that an entry of its feed says.
CREATE TABLE scopes (
    number INTEGER PRIMARY KEY,
    scope  TEXT    NOT NULL UNIQUE
) STRICT;
INSERT INTO scopes (scope) SELECT DISTINCT scope FROM feed ORDER BY scope;

CREATE TABLE feed_by_number (
    scope    INTEGER NOT NULL REFERENCES scopes (number),
    position INTEGER NOT NULL,
    event    INTEGER NOT NULL REFERENCES events (position),
    running  BLOB    NOT NULL,
    PRIMARY KEY (scope, position)
) STRICT, WITHOUT ROWID;
INSERT INTO feed_by_number
    SELECT s.number, f.position, f.event, f.running FROM feed f JOIN scopes s ON s.scope = f.scope ORDER BY 1, 2;
DROP TABLE feed;
ALTER TABLE feed_by_number RENAME TO feed;

-- In which scopes an event stands, as before.
CREATE INDEX feed_event ON feed (event, scope);
