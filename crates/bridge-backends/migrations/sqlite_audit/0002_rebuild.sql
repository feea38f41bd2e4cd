-- What the hot store is rebuilt from (D28), and what the push to the remote leaves behind (D20).

-- A judged SMS comes back from its row as it was queued. Rows from before count nothing and carry a stamp.
ALTER TABLE input_sms ADD COLUMN onboarding_id TEXT;
ALTER TABLE input_sms ADD COLUMN sms_in_window INTEGER NOT NULL DEFAULT 0;
ALTER TABLE input_sms ADD COLUMN line TEXT;
ALTER TABLE input_sms ADD COLUMN delivery_id TEXT;
ALTER TABLE input_sms ADD COLUMN stamped INTEGER NOT NULL DEFAULT 1;
-- Why the sender is no number, where country_code is NULL.
ALTER TABLE input_sms ADD COLUMN sender_error TEXT;
-- The time index becomes the order in which they are restored.
DROP INDEX input_sms_time;
CREATE INDEX input_sms_time ON input_sms (server_received_at, id);
CREATE INDEX input_sms_unsynced ON input_sms (id) WHERE validation_status = 'passed' AND synced_at IS NULL;

DROP INDEX power_down_store_waiting;
CREATE INDEX power_down_store_waiting ON power_down_store (server_received_at, id) WHERE processed = 0;

-- Rows that the remote refused by themselves.
CREATE TABLE ops_sync_refused (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sms_id TEXT NOT NULL UNIQUE,
    mobile_number TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    parked INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX ops_sync_refused_parked ON ops_sync_refused (mobile_number) WHERE parked = 1;

-- When a number was last taken off the blacklist.
CREATE TABLE ops_unblacklisted (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mobile_number TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL
);

-- The bridges of the group, by this store's clock.
CREATE TABLE ops_member (
    bridge TEXT PRIMARY KEY,
    handed_over TEXT,
    seen_at INTEGER NOT NULL
);

-- The epoch of the hot store that belongs to this trail.
CREATE TABLE ops_epoch (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    name TEXT NOT NULL,
    saved_at TEXT NOT NULL
);
