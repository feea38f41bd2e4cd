-- Webhooks: who is told, each event once, a delivery for each webhook that wants it, and every try.

CREATE TABLE ops_webhook (
    id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    -- JSON.
    events TEXT NOT NULL,
    description TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    secret TEXT NOT NULL,
    previous_secret TEXT,
    previous_until TEXT,
    created_at TEXT NOT NULL,
    failing_since TEXT,
    disabled_reason TEXT
);

-- Ids grow in the order in which events about one subject happened.
CREATE TABLE ops_webhook_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    event_id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    at TEXT NOT NULL,
    -- When what it tells of came to be.
    since TEXT NOT NULL,
    subject TEXT,
    mobile_number TEXT,
    -- As it is posted.
    body TEXT NOT NULL
);
CREATE INDEX ops_webhook_outbox_subject ON ops_webhook_outbox (subject, id) WHERE subject IS NOT NULL;
CREATE INDEX ops_webhook_outbox_at ON ops_webhook_outbox (at);
CREATE INDEX ops_webhook_outbox_mobile ON ops_webhook_outbox (mobile_number) WHERE mobile_number IS NOT NULL;

CREATE TABLE ops_webhook_delivery (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id TEXT NOT NULL,
    event INTEGER NOT NULL,
    subject TEXT,
    -- 'waiting', 'delivered' or 'failed'.
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    next_at TEXT,
    claimed_by TEXT,
    claimed_until TEXT
);
CREATE UNIQUE INDEX ops_webhook_delivery_once ON ops_webhook_delivery (event, webhook_id);
CREATE INDEX ops_webhook_delivery_newest ON ops_webhook_delivery (webhook_id, id);
CREATE INDEX ops_webhook_delivery_waiting ON ops_webhook_delivery (webhook_id, event) WHERE state = 'waiting';
CREATE INDEX ops_webhook_delivery_order ON ops_webhook_delivery (subject, webhook_id, event)
    WHERE state = 'waiting' AND subject IS NOT NULL;

CREATE TABLE ops_webhook_try (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER NOT NULL,
    at TEXT NOT NULL,
    took_ms INTEGER NOT NULL,
    status INTEGER,
    answer TEXT NOT NULL,
    error TEXT
);
CREATE INDEX ops_webhook_try_delivery ON ops_webhook_try (delivery, id);

-- What goes takes along what speaks of it.
CREATE TRIGGER ops_webhook_gone AFTER DELETE ON ops_webhook BEGIN
    DELETE FROM ops_webhook_delivery WHERE webhook_id = OLD.id;
END;
CREATE TRIGGER ops_webhook_outbox_gone AFTER DELETE ON ops_webhook_outbox BEGIN
    DELETE FROM ops_webhook_delivery WHERE event = OLD.id;
END;
CREATE TRIGGER ops_webhook_delivery_gone AFTER DELETE ON ops_webhook_delivery BEGIN
    DELETE FROM ops_webhook_try WHERE delivery = OLD.id;
END;
