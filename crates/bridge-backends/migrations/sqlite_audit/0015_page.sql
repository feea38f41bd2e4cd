-- What the app asked for beside the number, as JSON: language and end of the person's page, what it is handed back, and
-- whether the person was given the short code.
ALTER TABLE onboarding_mobile ADD COLUMN asked TEXT;

-- How far people came on their page: one row for each onboarding whose page was opened, each step at most once.
CREATE TABLE ops_page_funnel (
    id INTEGER PRIMARY KEY,
    onboarding_id TEXT NOT NULL UNIQUE,
    mobile_number TEXT NOT NULL,
    at TEXT NOT NULL,
    language TEXT NOT NULL,
    platform TEXT NOT NULL,
    opened INTEGER NOT NULL,
    tapped INTEGER NOT NULL,
    copied INTEGER NOT NULL,
    scanned INTEGER NOT NULL
);
CREATE INDEX ops_page_funnel_at ON ops_page_funnel (at);
CREATE INDEX ops_page_funnel_mobile ON ops_page_funnel (mobile_number);
