//! What one run is made from. Not what comes of it: that is `report`.

use std::path::Path;
use std::time::Duration;

use super::cluster::Kind;
use super::schedule::Event;

/// What one run is made from.
pub(crate) struct Plan<'a> {
    pub(crate) seed: u64,
    pub(crate) kind: Kind,
    /// How long journeys begin and faults come.
    pub(crate) length: Duration,
    pub(crate) journeys: u32,
    pub(crate) schedule: &'a [Event],
    pub(crate) binary: &'a Path,
    /// For what is set aside, and for what a failed run leaves.
    pub(crate) folder: &'a Path,
    /// Phones change bridges whatever waits.
    pub(crate) roaming: bool,
    /// Keep the data of a failed run, too, and not only its logs.
    pub(crate) keep: bool,
}
