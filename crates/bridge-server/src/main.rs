//! The program `sms-bridge`: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    // Reads FAILPOINTS; the points hold until it is dropped (tests/it/kill.rs).
    #[cfg(feature = "crash-points")]
    let _points = fail::FailScenario::setup();
    bridge_server::cli::run()
}
