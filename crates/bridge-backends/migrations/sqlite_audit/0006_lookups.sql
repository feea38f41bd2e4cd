-- What is looked up by the phone's own time: whether an SMS that is to be imported is known, and how many came in which
-- hour. Time first, so that rows that come together are written together.

CREATE INDEX input_sms_received ON input_sms (received_timestamp, mobile_number);
CREATE INDEX power_down_store_received ON power_down_store (received_timestamp, mobile_number);

-- Parts of longer SMS: `2/3 reference`.
ALTER TABLE power_down_store ADD COLUMN part TEXT;
CREATE INDEX power_down_store_part ON power_down_store (part, mobile_number) WHERE processed = 1 AND part IS NOT NULL;
