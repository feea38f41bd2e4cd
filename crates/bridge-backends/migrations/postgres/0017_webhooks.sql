-- Webhooks: who is told, each event once, a delivery for each webhook that wants it, and every try.

CREATE TABLE ops.webhook (
    id UUID PRIMARY KEY,
    url TEXT NOT NULL,
    events TEXT[] NOT NULL,
    description TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    secret TEXT NOT NULL,
    previous_secret TEXT,
    previous_until TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    failing_since TIMESTAMPTZ,
    disabled_reason TEXT
);

-- Ids grow in the order in which events about one subject happened.
CREATE TABLE ops.webhook_outbox (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id TEXT COLLATE "C" NOT NULL UNIQUE,
    type TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    -- When what it tells of came to be.
    since TIMESTAMPTZ NOT NULL,
    subject UUID,
    mobile_number TEXT,
    -- As it is posted.
    body TEXT NOT NULL
);
CREATE INDEX webhook_outbox_subject ON ops.webhook_outbox (subject, id) WHERE subject IS NOT NULL;
CREATE INDEX webhook_outbox_at ON ops.webhook_outbox (at);
CREATE INDEX webhook_outbox_mobile ON ops.webhook_outbox (mobile_number COLLATE "C") WHERE mobile_number IS NOT NULL;

CREATE TABLE ops.webhook_delivery (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id UUID NOT NULL REFERENCES ops.webhook ON DELETE CASCADE,
    event BIGINT NOT NULL REFERENCES ops.webhook_outbox ON DELETE CASCADE,
    subject UUID,
    -- 'waiting', 'delivered' or 'failed'.
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    next_at TIMESTAMPTZ,
    claimed_by UUID,
    claimed_until TIMESTAMPTZ
);
CREATE UNIQUE INDEX webhook_delivery_once ON ops.webhook_delivery (event, webhook_id);
CREATE INDEX webhook_delivery_newest ON ops.webhook_delivery (webhook_id, id);
CREATE INDEX webhook_delivery_waiting ON ops.webhook_delivery (webhook_id, event) WHERE state = 'waiting';
CREATE INDEX webhook_delivery_order ON ops.webhook_delivery (subject, webhook_id, event)
    WHERE state = 'waiting' AND subject IS NOT NULL;
CREATE INDEX webhook_delivery_claimed ON ops.webhook_delivery (claimed_by) WHERE claimed_by IS NOT NULL;

CREATE TABLE ops.webhook_try (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery BIGINT NOT NULL REFERENCES ops.webhook_delivery ON DELETE CASCADE,
    at TIMESTAMPTZ NOT NULL,
    took_ms BIGINT NOT NULL,
    status INTEGER,
    answer TEXT NOT NULL,
    error TEXT
);
CREATE INDEX webhook_try_delivery ON ops.webhook_try (delivery, id);

-- What a bridge may do: all that it might before, and these.
ALTER FUNCTION ops.grant_to(TEXT) RENAME TO grant_to_before_webhooks;
CREATE FUNCTION ops.grant_to(role TEXT) RETURNS VOID
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ops.grant_to_before_webhooks(role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ops.webhook, ops.webhook_outbox, ops.webhook_delivery,
        ops.webhook_try TO %I', role);
END $$;
REVOKE ALL ON FUNCTION ops.grant_to FROM PUBLIC;
