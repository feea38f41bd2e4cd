//! `init`: the first hour, guided. Asks what the bridge must know, tries each answer at once, writes the configuration
//! file and the unit, makes the bridge for the first time and says what to do on the phone. With `--yes` nothing is asked,
//! and what is given or usual is tried all the same. What is answered later is changed with an editor or `settings`.

mod answers;
mod ask;
mod first_start;
mod trial;
mod unit;
mod write;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ArgMatches;

use self::answers::Answers;
use self::ask::Asker;
use self::first_start::Wishes;
use super::{BOLD, DIM, GOOD, WARN};
use crate::config::Config;
use crate::config_file::{self, ConfigFile};

/// What need not be asked. Every flag of the bridge is one of the file, too.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Ask nothing: take what flags, an older file and the defaults say.
    #[arg(long, short)]
    yes: bool,
    /// The number that users text, like +919876543210.
    #[arg(long, value_name = "NUMBER")]
    number: Option<String>,
    #[arg(long, help = format!("What receives SMS there: {}", bridge_formats::names()), value_name = "FORMAT")]
    format: Option<String>,
    /// What the receiver is called.
    #[arg(long, default_value = "hall-phone", value_name = "NAME")]
    receiver: String,
    /// The calling code of the country whose numbers may register, like 91.
    #[arg(long, value_name = "CODE")]
    country: Option<String>,
    /// An ntfy topic that is told when something is wrong, like https://ntfy.sh/sms-bridge-7f3k2q; other ways: `notify add`.
    #[arg(long, value_name = "URL")]
    alert: Option<String>,
    /// Write the unit for systemd to this file.
    #[arg(long, value_name = "FILE")]
    unit: Option<PathBuf>,
    #[command(flatten)]
    config: Config,
}

pub(super) fn run(
    args: &Args,
    given: Option<&Path>,
    matches: &ArgMatches,
    file: &ConfigFile,
) -> Result<ExitCode, String> {
    let path = given.unwrap_or(Path::new(config_file::USUAL));
    let asker = Asker { asks: !args.yes };
    anstream::println!(
        "{BOLD}SMS Bridge{BOLD:#}: a few questions, then it can run. Return takes what is in brackets.\n"
    );
    let mut answers = Answers::given(matches, file);
    answers.ask(&asker)?;
    let config = answers.config()?;
    let wishes = Wishes::ask(&asker, args, file.path().is_none())?;
    write::file(path, &answers)?;
    anstream::println!("{GOOD}✔{GOOD:#} {} is written", path.display());
    let named: Vec<String> = answers.named_by_environment(matches);
    if !named.is_empty() {
        anstream::println!(
            "{WARN}!{WARN:#} the environment goes before the file, and says {}: take it out there",
            named.join(", ")
        );
    }
    let unit = unit::write(args.unit.as_deref(), path, &config.data_dir)?;
    let runs = super::block_on(first_start::run(path, &config, &wishes))?;
    next_steps(path, &config, unit.as_deref(), runs);
    Ok(ExitCode::SUCCESS)
}

fn next_steps(path: &Path, config: &Config, unit: Option<&Path>, runs: bool) {
    anstream::println!("\n{BOLD}Next{BOLD:#}");
    let named = match path == Path::new(config_file::USUAL) {
        true => String::new(),
        false => format!(" --config {}", path.display()),
    };
    match unit {
        Some(_) if runs => {}
        Some(unit) => anstream::println!(
            "  systemctl daemon-reload && systemctl enable --now {}   {DIM}starts it now, and with the machine{DIM:#}",
            unit.file_name().unwrap_or_default().display()
        ),
        None => anstream::println!("  sms-bridge serve{named}"),
    }
    let port = config.private_bind.unwrap_or(config.bind).port();
    anstream::println!("  sms-bridge doctor{named}   {DIM}looks at everything and says what to do{DIM:#}");
    anstream::println!("  http://127.0.0.1:{port}/admin   {DIM}the desk{DIM:#}");
}
