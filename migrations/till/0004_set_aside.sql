-- Own sales that are set aside and wait to be recalled: the counter asks for them with every change of the cart, so what was set aside and
-- recalled in earlier years must not be looked through again.
CREATE TABLE set_aside (
    sale     TEXT    PRIMARY KEY,
    position INTEGER NOT NULL               -- of its sale.parked
) STRICT, WITHOUT ROWID;

INSERT INTO set_aside
    SELECT json_extract(p.payload, '$.sale'), p.position FROM events p
    WHERE p.kind = 'sale.parked' AND NOT EXISTS (SELECT 1 FROM events o WHERE o.kind = 'sale.opened'
          AND json_extract(o.payload, '$.from_parked') = json_extract(p.payload, '$.sale'));

-- Events that are taken back from elsewhere may come in any order.
CREATE TRIGGER events_set_aside AFTER INSERT ON events
WHEN NEW.kind = 'sale.parked' AND NOT EXISTS (SELECT 1 FROM events o WHERE o.kind = 'sale.opened'
     AND json_extract(o.payload, '$.from_parked') = json_extract(NEW.payload, '$.sale'))
BEGIN INSERT OR REPLACE INTO set_aside VALUES (json_extract(NEW.payload, '$.sale'), NEW.position); END;

CREATE TRIGGER events_recalled_again AFTER INSERT ON events
WHEN NEW.kind = 'sale.opened'
BEGIN DELETE FROM set_aside WHERE sale = json_extract(NEW.payload, '$.from_parked'); END;

-- What they were looked up by before.
DROP INDEX events_parked;
