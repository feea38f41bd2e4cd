//! `openapi`: prints the API's description.

use std::process::ExitCode;

pub(super) fn run() -> Result<ExitCode, String> {
    let text = bridge_http::docs::openapi().to_pretty_json().map_err(|error| error.to_string())?;
    anstream::println!("{text}");
    Ok(ExitCode::SUCCESS)
}
