//! The background workers of contract section 7: one file each, one list. A worker is one small,
//! bounded, repeatable step without input: it looks at the stores and acts on what it finds. When it
//! runs, and what happens when it fails, is the supervisor's business alone. To add one: write its file and add its name
//! to the list below.

mod run_now;
pub mod supervisor;
pub mod worker;

pub use self::run_now::{push_now, run_now};
pub use self::worker::Worker;

/// Makes a module of each file, and the one list of what they hold.
macro_rules! workers {
    ($($module:ident::$worker:ident)*) => {
        $(mod $module;)*
        /// Every worker, in the order in which they drain: what one leaves for another comes before it.
        #[must_use]
        pub fn all() -> Vec<Box<dyn Worker>> {
            vec![$(Box::<$module::$worker>::default()),*]
        }
    };
}

workers! {
    pull::PullInboxes
    replay::ReplayPowerDownStore
    cleanup::CleanupExpired
    blacklist::PopulateBlacklist
    registration_attempts::WriteRegistrationAttempts
    page_steps::WritePageSteps
    onboarding::DumpQueueOnboarding
    sync::SyncValidatedMobiles
    dump::DumpQueueInputSms
    settle_journal::SettleJournal
    counters::PersistCounters
    purge::PurgeExpiredAudit
    receivers::NoteReceivers
    erasures::FinishErasures
    blocked_emails::ReadBlockedEmails
    api_keys::ReadApiKeys
    incidents::NoteIncidents
    passwords::RestPasswords
    tell_pauses::TellPauses
    tell_webhooks::TellWebhooks
    webhooks::DeliverWebhooks
    watch_troubles::WatchTroubles
    tell_operators::TellOperators
}
