//! Where the repository is and what cargo says about it. Not a build system: cargo is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use crate::Outcome;

/// The part of `cargo metadata` that the tools read.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) target_directory: PathBuf,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    /// `None` for an ordinary dependency, else `dev` or `build`.
    pub(crate) kind: Option<String>,
}

impl Package {
    /// Where its `Cargo.toml` is, relative to the root of the repository.
    pub(crate) fn folder(&self) -> String {
        if self.name == "xtask" { self.name.clone() } else { format!("crates/{}", self.name) }
    }

    /// Its sources: their paths below `src` and their texts.
    pub(crate) fn sources(&self) -> Outcome<BTreeMap<String, String>> {
        let src = root().join(self.folder()).join("src");
        let mut texts = BTreeMap::new();
        let mut open = vec![src.clone()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).map_err(|why| format!("{}: {why}", folder.display()))? {
                let path = entry?.path();
                if path.is_dir() {
                    open.push(path);
                } else if path.extension().is_some_and(|ending| ending == "rs") {
                    let below = path.strip_prefix(&src)?.to_string_lossy().replace('\\', "/");
                    texts.insert(below, std::fs::read_to_string(&path)?);
                }
            }
        }
        Ok(texts)
    }
}

/// The folder that holds the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The cargo that started this tool, run in the root of the repository.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// What cargo knows about the workspace itself, without its dependencies.
pub(crate) fn metadata() -> Outcome<Metadata> {
    let output = cargo().args(["metadata", "--format-version", "1", "--no-deps"]).output()?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim()).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// Runs a command to its end; its output goes where ours goes.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let status = command.status().map_err(|why| format!("{command:?} did not start: {why}"))?;
    if status.success() { Ok(()) } else { Err(format!("{} ({status})", shown(command)).into()) }
}

/// A command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// The program that `cargo test` has built already: of the same packages and features, so that nothing is built twice.
pub(crate) fn built_by_tests() -> Outcome<PathBuf> {
    run(cargo().args(["test", "--workspace", "--all-features", "--test", "it", "--no-run", "--quiet"]))?;
    Ok(metadata()?.target_directory.join("debug/sms-bridge"))
}
