-- Receivers that were added by name, and what was seen of each. Neither is ever purged by age.

CREATE TABLE ops.receiver (
    name TEXT COLLATE "C" PRIMARY KEY,
    format TEXT NOT NULL,
    numbers TEXT[] NOT NULL,
    -- SHA-256 of each live secret, hex.
    secrets TEXT[] NOT NULL,
    signing_keys TEXT[] NOT NULL,
    inbox_url TEXT,
    paused BOOLEAN NOT NULL DEFAULT false,
    added_at TIMESTAMPTZ NOT NULL,
    revoked_at TIMESTAMPTZ,
    updated_at TIMESTAMPTZ NOT NULL
);

-- Apart from it: written all the time, and there may be one of a receiver that was never added.
CREATE TABLE ops.sighting (
    name TEXT COLLATE "C" PRIMARY KEY,
    first_seen_at TIMESTAMPTZ,
    last_seen_at TIMESTAMPTZ,
    wrong_secret_at TIMESTAMPTZ,
    delivered BIGINT NOT NULL DEFAULT 0,
    redelivered BIGINT NOT NULL DEFAULT 0,
    rejected BIGINT NOT NULL DEFAULT 0,
    clock_skew_ms BIGINT NOT NULL DEFAULT 0,
    skew_measured_at TIMESTAMPTZ,
    app_version TEXT,
    battery SMALLINT,
    charging BOOLEAN,
    network TEXT,
    reported_at TIMESTAMPTZ
);

-- What a bridge may do: as before, and with these two.
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
             ops.member, ops.epoch, ops.probe, ops.receiver, ops.sighting TO %I', role);
    EXECUTE format('GRANT SELECT ON ops.schema_version, public.input_sms_default TO %I', role);
    EXECUTE format('GRANT USAGE ON SEQUENCE public.input_sms_id_seq TO %I', role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION ops.add_partition, ops.tend_partitions TO %I', role);
END $$;
