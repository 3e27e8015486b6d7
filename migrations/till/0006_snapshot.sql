-- Shared descriptions as head office said they stand, told to a new till before the events that led there: gone once the feed has told these.
CREATE TABLE snapshot (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,  -- order of arrival here; what is told again moves to the end
    subject TEXT    NOT NULL UNIQUE,
    record  TEXT    NOT NULL                    -- JSON
) STRICT;
