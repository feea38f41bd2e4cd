-- What a receiver sent that is no SMS, counted by kind.

ALTER TABLE ops.sighting ADD COLUMN events JSONB NOT NULL DEFAULT '{}';
