//! The parts list (CycloneDX), as `cargo-cyclonedx` writes it, without what differs from one time to the next.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::{Outcome, tools, workspace};

/// The name that it is asked to write under, beside each Cargo.toml.
const NAME: &str = "parts-of-the-bridge";

/// Writes the list of what is built in.
pub(super) fn write(file: &Path, time: u64) -> Outcome {
    let package = workspace::root().join("crates/bridge-server");
    let mut list = Command::new(tools::place_of("bin/cargo-cyclonedx")?);
    list.current_dir(workspace::root())
        .args(["cyclonedx", "--format", "json", "--no-build-deps", "--override-filename", NAME])
        .arg("--manifest-path")
        .arg(package.join("Cargo.toml"))
        .env("SOURCE_DATE_EPOCH", time.to_string());
    workspace::run(&mut list)?;
    let written = package.join(format!("{NAME}.json"));
    let mut parts: Value = serde_json::from_slice(&std::fs::read(&written)?)?;
    clean()?;
    if let Some(parts) = parts.as_object_mut() {
        parts.remove("serialNumber");
    }
    parts["metadata"]["timestamp"] = json!(jiff::Timestamp::from_second(i64::try_from(time)?)?.to_string());
    let root = workspace::root().display().to_string();
    let text = serde_json::to_string_pretty(&parts)?.replace(&root, "");
    Ok(std::fs::write(file, text + "\n")?)
}

/// It writes one for each crate of the workspace.
fn clean() -> Outcome {
    for folder in ["crates", "."] {
        for entry in std::fs::read_dir(workspace::root().join(folder))? {
            let file = entry?.path().join(format!("{NAME}.json"));
            if file.exists() {
                std::fs::remove_file(file)?;
            }
        }
    }
    Ok(())
}
