-- Keys that an operator made, each with a name and what it opens. Of the secret there is a hash alone.

CREATE TABLE ops.api_key (
    id UUID PRIMARY KEY,
    name TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    secret_hash TEXT NOT NULL,
    hint TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    created_by TEXT NOT NULL,
    last_used_at TIMESTAMPTZ
);
CREATE UNIQUE INDEX api_key_name ON ops.api_key (lower(name));

-- What a bridge may do: all that it might before, and this.
ALTER FUNCTION ops.grant_to(TEXT) RENAME TO grant_to_before_desk_keys;
CREATE FUNCTION ops.grant_to(role TEXT) RETURNS VOID
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM ops.grant_to_before_desk_keys(role);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ops.api_key TO %I', role);
END $$;
REVOKE ALL ON FUNCTION ops.grant_to FROM PUBLIC;
