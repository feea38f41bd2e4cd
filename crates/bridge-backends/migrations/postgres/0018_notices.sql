-- Operators are told what is wrong: who, which bridge sees which trouble, each notice once, and how it stands with whom.

CREATE TABLE ops.notify_target (
    id UUID PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    -- JSON: what this way of telling needs, secrets too.
    fields TEXT NOT NULL,
    events TEXT[] NOT NULL,
    -- Minutes of the office's day; none: never quiet.
    quiet_from INTEGER,
    quiet_until INTEGER,
    enabled BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    told_at TIMESTAMPTZ,
    failing_since TIMESTAMPTZ,
    error TEXT,
    tries INTEGER NOT NULL DEFAULT 0,
    next_at TIMESTAMPTZ
);

-- Which bridge sees what now.
CREATE TABLE ops.trouble (
    subject TEXT COLLATE "C" NOT NULL,
    bridge UUID NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    -- When the first bridge saw it.
    known_at TIMESTAMPTZ NOT NULL,
    kind TEXT NOT NULL,
    is_own BOOLEAN NOT NULL,
    began_at TIMESTAMPTZ NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (subject, bridge)
);

CREATE TABLE ops.notice (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    began_at TIMESTAMPTZ NOT NULL,
    -- None: it has begun.
    ended_at TIMESTAMPTZ,
    detail TEXT NOT NULL
);
CREATE INDEX notice_at ON ops.notice (at);

CREATE TABLE ops.notice_delivery (
    target_id UUID NOT NULL REFERENCES ops.notify_target ON DELETE CASCADE,
    notice BIGINT NOT NULL REFERENCES ops.notice ON DELETE CASCADE,
    -- 'waiting', 'told' or 'given_up'.
    state TEXT NOT NULL,
    told_at TIMESTAMPTZ,
    claimed_by UUID,
    claimed_until TIMESTAMPTZ,
    PRIMARY KEY (target_id, notice)
);
CREATE INDEX notice_delivery_waiting ON ops.notice_delivery (target_id, notice) WHERE state = 'waiting';
CREATE INDEX notice_delivery_notice ON ops.notice_delivery (notice);

-- What a bridge may do: all that it might before, and these.
ALTER FUNCTION ops.grant_to(TEXT) RENAME TO grant_to_before_notices;
CREATE FUNCTION ops.grant_to(role TEXT) RETURNS VOID
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ops.grant_to_before_notices(role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ops.notify_target, ops.trouble, ops.notice,
        ops.notice_delivery TO %I', role);
END $$;
REVOKE ALL ON FUNCTION ops.grant_to FROM PUBLIC;
