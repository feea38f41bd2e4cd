-- Receivers that were added by name, and what was seen of each. Neither is ever purged by age.

CREATE TABLE ops_receiver (
    name TEXT PRIMARY KEY,
    format TEXT NOT NULL,
    -- Lists are JSON.
    numbers TEXT NOT NULL,
    -- SHA-256 of each live secret, hex.
    secrets TEXT NOT NULL,
    signing_keys TEXT NOT NULL,
    inbox_url TEXT,
    paused INTEGER NOT NULL DEFAULT 0,
    added_at TEXT NOT NULL,
    revoked_at TEXT,
    updated_at TEXT NOT NULL
);

-- Apart from it: written all the time, and there may be one of a receiver that was never added.
CREATE TABLE ops_sighting (
    name TEXT PRIMARY KEY,
    first_seen_at TEXT,
    last_seen_at TEXT,
    wrong_secret_at TEXT,
    delivered INTEGER NOT NULL DEFAULT 0,
    redelivered INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    clock_skew_ms INTEGER NOT NULL DEFAULT 0,
    skew_measured_at TEXT,
    app_version TEXT,
    battery INTEGER,
    charging INTEGER,
    network TEXT,
    reported_at TEXT
);
