//! What becomes of a test whose server cannot be had: it fails where CI is set, elsewhere it is skipped
//! aloud. Nowhere does it pass in silence.

use crate::problem::Result;

/// The server, or `None` after saying `SKIPPED name: why`.
///
/// # Panics
/// Where the environment variable `CI` is set: there a leg that cannot run is a failure.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
#[expect(clippy::panic, reason = "only tests call this, and there a panic is the failure")]
pub fn or_skip<T>(name: &str, server: Result<T>) -> Option<T> {
    match server {
        Ok(server) => Some(server),
        Err(why) if every_leg_must_run() => panic!("{name} must run where CI is set: {why}"),
        Err(why) => {
            eprintln!("SKIPPED {name}: {why}");
            None
        }
    }
}

/// Is the environment variable `CI` set?
#[must_use]
pub fn every_leg_must_run() -> bool {
    std::env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false")
}
