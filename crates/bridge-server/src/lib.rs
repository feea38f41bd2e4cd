//! The program: command line, configuration, which stores are opened, and starting and stopping. It ties the other crates
//! together. Not what the bridge does with an SMS: that is `bridge-app`.
//!
//! Begin reading at [`lifecycle`], which opens and starts a bridge. [`cli`] has one file for each command, [`config`] the
//! flags and environment variables, [`config_file`] the file that says them, too, [`descriptors`] how many connections there may be, [`opening`] opens the stores that URLs name, [`log`] sets up logging.
//!
//! **Invariant.** Tasks are started by [`lifecycle`] alone, but for the one that each connection gets while it is open.

mod backup;
pub mod cli;
pub mod config;
pub mod config_file;
pub mod descriptors;
pub mod lifecycle;
pub mod log;
pub mod opening;
mod secret_file;
mod service;

/// Which version this is.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
/// The same with commit and date.
pub const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("SMS_BRIDGE_BUILD"), ")");
