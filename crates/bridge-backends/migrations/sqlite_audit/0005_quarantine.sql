-- What is quarantined has a name of its own: written twice it is one, and it can be asked for and taken away.

ALTER TABLE ops_quarantine ADD COLUMN quarantine_id TEXT;
-- A random UUID for each row that has none, version 4.
UPDATE ops_quarantine SET quarantine_id = lower(
    hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-8'
    || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)));
CREATE UNIQUE INDEX ops_quarantine_name ON ops_quarantine (quarantine_id);
