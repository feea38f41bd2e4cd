//! What SMS Bridge decides, and nothing else: reading phone numbers and SMS texts, the onboarding and its states, the
//! checks and their verdict, why it was so and how it would be otherwise, the settings.
//!
//! **Invariant:** no async, no clock, no randomness, no I/O. Time and salt are arguments, facts come in
//! as one snapshot ([`checks::Facts`]), a verdict goes out ([`verdict::Verdict`]). That is why every
//! judgement can be repeated and explained later.
//!
//! Begin with [`checks`], its `evaluate` and one check; then [`settings`], where every setting stands once. From the
//! ground up: `time`, `script`, `short_code`, `message`, `phone`, `sms` and the names of the checks; `verdict` and `settings`; `onboarding`;
//! `judged_record`; `checks`; and what needs them, `acceptance`, `catalog`, `rejudge` and `trace`. Nothing imports upward.

pub mod acceptance;
pub mod catalog;
mod check_id;
pub mod checks;
pub mod email;
pub mod judged_record;
pub mod magic;
pub mod message;
pub mod onboarding;
pub mod phone;
pub mod rejudge;
pub mod script;
pub mod settings;
pub mod short_code;
pub mod sms;
pub mod stamp;
pub mod time;
pub mod trace;
pub mod verdict;

pub use check_id::CheckId;
pub use judged_record::JudgedRecord;
pub use onboarding::{Onboarding, State};
pub use phone::Mobile;
pub use settings::Settings;
pub use sms::InboundSms;
pub use stamp::{Stamp, Zone};
pub use time::{Span, Timestamp};
pub use verdict::Verdict;
