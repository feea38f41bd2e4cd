-- One person: what was erased, blocks that end by themselves, and e-mail addresses that may not register.

ALTER TABLE blacklist_sms ADD COLUMN expires_at TEXT;
ALTER TABLE blacklist_sms ADD COLUMN blocked_by TEXT;
CREATE INDEX blacklist_sms_expiry ON blacklist_sms (expires_at) WHERE expires_at IS NOT NULL;

-- Receipts. A number is not in them: only its hash under a key that no database has. Never purged by age: what a
-- journal brings back late is recognised by it.
CREATE TABLE ops_erasure (
    erasure_id TEXT PRIMARY KEY,
    number_hash TEXT NOT NULL,
    requested_at TEXT NOT NULL,
    requested_by TEXT NOT NULL,
    -- 'none', 'kept' or 'lifted'.
    blacklist TEXT NOT NULL,
    -- How much was removed where, as JSON.
    removed TEXT NOT NULL,
    finished_at TEXT
);
CREATE INDEX ops_erasure_number ON ops_erasure (number_hash, requested_at);
CREATE INDEX ops_erasure_time ON ops_erasure (requested_at);

CREATE TABLE ops_blocked_email (
    address TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    blocked_by TEXT NOT NULL,
    blocked_at TEXT NOT NULL,
    expires_at TEXT,
    -- One that was lifted stays as a row: who reads what changed since then must hear of it.
    lifted_at TEXT,
    changed_at TEXT NOT NULL
);
CREATE INDEX ops_blocked_email_changed ON ops_blocked_email (changed_at);

-- What a person's rows are found by.
CREATE INDEX power_down_store_mobile ON power_down_store (mobile_number);
