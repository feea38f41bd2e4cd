//! How people look at what the bridge keeps: page by page, bounded, in time. One file for each thing that is looked at;
//! a page of the desk and a JSON list call the same function. It changes nothing, and does not say how anything is
//! drawn.

pub mod abuse;
pub mod accounts;
pub mod admin_log;
pub mod blacklist;
pub mod checklist;
pub mod every;
pub mod figures;
pub mod judged;
pub mod number;
pub mod onboardings;
pub mod overview;
pub mod quarantine;
pub mod receivers;
pub mod recovery;
pub mod refused;
pub mod settings_history;
pub mod sms;
pub mod standing;
pub mod timeline;
pub mod validated;
pub mod waiting;
pub mod workers;
