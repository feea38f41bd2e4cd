-- Operators are told what is wrong: who, which bridge sees which trouble, each notice once, and how it stands with whom.

CREATE TABLE ops_notify_target (
    id TEXT PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- JSON: what this way of telling needs, secrets too.
    fields TEXT NOT NULL,
    -- JSON.
    events TEXT NOT NULL,
    -- Minutes of the office's day; none: never quiet.
    quiet_from INTEGER,
    quiet_until INTEGER,
    enabled INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    told_at TEXT,
    failing_since TEXT,
    error TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at TEXT
);

-- Which bridge sees what now.
CREATE TABLE ops_trouble (
    subject TEXT NOT NULL,
    bridge TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    -- When the first bridge saw it.
    known_at TEXT NOT NULL,
    kind TEXT NOT NULL,
    is_own INTEGER NOT NULL,
    began_at TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (subject, bridge)
);

CREATE TABLE ops_notice (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    began_at TEXT NOT NULL,
    -- None: it has begun.
    ended_at TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX ops_notice_at ON ops_notice (at);

CREATE TABLE ops_notice_delivery (
    target_id TEXT NOT NULL,
    notice INTEGER NOT NULL,
    -- 'waiting', 'told' or 'given_up'.
    state TEXT NOT NULL,
    told_at TEXT,
    claimed_by TEXT,
    claimed_until TEXT,
    PRIMARY KEY (target_id, notice)
);
CREATE INDEX ops_notice_delivery_waiting ON ops_notice_delivery (target_id, notice) WHERE state = 'waiting';
CREATE INDEX ops_notice_delivery_notice ON ops_notice_delivery (notice);

-- What goes takes along what speaks of it.
CREATE TRIGGER ops_notify_target_gone AFTER DELETE ON ops_notify_target BEGIN
    DELETE FROM ops_notice_delivery WHERE target_id = OLD.id;
END;
CREATE TRIGGER ops_notice_gone AFTER DELETE ON ops_notice BEGIN
    DELETE FROM ops_notice_delivery WHERE notice = OLD.id;
END;
