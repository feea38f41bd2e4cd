-- Deliveries in the order in which they came, found through an index in memory: a key is a hash, and a table sorted
-- by it costs a page of the write-ahead log for every SMS. Table delivery keeps what that index has no room for.
CREATE TABLE delivered (
    seq INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    content BLOB NOT NULL,
    fingerprint BLOB NOT NULL,
    expires_at INTEGER NOT NULL
);
