-- How a receiver writes numbers, where the operator said so, and what was seen of that.

ALTER TABLE ops.receiver ADD COLUMN number_style TEXT;
ALTER TABLE ops.sighting ADD COLUMN contradictory BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ops.sighting ADD COLUMN ambiguous BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ops.sighting ADD COLUMN wrote_e164 BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ops.sighting ADD COLUMN wrote_international BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ops.sighting ADD COLUMN wrote_national BIGINT NOT NULL DEFAULT 0;
