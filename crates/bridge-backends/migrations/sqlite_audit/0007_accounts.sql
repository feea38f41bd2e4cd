-- Who may use the desk, and what they changed.

CREATE TABLE ops_account (
    name TEXT PRIMARY KEY,
    -- PHC string; none until a link was used.
    password TEXT,
    role TEXT NOT NULL,
    created_at TEXT NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0,
    password_changed_at TEXT
);

CREATE TABLE ops_session (
    -- SHA-256 of the id, hex.
    id_hash TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    data TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    ends_at TEXT NOT NULL
);
CREATE INDEX ops_session_account ON ops_session (account);
CREATE INDEX ops_session_end ON ops_session (ends_at);

-- One for each account; the empty name is the first owner.
CREATE TABLE ops_link (
    account TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    until TEXT NOT NULL,
    used_at TEXT
);

-- Nothing in it is ever changed or purged.
CREATE TABLE ops_admin_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    address TEXT,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT NOT NULL,
    after TEXT NOT NULL
);
CREATE INDEX ops_admin_log_who ON ops_admin_log (who, id);
CREATE INDEX ops_admin_log_subject ON ops_admin_log (subject, id);
CREATE INDEX ops_admin_log_time ON ops_admin_log (at);
CREATE TRIGGER ops_admin_log_stays BEFORE UPDATE ON ops_admin_log
BEGIN SELECT RAISE(ABORT, 'the admin log only grows'); END;
CREATE TRIGGER ops_admin_log_is_kept BEFORE DELETE ON ops_admin_log
BEGIN SELECT RAISE(ABORT, 'the admin log only grows'); END;
