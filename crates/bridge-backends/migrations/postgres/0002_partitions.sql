-- The months of input_sms. A bridge has no right to create or drop tables: these functions do it for it, as
-- their owner, and nothing else. None waits long for a lock; what could not be done now is done next time.

-- Makes the month in which `at` lies. What DEFAULT holds of it moves along, unless that is too much to be
-- moved in a moment: then it stays there, where everything finds it too. True if there is a new one.
CREATE FUNCTION ops.add_partition(at TIMESTAMPTZ) RETURNS BOOLEAN
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms' AS $$
DECLARE
    first TIMESTAMPTZ := date_trunc('month', at);
    past TIMESTAMPTZ := date_trunc('month', at) + interval '1 month';
    name TEXT := 'input_sms_' || to_char(at, '"y"YYYY"m"MM');
BEGIN
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    IF 10000 < (SELECT count(*) FROM (
        SELECT FROM public.input_sms_default d
        WHERE d.server_received_at >= first AND d.server_received_at < past LIMIT 10001) AS rows)
    THEN
        RETURN false;
    END IF;
    -- One at a time; writers to other months go on meanwhile.
    LOCK TABLE ONLY public.input_sms IN SHARE UPDATE EXCLUSIVE MODE;
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    LOCK TABLE public.input_sms_default IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.input_sms INCLUDING ALL)', name);
    EXECUTE format(
        'WITH moved AS (DELETE FROM public.input_sms_default WHERE server_received_at >= $1 AND server_received_at < $2 RETURNING *)
         INSERT INTO public.%I SELECT * FROM moved', name) USING first, past;
    EXECUTE format('ALTER TABLE public.input_sms ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', name, first, past);
    RETURN true;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    RETURN false;
END $$;

-- Drops a month if nothing in it waits for the remote. Answers how many rows it had; of a large one, about.
CREATE FUNCTION ops.drop_partition(month REGCLASS, remote BOOLEAN) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms' AS $$
DECLARE
    waits BOOLEAN := false;
    rows BIGINT := (SELECT reltuples FROM pg_class WHERE oid = month);
BEGIN
    IF NOT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = month AND inhparent = 'public.input_sms'::regclass) THEN
        RETURN 0;
    END IF;
    IF rows < 100000 THEN
        EXECUTE format('SELECT count(*) FROM %s', month) INTO rows;
    END IF;
    LOCK TABLE ONLY public.input_sms IN ACCESS EXCLUSIVE MODE;
    IF remote THEN
        EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE validation_status = ''passed'' AND synced_at IS NULL)', month)
        INTO waits;
    END IF;
    IF waits THEN
        RETURN 0;
    END IF;
    EXECUTE format('DROP TABLE %s', month);
    RETURN rows;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
    RETURN 0;
END $$;

-- Makes this month, the two after it and those that DEFAULT holds; drops those that end by `before`.
-- Answers how many rows went.
CREATE FUNCTION ops.tend_partitions(before TIMESTAMPTZ, remote BOOLEAN) RETURNS BIGINT
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    month RECORD;
    dropped BIGINT := 0;
BEGIN
    FOR month IN
        SELECT date_trunc('month', now()) + ahead * interval '1 month' AS first FROM generate_series(0, 2) AS ahead
        UNION
        (SELECT DISTINCT date_trunc('month', server_received_at) FROM public.input_sms_default
         WHERE server_received_at >= before ORDER BY 1 LIMIT 3)
    LOOP
        PERFORM ops.add_partition(month.first);
    END LOOP;
    FOR month IN
        SELECT inhrelid::regclass AS name FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent = 'public.input_sms'::regclass AND relname ~ '^input_sms_y\d{4}m\d{2}$'
          AND make_timestamptz(substr(relname, 12, 4)::int, substr(relname, 17, 2)::int, 1, 0, 0, 0, 'UTC')
              + interval '1 month' <= before
    LOOP
        dropped := dropped + ops.drop_partition(month.name, remote);
    END LOOP;
    RETURN dropped;
END $$;

-- What a bridge may do, and no more: read and write its tables, and ask for partitions. The role keeps its
-- rights in later versions: `migrate` gives them again.
CREATE TABLE ops.bridge_role (name TEXT PRIMARY KEY);
CREATE FUNCTION ops.grant_to(role TEXT) RETURNS VOID
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO ops.bridge_role VALUES (role) ON CONFLICT DO NOTHING;
    EXECUTE format('GRANT USAGE ON SCHEMA public, ops TO %I', role);
    EXECUTE format(
        'GRANT SELECT, INSERT, UPDATE, DELETE ON public.input_sms, public.onboarding_mobile, public.blacklist_sms,
             public.power_down_store, public.power_down_store_counters, public.sms_settings, ops.validated_mobile,
             ops.registration_attempts, ops.quarantine, ops.settings_history, ops.sync_refused, ops.unblacklisted,
             ops.member, ops.epoch, ops.probe TO %I', role);
    EXECUTE format('GRANT SELECT ON ops.schema_version, public.input_sms_default TO %I', role);
    EXECUTE format('GRANT USAGE ON SEQUENCE public.input_sms_id_seq TO %I', role);
    EXECUTE format('GRANT EXECUTE ON FUNCTION ops.add_partition, ops.tend_partitions TO %I', role);
END $$;
REVOKE ALL ON FUNCTION ops.add_partition, ops.drop_partition, ops.tend_partitions, ops.grant_to FROM PUBLIC;

SELECT ops.tend_partitions('-infinity', true);
