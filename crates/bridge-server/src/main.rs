//! The program `sms-bridge`: everything is in the library.

use std::process::ExitCode;

/// Gives memory back after a flood, which the system's does not (docs/decisions/0019 has the figures).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Reads FAILPOINTS; the points hold until it is dropped (tests/it/kill.rs).
    #[cfg(feature = "crash-points")]
    let _points = fail::FailScenario::setup();
    bridge_server::cli::run()
}
