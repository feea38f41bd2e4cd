//! The command line: one file per command (contract section 1). Commands that look at a running bridge
//! are clients of its HTTP API; without one they start it inside for as long as they need it.

mod account;
mod admin;
mod api_key;
mod backup;
mod blacklist;
mod blocked_email;
mod bridge;
mod config;
mod demo;
mod doctor;
mod health;
mod import;
mod init;
mod log;
mod migrate;
mod notify;
mod onboarding;
mod openapi;
mod person;
mod phone;
mod plain;
mod push;
mod quarantine;
mod rebuild;
mod receiver;
mod receiver_test;
mod serve;
mod settings;
mod shell;
mod show;
mod simulate;
mod sms;
mod status;
mod tunnel;
mod validated;
mod verdicts;
mod webhook;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgMatches, CommandFactory, FromArgMatches, Parser, Subcommand};
use rustix::fs::Mode;

use crate::config::Config;
use crate::config_file;

/// Proves that a person holds a mobile number: they send the SMS.
#[derive(Parser)]
#[command(name = "sms-bridge", version = crate::BUILD, args_conflicts_with_subcommands = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    /// The configuration file; /etc/sms-bridge/bridge.toml when not given, if there is one. What flags and the environment
    /// say goes before it.
    #[arg(long, env = config_file::VARIABLE, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: Config,
}

#[derive(Subcommand)]
enum Command {
    /// Run the bridge (the default).
    Serve(Box<Config>),
    /// Set a bridge up: asks what it must, tries each answer, writes configuration and unit.
    Init(Box<init::Args>),
    /// See a number validated and cheating refused, without any set-up.
    Demo(demo::Args),
    /// Play a phone against a running bridge.
    Simulate(simulate::Args),
    /// Hand an SMS to a bridge, from a modem daemon's hook or the shell.
    Push(Box<push::Args>),
    /// See what the bridge would start with, and where each value comes from.
    Config(config::Args),
    /// Read and change settings.
    Settings(settings::Args),
    /// Add and look after the phones, modems and providers that hand in SMS.
    Receiver(receiver::Args),
    /// Back-fill SMS from a phone's own list, and see what was missing.
    Import(import::Args),
    /// Look at what receivers sent and nobody can use.
    Quarantine(quarantine::Args),
    /// How the bridge stands: can people register and be validated now, and if not, why.
    Status(status::Args),
    /// Look at judged SMS, and accept one whose time alone was in doubt.
    Sms(sms::Args),
    /// Look at registrations.
    Onboarding(onboarding::Args),
    /// Look after the accounts of the operator's desk.
    Admin(admin::Args),
    /// Make and revoke keys for apps, receivers and programs.
    ApiKey(api_key::Args),
    /// Block and unblock numbers.
    Blacklist(blacklist::Args),
    /// Block e-mail addresses from registering.
    BlockedEmail(blocked_email::Args),
    /// Show or erase everything that is kept of a number.
    Person(person::Args),
    /// Look at validated numbers, and take one off.
    Validated(validated::Args),
    /// See who changed what.
    Log(log::Args),
    /// Tell apps what happened.
    Webhook(webhook::Args),
    /// Who is told when something is wrong: by e-mail, ntfy, Telegram, Slack or a webhook.
    Notify(notify::Args),
    /// Write everything that the bridge keeps to one file, while it runs or not.
    Backup(Box<backup::BackupArgs>),
    /// Make a bridge of such a file, in a folder where none is.
    Restore(Box<backup::RestoreArgs>),
    /// Make a damaged embedded store anew, while the bridge is stopped.
    Rebuild(Box<rebuild::Args>),
    /// Check everything and say what to do.
    Doctor(doctor::Args),
    /// Ask whether the bridge takes SMS now: the exit code says it, for whoever watches over it.
    Health(health::Args),
    /// Write the configuration of a Cloudflare tunnel that exposes what the outside needs, and nothing else.
    Tunnel(tunnel::Args),
    /// Bring the audit database up to date.
    Migrate(migrate::Args),
    /// Print the API's description (OpenAPI 3.1).
    Openapi,
    /// Print what a shell completes commands with.
    Completions(shell::Completions),
    /// Write the man pages to a folder.
    Man(shell::Man),
}

/// Something went wrong while running.
pub(crate) const FAILED: u8 = 1;
/// The configuration is wrong.
pub(crate) const MISCONFIGURED: u8 = 2;

