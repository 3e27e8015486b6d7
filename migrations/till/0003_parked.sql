-- Sales set aside at this till: own documents that may be recalled.
CREATE INDEX events_parked ON events (origin, seq) WHERE kind = 'sale.parked';
