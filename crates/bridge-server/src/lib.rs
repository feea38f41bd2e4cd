//! The program: command line, configuration, which stores are opened, and starting and stopping. It ties the other crates
//! together and does nothing of its own with an SMS.
//!
//! Begin reading at [`lifecycle`], which opens and starts a bridge; [`cli`] has one file for each command, [`config`] the
//! flags and environment, [`opening`] the stores that URLs name.
//!
//! **Invariant.** Tasks are started by [`lifecycle`] alone.

pub mod cli;
pub mod config;
pub mod lifecycle;
pub mod log;
pub mod opening;
