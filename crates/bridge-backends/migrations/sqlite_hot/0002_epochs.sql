-- What a hot store that can lose its memory needs (D28); the one in a file loses it with its file only.

-- The epoch that is being built (whole = 0) or lived in (whole = 1). No row: nobody built anything yet.
CREATE TABLE epoch (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    token BLOB NOT NULL,
    name TEXT NOT NULL,
    whole INTEGER NOT NULL
);

-- SMS that wait in power_down_store: what comes later from their number waits behind them (D25).
CREATE TABLE waiting (
    mobile TEXT NOT NULL,
    sms_id BLOB NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (mobile, sms_id)
) WITHOUT ROWID;

-- Numbers taken off the blacklist: what they sent up to then is not counted again when it is restored.
CREATE TABLE uncounted (
    mobile TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) WITHOUT ROWID;
