-- Of a long body only its beginning is kept; what one receiver may keep is counted.

ALTER TABLE ops.quarantine ADD COLUMN whole_bytes BIGINT;
CREATE INDEX quarantine_receiver ON ops.quarantine (receiver_id, id);