/// Runs the program.
#[must_use]
pub fn run() -> ExitCode {
    // Before the first file, of whichever command: what this program writes is for its own account.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let file = match config_file::of_command_line(&Cli::command(), &arguments) {
        Ok(file) => file,
        Err(problems) => return misconfigured(&problems),
    };
    let matches = file.fill(Cli::command()).get_matches_from(&arguments);
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let Err(problem) = change_account(&cli, &matches, &arguments) {
        return failed(&problem);
    }
    let result = match cli.command {
        None => return serve::run(cli.flags),
        Some(Command::Serve(config)) => return serve::run(*config),
        Some(Command::Init(args)) => match matches.subcommand() {
            Some((_, matches)) => init::run(&args, cli.config.as_deref(), matches, &file),
            None => Ok(ExitCode::SUCCESS),
        },
        Some(Command::Demo(args)) => demo::run(&args),
        Some(Command::Simulate(args)) => simulate::run(&args),
        Some(Command::Push(args)) => push::run(&args),
        Some(Command::Config(args)) => match matches.subcommand() {
            Some((_, matches)) => config::run(&args, matches, &file),
            None => Ok(ExitCode::SUCCESS),
        },
        Some(Command::Settings(args)) => settings::run(&args),
        Some(Command::Receiver(args)) => receiver::run(&args),
        Some(Command::Import(args)) => import::run(&args),
        Some(Command::Quarantine(args)) => quarantine::run(&args),
        Some(Command::Status(args)) => status::run(&args),
        Some(Command::Sms(args)) => sms::run(&args),
        Some(Command::Onboarding(args)) => onboarding::run(&args),
        Some(Command::Log(args)) => log::run(&args),
        Some(Command::Admin(args)) => admin::run(&args),
        Some(Command::ApiKey(args)) => api_key::run(&args),
        Some(Command::Blacklist(args)) => blacklist::run(&args),
        Some(Command::BlockedEmail(args)) => blocked_email::run(&args),
        Some(Command::Person(args)) => person::run(&args),
        Some(Command::Validated(args)) => validated::run(&args),
        Some(Command::Webhook(args)) => webhook::run(&args),
        Some(Command::Notify(args)) => notify::run(&args),
        Some(Command::Backup(args)) => backup::backup(&args),
        Some(Command::Restore(args)) => backup::restore(&args),
        Some(Command::Rebuild(args)) => rebuild::run(&args),
        Some(Command::Doctor(args)) => doctor::run(&args),
        Some(Command::Health(args)) => health::run(&args),
        Some(Command::Tunnel(args)) => tunnel::run(&args),
        Some(Command::Migrate(args)) => migrate::run(&args),
        Some(Command::Openapi) => openapi::run(),
        Some(Command::Completions(args)) => Ok(shell::completions(&args, Cli::command())),
        Some(Command::Man(args)) => shell::man(&args, Cli::command()),
    };
    result.unwrap_or_else(|problem| failed(&problem))
}

pub(crate) const ERROR: anstyle::Style = anstyle::AnsiColor::Red.on_default().bold();
pub(crate) const GOOD: anstyle::Style = anstyle::AnsiColor::Green.on_default();
pub(crate) const BAD: anstyle::Style = anstyle::AnsiColor::Red.on_default();
pub(crate) const WARN: anstyle::Style = anstyle::AnsiColor::Yellow.on_default();
pub(crate) const DIM: anstyle::Style = anstyle::Style::new().dimmed();
pub(crate) const BOLD: anstyle::Style = anstyle::Style::new().bold();

/// Runs a command's work to its end.
fn block_on<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    runtime()?.block_on(work)
}

/// What a command runs on.
fn runtime() -> Result<tokio::runtime::Runtime, String> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| no_runtime(&error))
}

fn no_runtime(error: &std::io::Error) -> String {
    format!("the asynchronous runtime cannot start: {error}")
}

/// That a list cannot be read.
fn unreadable(file: &std::path::Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}", file.display())
}

/// Runs as the account of the bridge; `init` sets up what that account cannot.
fn change_account(cli: &Cli, matches: &ArgMatches, arguments: &[OsString]) -> Result<(), String> {
    if matches!(cli.command, Some(Command::Init(_))) {
        return Ok(());
    }
    let mut matches = matches;
    while let Some((_, below)) = matches.subcommand() {
        matches = below;
    }
    match matches.try_get_one::<PathBuf>("data_dir") {
        Ok(Some(data_dir)) => account::of_the_bridge(data_dir, arguments),
        _ => Ok(()),
    }
}

/// Says everything that is wrong with the configuration.
fn misconfigured(problems: &[String]) -> ExitCode {
    anstream::eprintln!("{ERROR}The configuration is wrong:{ERROR:#}");
    for problem in problems {
        anstream::eprintln!("  - {}", plain::escaped(problem));
    }
    ExitCode::from(MISCONFIGURED)
}

fn failed(problem: &str) -> ExitCode {
    // A problem may be in the words of a bridge, a database or whatever answers at its address.
    anstream::eprintln!("{ERROR}error:{ERROR:#} {}", plain::escaped_lines(problem));
    ExitCode::from(FAILED)
}

/// A table as wide as the terminal; without one, as wide as it needs to be.
fn table(header: &[&str]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table
        .load_style(comfy_table::presets::UTF8_FULL_CONDENSED)
        .set_content_arrangement(comfy_table::ContentArrangement::Dynamic)
        .set_header(
            header
                .iter()
                .map(|text| comfy_table::Cell::new(text).add_attribute(comfy_table::Attribute::Bold)),
        );
    table
}
