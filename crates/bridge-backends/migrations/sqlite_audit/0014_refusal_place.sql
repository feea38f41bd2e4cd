-- The country that a refused registration came from, where an edge told.
ALTER TABLE ops_registration_attempts ADD COLUMN place TEXT;
