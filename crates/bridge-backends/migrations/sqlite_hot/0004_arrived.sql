-- SMS in the order in which they were taken in, found like deliveries through an index in memory. Table seen keeps
-- those that are remembered for a short while only, and what that index has no room for.
CREATE TABLE arrived (
    seq INTEGER PRIMARY KEY,
    fingerprint BLOB NOT NULL,
    sms_id BLOB NOT NULL,
    received_at INTEGER NOT NULL,
    admitted_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);
-- Apart from it, because a row that grows splits its page.
CREATE TABLE answered (seq INTEGER PRIMARY KEY, answer TEXT NOT NULL);
