//! The embedded stores: the engine under both, the hot store on it and the audit store on it. `embedded` opens them.

pub(crate) mod audit;
mod engine;
pub(crate) mod hot;
pub(crate) mod moment;
pub(crate) mod salvage;
