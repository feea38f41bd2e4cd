//! The way of an SMS from a read body to a verdict, and of what cannot be judged or was missed.

pub mod delivery;
pub mod import;
pub mod import_report;
pub mod inbound;
pub mod inbox;
pub mod intake;
pub mod quarantine;
pub mod quarantine_replay;
