//! The way of an SMS from the read body to its verdict; also of SMS that cannot be read, or were missed.

pub mod delivery;
pub mod import;
pub mod import_report;
pub mod inbound;
pub mod inbox;
pub mod intake;
pub mod quarantine;
pub mod quarantine_replay;
pub mod trial;
pub mod unjudged;
