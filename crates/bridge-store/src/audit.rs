//! The audit store: the six tables of 003 and what else must outlive the hot store (`ops`). Everything
//! that arrives here may arrive twice: writing is idempotent. One small trait for each thing that is kept, in its own
//! file beside the values that it answers; [`AuditStore`] is all of them.

mod api_keys;
mod blacklist;
mod blocked_emails;
mod group;
mod later;
mod lookup;
pub mod notices;
mod onboardings;
mod page;
pub mod part;
mod person;
mod quarantine;
mod receivers;
mod refusals;
mod settings;
mod sms;
mod syncing;
mod upkeep;
mod webhooks;

pub use self::api_keys::{ApiKey, ApiKeyTrail, Scope};
pub use self::blacklist::{BlacklistTrail, Blacklisted};
pub use self::blocked_emails::{BlockedEmail, BlockedEmailTrail};
pub use self::group::{GroupTrail, Member};
pub use self::later::{LaterTrail, WaitingSms};
pub use self::lookup::{AskedSms, HourCount, KNOWN_WITHIN, LookupTrail};
pub use self::notices::{Going, Notice, NoticeRow, NoticeState, NoticeTrail, NotifyTarget, Seen, Telling};
pub use self::onboardings::OnboardingTrail;
pub use self::page::{FUNNEL_ROWS, PageFunnel, PageStep, PageTrail, Step};
pub use self::person::PersonTrail;
pub use self::quarantine::{QuarantineRoom, QuarantineTrail, Quarantined};
pub use self::receivers::{Receiver, ReceiverTrail, Sighting, by_name};
pub use self::refusals::{Refusal, RefusalTrail};
pub use self::settings::{Counter, SettingPut, SettingRow, SettingsTrail};
pub use self::sms::{SmsRow, SmsTrail, sender_error};
pub use self::syncing::{Refused, SyncTrail, Unsynced};
pub use self::upkeep::{Totals, UpkeepTrail};
pub use self::webhooks::{
    Delivery, DeliveryState, Due, Next, Observed, Outcome, Replay, Tally, Tried, Webhook, WebhookTrail,
};
use crate::accounts::AccountStore;

/// Says of a list of traits that together they are the audit store.
macro_rules! audit_store {
    ($($part:ident)*) => {
        /// Domain operations, each atomic as a whole, durable when it returns, and safe to repeat: all that the small
        /// traits offer. Whatever implements each of them is an audit store.
        pub trait AuditStore: AccountStore $(+ $part)* {}
        impl<S: AccountStore $(+ $part)*> AuditStore for S {}
    };
}

audit_store! { UpkeepTrail SmsTrail OnboardingTrail BlacklistTrail LaterTrail SyncTrail GroupTrail SettingsTrail RefusalTrail QuarantineTrail LookupTrail PersonTrail BlockedEmailTrail ApiKeyTrail ReceiverTrail PageTrail WebhookTrail NoticeTrail }
