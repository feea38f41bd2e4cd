-- What the desk searches, and the figures that it draws. Indexes by one thing and then by time, so that a page is read
-- from its newest row on.

-- In place of the one by number and id: no SMS is written into more indexes by number than before.
DROP INDEX input_sms_mobile;
CREATE INDEX input_sms_number ON input_sms (mobile_number, server_received_at, id);
CREATE INDEX input_sms_receiver ON input_sms (receiver_id, server_received_at, id);
CREATE INDEX input_sms_failed ON input_sms (failed_at_check, server_received_at, id) WHERE failed_at_check IS NOT NULL;
CREATE INDEX input_sms_late ON input_sms (server_received_at, id) WHERE late_delivery = 1;

DROP INDEX onboarding_mobile_mobile;
CREATE INDEX onboarding_mobile_number ON onboarding_mobile (mobile_number, request_timestamp, id);
DROP INDEX onboarding_mobile_time;
CREATE INDEX onboarding_mobile_time ON onboarding_mobile (request_timestamp, id);
CREATE INDEX onboarding_mobile_email ON onboarding_mobile (email, request_timestamp, id) WHERE email IS NOT NULL;
CREATE INDEX onboarding_mobile_device ON onboarding_mobile (device_id, request_timestamp, id) WHERE device_id IS NOT NULL;

CREATE INDEX blacklist_sms_time ON blacklist_sms (blacklisted_at, mobile_number);
CREATE INDEX power_down_store_time ON power_down_store (server_received_at, id);
CREATE INDEX ops_registration_attempts_time ON ops_registration_attempts (at, id);
CREATE INDEX ops_registration_attempts_number ON ops_registration_attempts (mobile_number, at, id);
CREATE INDEX ops_quarantine_time ON ops_quarantine (at, id);
CREATE INDEX ops_settings_history_key ON ops_settings_history (setting_key, id);

-- What the last SMS of an onboarding came to, `passed` or the check that failed, as far as the bridge told it: what is validated
-- passed, whatever stands here.
ALTER TABLE onboarding_mobile ADD COLUMN last_sms TEXT;

-- Figures: written with the rows they count, in the same transaction. Times are milliseconds since 1970: they are
-- reckoned with.
-- `passed`, or the check that failed.
CREATE TABLE ops_sms_minute (
    minute INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (minute, outcome)
) WITHOUT ROWID;
CREATE TABLE ops_sms_hour (
    hour INTEGER NOT NULL,
    receiver_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (hour, receiver_id, outcome)
) WITHOUT ROWID;
-- By the minute of registration: in which state they are now, and what their last SMS came to; empty: none came.
CREATE TABLE ops_onboarding_minute (
    minute INTEGER NOT NULL,
    state TEXT NOT NULL,
    last_sms TEXT NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (minute, state, last_sms)
) WITHOUT ROWID;
-- How long things took, in stretches of ten minutes: how many in which bucket.
CREATE TABLE ops_latency (
    since INTEGER NOT NULL,
    kind TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (since, kind, bucket)
) WITHOUT ROWID;

-- What is there already is counted once. How long it took is counted from here on.
INSERT INTO ops_sms_minute
    SELECT unixepoch(substr(server_received_at, 1, 16)) * 1000, coalesce(failed_at_check, 'passed'), count(*)
    FROM input_sms GROUP BY 1, 2;
INSERT INTO ops_sms_hour
    SELECT unixepoch(substr(server_received_at, 1, 13) || ':00') * 1000, receiver_id, coalesce(failed_at_check, 'passed'),
        count(*)
    FROM input_sms GROUP BY 1, 2, 3;
INSERT INTO ops_onboarding_minute
    SELECT unixepoch(substr(request_timestamp, 1, 16)) * 1000, status, CASE WHEN is_validated THEN 'passed' ELSE '' END,
        count(*)
    FROM onboarding_mobile GROUP BY 1, 2, 3;

-- Something that the bridge needs was away.
CREATE TABLE ops_incident (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    what TEXT NOT NULL,
    began_at TEXT NOT NULL,
    ended_at TEXT,
    detail TEXT NOT NULL,
    UNIQUE (what, began_at)
);
CREATE INDEX ops_incident_time ON ops_incident (began_at, id);
