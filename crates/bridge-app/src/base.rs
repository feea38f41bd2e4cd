//! What every room stands on: the time, randomness, secrets, series, and the error that the outside sees. Knows no bridge.

pub mod backend;
pub mod clock;
pub mod data_file;
pub mod deadline;
pub mod fields;
pub mod metrics;
pub mod problem;
pub mod secrets;
