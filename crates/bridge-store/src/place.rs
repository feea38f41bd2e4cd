//! Where a list that is read page by page goes on. Not the page.

use bridge_core::Timestamp;

/// A place in a list that is read page by page: in the order of time, then of the row's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The time of the last one read.
    pub at: Timestamp,
    /// Its row's id.
    pub id: i64,
}

/// From here on ids stand for rows that are not written yet: above every id of a table, and below what a number of
/// JSON can hold.
pub const WAITING: i64 = 1 << 52;
