//! The background workers of contract section 7: one file each, one list. A worker is one small,
//! bounded, repeatable step without input: it looks at the stores and acts on what it finds. When it
//! runs, and what happens when it fails, is the supervisor's business alone.

mod blacklist;
mod blocked_emails;
mod cleanup;
pub mod counters;
mod dump;
mod erasures;
mod incidents;
mod onboarding;
mod pull;
mod purge;
mod receivers;
mod registration_attempts;
mod replay;
mod run_now;
mod settle_journal;
pub mod supervisor;
pub(crate) mod sync;
pub mod worker;

pub use self::run_now::run_now;
pub use self::worker::Worker;

/// Every worker, in the order in which they drain: what one leaves for another comes before it.
#[must_use]
pub fn all() -> Vec<Box<dyn Worker>> {
    vec![
        Box::new(pull::PullInboxes),
        Box::new(replay::ReplayPowerDownStore::default()),
        Box::new(cleanup::CleanupExpired),
        Box::new(blacklist::PopulateBlacklist),
        Box::new(registration_attempts::WriteRegistrationAttempts),
        Box::new(onboarding::DumpQueueOnboarding),
        Box::new(sync::SyncValidatedMobiles::default()),
        Box::new(dump::DumpQueueInputSms),
        Box::new(settle_journal::SettleJournal),
        Box::new(counters::PersistCounters),
        Box::new(purge::PurgeExpiredAudit),
        Box::new(receivers::NoteReceivers),
        Box::new(erasures::FinishErasures),
        Box::new(blocked_emails::ReadBlockedEmails),
        Box::new(incidents::NoteIncidents),
    ]
}
