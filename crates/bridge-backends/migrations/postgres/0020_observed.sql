-- Which bridge of a group sees a pause or a silent receiver now: webhooks are told that it began by the first, and that it is
-- over by the last.

CREATE TABLE ops.webhook_observed (
    subject UUID NOT NULL,
    bridge UUID NOT NULL,
    -- By the clock of this database: a bridge whose own clock is wrong is not taken for dead.
    seen_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (subject, bridge)
);

-- What a bridge may do: all that it might before, and this.
ALTER FUNCTION ops.grant_to(TEXT) RENAME TO grant_to_before_observed;
CREATE FUNCTION ops.grant_to(role TEXT) RETURNS VOID
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ops.grant_to_before_observed(role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ops.webhook_observed TO %I', role);
END $$;
REVOKE ALL ON FUNCTION ops.grant_to FROM PUBLIC;
