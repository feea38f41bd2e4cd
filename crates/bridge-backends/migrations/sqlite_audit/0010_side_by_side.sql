-- From which client address an onboarding was registered, as a keyed hash: onboardings of one number stand side by side,
-- and a full number ends one of whoever holds most places (D51).
ALTER TABLE onboarding_mobile ADD COLUMN client_hash TEXT;
