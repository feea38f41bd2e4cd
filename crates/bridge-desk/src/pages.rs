//! The pages, one file each: what it shows, and what can be done there. A page draws and asks; what it changes is
//! changed by the function of `bridge-app` that the JSON route calls too.

pub(super) mod abuse;
pub(super) mod accounts;
pub(super) mod alerts;
pub(super) mod api_keys;
pub(super) mod blacklist;
pub(super) mod entry;
pub(super) mod find;
pub(super) mod lab;
pub(super) mod log;
pub(super) mod me;
pub(super) mod onboardings;
pub(super) mod overview;
pub(super) mod person;
pub(super) mod quarantine;
pub(super) mod receivers;
pub(super) mod recovery;
pub(super) mod settings;
pub(super) mod sms;
mod step;
pub(super) mod validated;
pub(super) mod webhooks;
pub(super) mod words;
pub(super) mod workers;
