-- What the app asked for beside the number, as JSON: language and end of the person's page, what it is handed back, and
-- whether the person was given the short code.
ALTER TABLE public.onboarding_mobile ADD COLUMN asked TEXT;

-- How far people came on their page: one row for each onboarding whose page was opened, each step at most once.
CREATE TABLE ops.page_funnel (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    onboarding_id UUID NOT NULL UNIQUE,
    mobile_number TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    language TEXT NOT NULL,
    platform TEXT NOT NULL,
    opened BOOLEAN NOT NULL,
    tapped BOOLEAN NOT NULL,
    copied BOOLEAN NOT NULL,
    scanned BOOLEAN NOT NULL
);
CREATE INDEX page_funnel_at ON ops.page_funnel (at);
CREATE INDEX page_funnel_mobile ON ops.page_funnel (mobile_number COLLATE "C");

-- What a bridge may do: all that it might before, and this.
ALTER FUNCTION ops.grant_to(TEXT) RENAME TO grant_to_before_page;
CREATE FUNCTION ops.grant_to(role TEXT) RETURNS VOID
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ops.grant_to_before_page(role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ops.page_funnel TO %I', role);
END $$;
REVOKE ALL ON FUNCTION ops.grant_to FROM PUBLIC;
