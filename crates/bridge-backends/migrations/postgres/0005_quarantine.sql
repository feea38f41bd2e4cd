-- What is quarantined has a name of its own: written twice it is one, and it can be asked for and taken away.

-- A volatile default: every row gets another one. Rows that a table refused go on getting theirs here.
ALTER TABLE ops.quarantine ADD COLUMN quarantine_id UUID NOT NULL DEFAULT gen_random_uuid();
CREATE UNIQUE INDEX quarantine_name ON ops.quarantine (quarantine_id);
