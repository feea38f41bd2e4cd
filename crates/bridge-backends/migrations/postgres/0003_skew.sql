-- What an SMS carries since receivers have clocks of their own and long SMS come in parts. Rows from before were
-- measured at no skew and are no parts. Constant defaults: no row is rewritten.

ALTER TABLE public.input_sms ADD COLUMN clock_skew_ms BIGINT NOT NULL DEFAULT 0;
-- `2/3 reference`: the second of three parts.
ALTER TABLE public.input_sms ADD COLUMN part TEXT;
