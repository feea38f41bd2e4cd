-- A block may end by itself.
ALTER TABLE blacklist ADD COLUMN expires_at INTEGER;
