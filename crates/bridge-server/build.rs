//! Notes which commit this is, for `--version`, and when it was made: no clock of a machine that runs it can be earlier
//! (decisions.md D49). A source without git says nothing. What `SMS_BRIDGE_BUILD` and `SOURCE_DATE_EPOCH` say wins, as
//! everywhere where builds are repeated.

use std::process::Command;

fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "a build is told by its environment, and by nothing else")]
fn main() {
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    if let Some(head) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={head}");
    }
    let committed = std::env::var("SOURCE_DATE_EPOCH").ok().or_else(|| git(&["log", "-1", "--format=%ct"]));
    println!("cargo::rustc-env=SMS_BRIDGE_COMMITTED={}", committed.unwrap_or_default());
    println!("cargo::rerun-if-env-changed=SMS_BRIDGE_BUILD");
    let commit = std::env::var("SMS_BRIDGE_BUILD").ok().filter(|commit| !commit.is_empty());
    let commit = commit.or_else(|| git(&["log", "-1", "--format=%h %cs"]));
    println!("cargo::rustc-env=SMS_BRIDGE_BUILD={}", commit.as_deref().unwrap_or("no commit"));
}
