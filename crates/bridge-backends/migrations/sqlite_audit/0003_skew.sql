-- What an SMS carries since receivers have clocks of their own and long SMS come in parts. Rows from before were
-- measured at no skew and are no parts.

ALTER TABLE input_sms ADD COLUMN clock_skew_ms INTEGER NOT NULL DEFAULT 0;
-- `2/3 reference`: the second of three parts.
ALTER TABLE input_sms ADD COLUMN part TEXT;
