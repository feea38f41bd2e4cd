-- Keys that an operator made, each with a name and what it opens. Of the secret there is a hash alone.

CREATE TABLE ops_api_key (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    -- JSON.
    scopes TEXT NOT NULL,
    secret_hash TEXT NOT NULL,
    hint TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    last_used_at TEXT
);
CREATE UNIQUE INDEX ops_api_key_name ON ops_api_key (lower(name));
