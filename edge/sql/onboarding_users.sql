-- Who registers, in Supabase: run once in its SQL editor. The edge writes here while SUPABASE_ONBOARDING is on; the bridge
-- never does. Whether a number was validated is in validated_mobiles, which the bridge writes.

CREATE TABLE IF NOT EXISTS public.onboarding_users (
    onboarding_id UUID PRIMARY KEY,
    mobile_number TEXT NOT NULL,
    email TEXT,
    device_id TEXT,
    -- Where the registration came from, as Cloudflare sees it: two letters.
    country TEXT,
    registered_at TIMESTAMPTZ NOT NULL,
    user_deadline TIMESTAMPTZ NOT NULL,
    written_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX IF NOT EXISTS onboarding_users_mobile ON public.onboarding_users (mobile_number);

-- Without a policy nobody reads or writes a row: not with the public key, not logged in. The service key passes by.
ALTER TABLE public.onboarding_users ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.onboarding_users FORCE ROW LEVEL SECURITY;

-- A role that may add rows and do nothing else, so that the edge need not hold the service key: SUPABASE_KEY is then a
-- token for this role, signed with the project's JWT secret.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'sms_bridge_edge') THEN
        CREATE ROLE sms_bridge_edge NOLOGIN NOINHERIT;
    END IF;
    -- Supabase's API becomes the role of the token: its own role must be allowed to.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'authenticator') THEN
        GRANT sms_bridge_edge TO authenticator;
    END IF;
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'anon') THEN
        REVOKE ALL ON public.onboarding_users FROM anon, authenticated;
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO sms_bridge_edge;
GRANT INSERT ON public.onboarding_users TO sms_bridge_edge;
-- Adding the same row twice compares its key: the key alone may be read for that.
GRANT SELECT (onboarding_id) ON public.onboarding_users TO sms_bridge_edge;

DROP POLICY IF EXISTS edge_adds ON public.onboarding_users;
CREATE POLICY edge_adds ON public.onboarding_users FOR INSERT TO sms_bridge_edge WITH CHECK (true);
DROP POLICY IF EXISTS edge_compares ON public.onboarding_users;
CREATE POLICY edge_compares ON public.onboarding_users FOR SELECT TO sms_bridge_edge USING (true);
