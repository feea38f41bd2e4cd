-- What is due is found by when it is due: however much waits for an app that fails for days, nobody reads it to find the
-- few that are to be tried now.
DROP INDEX ops.webhook_delivery_waiting;
CREATE INDEX webhook_delivery_due ON ops.webhook_delivery (webhook_id, next_at, event) WHERE state = 'waiting';
