-- A stamp that cannot be used stays beside its SMS as it was written (decisions.md D40), a receiver's clock has a zone, and
-- an operator may say how often a receiver is heard from (D50).
ALTER TABLE input_sms ADD COLUMN stamp_raw TEXT;
ALTER TABLE ops_receiver ADD COLUMN time_zone TEXT;
ALTER TABLE ops_receiver ADD COLUMN expected_every_seconds INTEGER;
-- How often a receiver says that it lives, as it was last measured.
ALTER TABLE ops_sighting ADD COLUMN ping_gap_ms INTEGER;
ALTER TABLE ops_sighting ADD COLUMN ping_measured_at TEXT;
