//! How nothing acknowledged is lost: the journal in use, the watch over the stores, and the rebuild of a hot store that
//! lost its memory.

pub(crate) mod clock_monitor;
pub mod damages;
pub mod ids;
pub mod journal;
pub mod quarantined;
pub mod rebuild;
pub mod restored;
pub mod spellings;
pub mod store_monitor;
pub mod waiting;
pub mod writable;
