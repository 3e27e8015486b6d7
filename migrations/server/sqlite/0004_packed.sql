-- Both texts of an event packed into one; then the two columns for them are empty. What was stored before stays in those as it is.
ALTER TABLE events ADD COLUMN texts BLOB;
