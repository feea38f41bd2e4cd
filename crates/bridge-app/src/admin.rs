//! What an operator does, one file for each thing. The JSON route and the page both call it; each change notes itself
//! in the admin log before it is made. Not who may do it: the route or page has checked that.

pub mod acceptance;
pub mod accounts;
pub mod api_keys;
pub mod blacklist;
pub mod block;
pub mod block_list;
pub mod blocked_emails;
pub mod doctor;
pub mod erasure;
pub mod import;
pub mod inbox;
pub mod notify;
pub mod person;
pub mod person_export;
pub mod quarantine;
pub mod receivers;
pub mod rejudge;
pub mod settings;
pub mod sync;
pub mod webhooks;
