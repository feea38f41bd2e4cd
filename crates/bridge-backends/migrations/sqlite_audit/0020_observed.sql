-- Which bridge sees a pause or a silent receiver now: webhooks are told that it began by the first, and that it is over by
-- the last.

CREATE TABLE ops_webhook_observed (
    subject TEXT NOT NULL,
    bridge TEXT NOT NULL,
    -- By the clock of this store.
    seen_ms INTEGER NOT NULL,
    PRIMARY KEY (subject, bridge)
);
