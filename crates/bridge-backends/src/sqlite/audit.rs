//! The audit store on SQLite, for a bridge without PostgreSQL: a file for each trait, with the SQL that does it.

mod accounts;
mod api_keys;
mod blacklist;
mod blocked_emails;
mod columns;
mod counting;
mod desk;
mod group;
mod later;
mod lookup;
mod notices;
mod onboardings;
mod page;
mod person;
mod quarantine;
mod receivers;
mod refusals;
mod settings;
mod sms;
pub(crate) mod store;
mod syncing;
mod upkeep;
mod webhooks;
