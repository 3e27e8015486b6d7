-- Which parked sales were recalled: own documents that go on with one.
CREATE INDEX events_recalled ON events (json_extract(payload, '$.from_parked')) WHERE kind = 'sale.opened';
