-- What may be used once: ids of signed requests, so that a copy of one is refused.
CREATE TABLE used_once (
    what TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX used_once_expires ON used_once (expires_at);
