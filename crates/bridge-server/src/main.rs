//! The program `sms-bridge`: everything is in the library.

use std::process::ExitCode;

/// Small allocations of many sizes from many threads are what a bridge does all day.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Reads FAILPOINTS; the points hold until it is dropped (tests/it/kill.rs).
    #[cfg(feature = "crash-points")]
    let _points = fail::FailScenario::setup();
    bridge_server::cli::run()
}
