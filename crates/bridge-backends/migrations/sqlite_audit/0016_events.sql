-- What a receiver sent that is no SMS, counted by kind.

ALTER TABLE ops_sighting ADD COLUMN events TEXT NOT NULL DEFAULT '{}';
