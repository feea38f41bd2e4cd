//! What a shell and `man` show of the commands: completions and pages, made of the same list that clap reads.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Command;
use clap_complete::Shell;

use super::{GOOD, unreadable};

/// For which shell.
#[derive(clap::Args, Debug)]
pub(super) struct Completions {
    /// Which shell; put what is printed where it looks for completions.
    shell: Shell,
}

/// Where to.
#[derive(clap::Args, Debug)]
pub(super) struct Man {
    /// The folder that the pages are written to.
    folder: PathBuf,
}

const NAME: &str = "sms-bridge";

pub(super) fn completions(args: &Completions, mut command: Command) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut command, NAME, &mut text);
    anstream::print!("{}", String::from_utf8_lossy(&text));
    ExitCode::SUCCESS
}

pub(super) fn man(args: &Man, command: Command) -> Result<ExitCode, String> {
    let folder: &Path = &args.folder;
    std::fs::create_dir_all(folder).map_err(|error| unreadable(folder, &error))?;
    clap_mangen::generate_to(command, folder)
        .map_err(|error| format!("{} cannot be written to: {error}", folder.display()))?;
    anstream::println!("{GOOD}✔{GOOD:#} man -l {}/{NAME}.1", folder.display());
    Ok(ExitCode::SUCCESS)
}
