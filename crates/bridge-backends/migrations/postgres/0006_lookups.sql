-- What is looked up by the phone's own time: whether an SMS that is to be imported is known, and how many came in which
-- hour. Time first, so that rows that come together are written together; the number in an order of its own, so that the
-- plan never goes by the number alone, of which there may be any number of rows.

CREATE INDEX input_sms_received ON public.input_sms (received_timestamp, mobile_number COLLATE "C");
CREATE INDEX power_down_store_received ON public.power_down_store (received_timestamp, mobile_number COLLATE "C");

-- Parts of longer SMS: `2/3 reference`.
ALTER TABLE public.power_down_store ADD COLUMN part TEXT;
CREATE INDEX power_down_store_part ON public.power_down_store (part, mobile_number) WHERE processed AND part IS NOT NULL;
