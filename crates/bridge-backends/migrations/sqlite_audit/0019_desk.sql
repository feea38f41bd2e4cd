-- Keys that an operator made, each with a name and what it opens. Of the secret there is a hash alone.

CREATE TABLE ops_api_key (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    -- JSON.
    scopes TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    hint TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    last_used_at TEXT
);
CREATE UNIQUE INDEX ops_api_key_name ON ops_api_key (lower(name));

-- Validated numbers are looked at by when they were validated, the newest first.
CREATE TABLE ops_validated_mobile_listed (
    id INTEGER PRIMARY KEY,
    mobile_number TEXT NOT NULL,
    device_id TEXT NOT NULL,
    sms_id TEXT NOT NULL,
    validated_at TEXT NOT NULL
);
INSERT INTO ops_validated_mobile_listed (mobile_number, device_id, sms_id, validated_at)
    SELECT mobile_number, device_id, sms_id, validated_at FROM ops_validated_mobile ORDER BY validated_at;
DROP TABLE ops_validated_mobile;
ALTER TABLE ops_validated_mobile_listed RENAME TO ops_validated_mobile;
CREATE UNIQUE INDEX ops_validated_mobile_pair ON ops_validated_mobile (mobile_number, device_id);
CREATE INDEX ops_validated_mobile_time ON ops_validated_mobile (validated_at, id);
