-- Who may use the desk, and what they changed.

CREATE TABLE ops.account (
    name TEXT COLLATE "C" PRIMARY KEY,
    -- PHC string; none until a link was used.
    password TEXT,
    role TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    disabled BOOLEAN NOT NULL DEFAULT false,
    password_changed_at TIMESTAMPTZ
);

CREATE TABLE ops.session (
    -- SHA-256 of the id, hex.
    id_hash TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    data JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX session_account ON ops.session (account);
CREATE INDEX session_end ON ops.session (ends_at);

-- One for each account; the empty name is the first owner.
CREATE TABLE ops.link (
    account TEXT PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    until TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ
);

-- Nothing in it is ever changed or purged; a bridge may not.
CREATE TABLE ops.admin_log (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL,
    who TEXT NOT NULL,
    address TEXT,
    action TEXT COLLATE "C" NOT NULL,
    subject TEXT NOT NULL,
    before JSON NOT NULL,
    after JSON NOT NULL
);
CREATE INDEX admin_log_who ON ops.admin_log (who, id);
CREATE INDEX admin_log_subject ON ops.admin_log (subject, id);
CREATE INDEX admin_log_time ON ops.admin_log (at);

-- What a bridge may do: as before, and with these.
CREATE OR REPLACE FUNCTION ops.grant_to(role TEXT) RETURNS VOID
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO ops.bridge_role VALUES (role) ON CONFLICT DO NOTHING;
    EXECUTE format('GRANT USAGE ON SCHEMA public, ops TO %I', role);
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON public.input_sms, public.onboarding_mobile, public.blacklist_sms,
             public.power_down_store, public.power_down_store_counters, public.sms_settings, ops.validated_mobile,
             ops.registration_attempts, ops.quarantine, ops.settings_history, ops.sync_refused, ops.unblacklisted,
             ops.member, ops.epoch, ops.probe, ops.receiver, ops.sighting, ops.account, ops.session, ops.link TO %I', role);
    EXECUTE format('GRANT SELECT, INSERT ON ops.admin_log TO %I', role);
    EXECUTE format('GRANT SELECT ON ops.schema_version, public.input_sms_default TO %I', role);
    EXECUTE format('GRANT USAGE ON SEQUENCE public.input_sms_id_seq TO %I', role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION ops.add_partition, ops.tend_partitions TO %I', role);
END $$;
