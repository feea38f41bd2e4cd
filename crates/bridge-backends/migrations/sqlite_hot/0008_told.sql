-- What waits to be told to apps: written in the transaction that made it happen. AUTOINCREMENT: a place never comes twice.
CREATE TABLE told (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    mobile TEXT NOT NULL,
    since INTEGER NOT NULL,
    body TEXT NOT NULL
);
