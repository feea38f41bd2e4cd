-- One person: what was erased, blocks that end by themselves, and e-mail addresses that may not register.

ALTER TABLE public.blacklist_sms ADD COLUMN expires_at TIMESTAMPTZ;
ALTER TABLE public.blacklist_sms ADD COLUMN blocked_by TEXT;
CREATE INDEX blacklist_sms_expiry ON public.blacklist_sms (expires_at) WHERE expires_at IS NOT NULL;

-- Receipts. A number is not in them: only its hash under a key that no database has. Never purged by age: what a
-- journal brings back late is recognised by it.
CREATE TABLE ops.erasure (
    erasure_id UUID PRIMARY KEY,
    number_hash TEXT NOT NULL,
    requested_at TIMESTAMPTZ NOT NULL,
    requested_by TEXT NOT NULL,
    -- 'none', 'kept' or 'lifted'.
    blacklist TEXT NOT NULL,
    -- How much was removed where, as JSON.
    removed TEXT NOT NULL,
    finished_at TIMESTAMPTZ
);
CREATE INDEX erasure_number ON ops.erasure (number_hash, requested_at);
CREATE INDEX erasure_time ON ops.erasure (requested_at);

CREATE TABLE ops.blocked_email (
    address TEXT COLLATE "C" PRIMARY KEY,
    reason TEXT NOT NULL,
    blocked_by TEXT NOT NULL,
    blocked_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ,
    -- One that was lifted stays as a row: who reads what changed since then must hear of it.
    lifted_at TIMESTAMPTZ,
    changed_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX blocked_email_changed ON ops.blocked_email (changed_at);

-- What a person's rows are found by.
CREATE INDEX power_down_store_mobile ON public.power_down_store (mobile_number);
CREATE INDEX validated_mobile_number ON ops.validated_mobile (mobile_number);

-- What a bridge may do: all that it might before, and these two.
ALTER FUNCTION ops.grant_to(TEXT) RENAME TO grant_to_0008;
CREATE FUNCTION ops.grant_to(role TEXT) RETURNS VOID
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ops.grant_to_0008(role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ops.erasure, ops.blocked_email TO %I', role);
END $$;
REVOKE ALL ON FUNCTION ops.grant_to FROM PUBLIC;
