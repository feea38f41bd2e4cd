-- Of a long body only its beginning is kept; what one receiver may keep is counted.

ALTER TABLE ops_quarantine ADD COLUMN whole_bytes INTEGER;
CREATE INDEX ops_quarantine_receiver ON ops_quarantine (receiver_id, id);
