-- What is held is counted for a till with all its origins together, so that nobody gets more room by calling itself something else.
ALTER TABLE held ADD COLUMN till BLOB;  -- the till of the origin's certificate; of an origin without one, the origin itself
ALTER TABLE held ADD COLUMN seq INTEGER;
ALTER TABLE held ADD COLUMN expected INTEGER NOT NULL DEFAULT 0;  -- 1 where it may be on the way to what was let in: it takes no room

UPDATE held SET
    seq = (SELECT seq FROM events WHERE events.position = held.position),
    till = coalesce(
        (SELECT unhex(json_extract(certificate, '$.till'), '-') FROM certificates WHERE certificates.origin = held.origin),
        origin
    );

DROP INDEX held_waiting;
CREATE INDEX held_waiting ON held (origin, seq) WHERE admitted IS NULL;
CREATE INDEX held_of_till ON held (till, bytes) WHERE admitted IS NULL AND expected = 0;
