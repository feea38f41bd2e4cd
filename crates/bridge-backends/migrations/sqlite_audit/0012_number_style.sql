-- How a receiver writes numbers, where the operator said so, and what was seen of that.

ALTER TABLE ops_receiver ADD COLUMN number_style TEXT;
ALTER TABLE ops_sighting ADD COLUMN contradictory INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ops_sighting ADD COLUMN ambiguous INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ops_sighting ADD COLUMN wrote_e164 INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ops_sighting ADD COLUMN wrote_international INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ops_sighting ADD COLUMN wrote_national INTEGER NOT NULL DEFAULT 0;
