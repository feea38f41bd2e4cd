-- Onboardings of one number stand side by side (D51). `gone`: no SMS can mean it any more, though it can still be
-- looked up by its id.
ALTER TABLE onboarding ADD COLUMN gone INTEGER NOT NULL DEFAULT 0;
UPDATE onboarding SET gone = 1
WHERE coalesce((SELECT change.state FROM onboarding_change change WHERE change.seq = onboarding.seq), state)
    IN ('superseded', 'cancelled')
  AND (seq < (SELECT max(newer.seq) FROM onboarding newer WHERE newer.mobile = onboarding.mobile)
       OR coalesce((SELECT change.state FROM onboarding_change change WHERE change.seq = onboarding.seq), state)
          = 'superseded');
DROP INDEX onboarding_mobile;
CREATE INDEX onboarding_mobile ON onboarding (mobile, gone, seq);

-- New hashes are counted for each client address; '' is an unknown one.
CREATE TABLE registration_window (
    mobile TEXT NOT NULL,
    client TEXT NOT NULL,
    count INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (mobile, client)
) WITHOUT ROWID;
INSERT INTO registration_window SELECT mobile, '', count, expires_at FROM registration_count;
DROP TABLE registration_count;
CREATE INDEX registration_window_expires ON registration_window (expires_at);
