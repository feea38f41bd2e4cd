//! What a running bridge knows, each in a type of its own that does not know the bridge as a whole.

pub mod access;
pub mod availability;
pub mod blocked_emails;
pub mod board;
pub mod bodies;
pub mod clock_watch;
pub mod disk;
pub mod edge;
pub mod erasures;
pub mod hosted_rate;
pub mod inbox_reads;
pub mod incidents;
pub mod last_backup;
pub mod open_requests;
pub mod page_steps;
pub mod pauses;
pub mod places;
pub mod pushing;
pub mod receivers;
pub mod recent;
pub mod refusals;
pub mod settings;
pub mod settings_note;
pub mod watchers;
pub mod write_probe;
