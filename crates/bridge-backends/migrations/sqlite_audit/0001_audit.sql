-- The audit tables of 003 with the columns of contract section 5. Times are RFC 3339 UTC with three
-- digits of milliseconds, so that text order is time order. The check columns of input_sms follow from
-- the list of checks and are added by the program. What PostgreSQL keeps in schema ops is named ops_*.

CREATE TABLE input_sms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    redis_id INTEGER NOT NULL,
    mobile_number TEXT NOT NULL,
    country_code TEXT,
    local_mobile TEXT,
    sms_message TEXT NOT NULL,
    received_timestamp TEXT NOT NULL,
    device_id TEXT,
    validation_status TEXT NOT NULL DEFAULT 'pending',
    failed_at_check TEXT,
    reason TEXT,
    created_at TEXT NOT NULL,
    sms_id TEXT NOT NULL UNIQUE,
    receiver_id TEXT NOT NULL,
    format TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    server_received_at TEXT NOT NULL,
    late_delivery INTEGER NOT NULL DEFAULT 0,
    synced_at TEXT
);
CREATE INDEX input_sms_mobile ON input_sms (mobile_number, id);
CREATE INDEX input_sms_time ON input_sms (server_received_at);

CREATE TABLE onboarding_mobile (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    onboarding_id TEXT NOT NULL UNIQUE,
    mobile_number TEXT NOT NULL,
    email TEXT,
    device_id TEXT,
    hash TEXT NOT NULL,
    salt TEXT NOT NULL,
    country_code TEXT,
    local_mobile TEXT,
    request_timestamp TEXT NOT NULL,
    user_deadline TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    status TEXT NOT NULL,
    is_validated INTEGER NOT NULL DEFAULT 0,
    validated_at TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX onboarding_mobile_mobile ON onboarding_mobile (mobile_number, request_timestamp);
CREATE INDEX onboarding_mobile_time ON onboarding_mobile (request_timestamp);

CREATE TABLE blacklist_sms (
    mobile_number TEXT PRIMARY KEY,
    country_code TEXT,
    local_mobile TEXT,
    blacklisted_at TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT 'threshold_exceeded',
    message_count INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL
);

CREATE TABLE power_down_store (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    mobile_number TEXT NOT NULL,
    sms_message TEXT NOT NULL,
    received_timestamp TEXT NOT NULL,
    device_id TEXT,
    stored_at TEXT NOT NULL,
    processed INTEGER NOT NULL DEFAULT 0,
    processed_at TEXT,
    sms_id TEXT NOT NULL UNIQUE,
    receiver_id TEXT NOT NULL,
    format TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    server_received_at TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX power_down_store_waiting ON power_down_store (id) WHERE processed = 0;

CREATE TABLE power_down_store_counters (
    counter_name TEXT PRIMARY KEY,
    counter_value INTEGER NOT NULL DEFAULT 0,
    updated_at TEXT NOT NULL
);

CREATE TABLE sms_settings (
    setting_key TEXT PRIMARY KEY,
    setting_value TEXT NOT NULL,
    setting_type TEXT NOT NULL DEFAULT 'string',
    category TEXT NOT NULL DEFAULT 'general',
    description TEXT,
    updated_at TEXT NOT NULL
);

-- The source of Queue_validated_mobiles (D30): never purged by age.
CREATE TABLE ops_validated_mobile (
    mobile_number TEXT NOT NULL,
    device_id TEXT NOT NULL,
    sms_id TEXT NOT NULL,
    validated_at TEXT NOT NULL,
    PRIMARY KEY (mobile_number, device_id)
);

CREATE TABLE ops_registration_attempts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    reason TEXT NOT NULL,
    mobile_number TEXT NOT NULL,
    address_hash TEXT,
    stands_for INTEGER NOT NULL DEFAULT 1
);

CREATE TABLE ops_quarantine (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    receiver_id TEXT NOT NULL,
    format TEXT NOT NULL,
    reason TEXT NOT NULL,
    content_type TEXT NOT NULL,
    body BLOB NOT NULL
);

CREATE TABLE ops_settings_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    setting_key TEXT NOT NULL,
    old_value TEXT,
    new_value TEXT NOT NULL,
    changed_by TEXT NOT NULL
);

-- Written to find out whether anything can be written.
CREATE TABLE probe (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
