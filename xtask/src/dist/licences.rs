//! The licences of everything that is built in, with their texts as their authors ship them. Which licences are allowed is in
//! `deny.toml`, and `cargo deny` checks it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::said;
use crate::Outcome;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
    source: Option<String>,
    manifest_path: PathBuf,
}

/// Writes them all to one file.
pub(super) fn write(file: &Path) -> Outcome {
    let metadata: Metadata = serde_json::from_str(&said(
        "cargo",
        &["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", &host()?],
    )?)?;
    let built_in = built_in()?;
    let mut by_text: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut list = String::new();
    let mut packages: Vec<_> = metadata
        .packages
        .iter()
        .filter(|package| package.source.is_some())
        .filter(|package| built_in.contains(&(package.name.clone(), package.version.clone())))
        .collect();
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    for package in packages {
        let name = format!("{} {}", package.name, package.version);
        let _ = writeln!(list, "{name}: {}", package.license.as_deref().unwrap_or("see its text"));
        for text in texts(package.manifest_path.parent().unwrap_or(Path::new(".")))? {
            by_text.entry(text).or_default().insert(name.clone());
        }
    }
    let mut out =
        format!("What is built into SMS Bridge, and under which licence. Their texts follow.\n\n{list}");
    for (text, names) in by_text {
        let names: Vec<String> = names.into_iter().collect();
        let _ = write!(out, "\n{}\n{}\n\n{}\n", "-".repeat(100), names.join(", "), text.trim());
    }
    Ok(std::fs::write(file, out)?)
}

fn host() -> Outcome<String> {
    let version = said("rustc", &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.ok_or("rustc does not say its host")?.to_owned())
}

/// Names and versions of what is linked into the program; not what only builds it or tests it.
fn built_in() -> Outcome<BTreeSet<(String, String)>> {
    let tree = said(
        "cargo",
        &[
            "tree",
            "--locked",
            "--offline",
            "-p",
            "bridge-server",
            "-e",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ],
    )?;
    Ok(tree
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?.to_owned(), words.next()?.trim_start_matches('v').to_owned()))
        })
        .collect())
}

fn texts(folder: &Path) -> Outcome<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().to_uppercase();
        let is_text = ["LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"]
            .iter()
            .any(|word| name.starts_with(word));
        if is_text && entry.file_type()?.is_file() {
            found.push(String::from_utf8_lossy(&std::fs::read(entry.path())?).replace('\r', ""));
        }
    }
    found.sort();
    Ok(found)
}
