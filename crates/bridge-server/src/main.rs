//! The program `sms-bridge`: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    bridge_server::cli::run()
}
