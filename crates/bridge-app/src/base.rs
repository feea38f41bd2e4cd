//! What every other module stands on: time, randomness, secrets, metrics, limits in time, small files, and the one
//! error that clients see. Knows no bridge.

pub mod backend;
pub mod clock;
pub mod data_file;
pub mod deadline;
pub mod edge_keys;
pub mod fields;
pub(crate) mod kernel_clock;
pub mod metrics;
pub mod problem;
pub mod reserve;
pub mod secrets;
