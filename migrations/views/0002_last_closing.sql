-- What the last closing of a till left in its drawer, whatever number of shifts lies before it.
CREATE INDEX shifts_closed ON shifts (origin, at) WHERE closed IS NOT NULL;
