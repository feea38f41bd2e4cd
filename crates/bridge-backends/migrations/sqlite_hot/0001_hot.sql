-- The hot store in a file: what 003 keeps in Redis. Bodies are JSON, readable with sqlite3.

-- queue_onboarding:{mobile} and onboard_hash:{mobile}; the newest row of a number is the one that counts.
CREATE TABLE onboarding (
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    mobile TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    user_deadline INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX onboarding_mobile ON onboarding (mobile, seq);
CREATE INDEX onboarding_expires ON onboarding (expires_at);
-- What became of an onboarding since it was written. Apart from it, because a row that grows splits its page.
CREATE TABLE onboarding_change (
    seq INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    validated_at INTEGER,
    last_sms TEXT
);
CREATE TRIGGER onboarding_gone AFTER DELETE ON onboarding BEGIN
    DELETE FROM onboarding_change WHERE seq = OLD.seq;
END;
-- Those not yet in onboarding_mobile as they are: a table of its own, so that queueing and forgetting do not
-- rewrite the row.
CREATE TABLE onboarding_queue (seq INTEGER PRIMARY KEY);
-- Deadlines of those that were pending, looked at when they pass: validating one does not touch them.
CREATE TABLE onboarding_deadline (
    deadline INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (deadline, seq)
) WITHOUT ROWID;

-- How often a number asked for a new hash in its hour.
CREATE TABLE registration_count (
    mobile TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX registration_count_expires ON registration_count (expires_at);

-- queue_input_sms:{id}
CREATE TABLE queue_input_sms (
    id INTEGER PRIMARY KEY,
    sms_id BLOB NOT NULL,
    passed INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX queue_input_sms_passed ON queue_input_sms (id) WHERE passed = 1;

-- Queue_validated_mobiles
CREATE TABLE validated (pair TEXT PRIMARY KEY) WITHOUT ROWID;

-- blacklist_mobiles, and what of it is not yet in blacklist_sms
CREATE TABLE blacklist (mobile TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE blacklist_queue (mobile TEXT PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;

-- sms_count:{mobile}
CREATE TABLE sms_count (
    mobile TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX sms_count_expires ON sms_count (expires_at);

-- What a redelivery is recognised by (D9): admitted while answer is NULL, then done.
CREATE TABLE seen (
    fingerprint BLOB PRIMARY KEY,
    sms_id BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    admitted_at INTEGER NOT NULL,
    answer TEXT,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX seen_expires ON seen (expires_at);
CREATE TABLE delivery (
    key BLOB PRIMARY KEY,
    content BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX delivery_expires ON delivery (expires_at);

-- counter:queue_input_sms and counter:queue_onboarding
CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counter VALUES ('queue_input_sms', 0), ('queue_onboarding', 0);

-- Written to find out whether anything can be written.
CREATE TABLE probe (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
