//! `backup` and `restore`: everything that a bridge keeps in one file, and back.

use std::path::PathBuf;
use std::process::ExitCode;

use super::{BOLD, DIM, GOOD, WARN};
use crate::backup::{self, Manifest, Passphrase, Restored, Wanted};
use crate::config::Config;
use bridge_app::base::clock::Clock;
use bridge_app::state::last_backup::FailedBackup;

/// Where to.
#[derive(clap::Args, Debug)]
pub(super) struct BackupArgs {
    /// The file to write; it must not be there yet.
    file: PathBuf,
    /// The keys in the data folder, too, encrypted with a passphrase.
    #[arg(long)]
    with_secrets: bool,
    /// A file with the passphrase; asked for when not given.
    #[arg(long, env = "SMS_BRIDGE_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    config: Config,
}

/// What from.
#[derive(clap::Args, Debug)]
pub(super) struct RestoreArgs {
    /// The file that backup wrote.
    file: PathBuf,
    /// Close the registrations that were open: what became of them since nobody knows here.
    #[arg(long)]
    close_pending: bool,
    /// Leave out the keys that are in it: new ones are made.
    #[arg(long, conflicts_with = "passphrase_file")]
    without_secrets: bool,
    /// A file with the passphrase of the keys; asked for when not given.
    #[arg(long, env = "SMS_BRIDGE_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    config: Config,
}

const MIB: u64 = 1024 * 1024;

pub(super) fn backup(args: &BackupArgs) -> Result<ExitCode, String> {
    let passphrase = match args.with_secrets {
        true => Some(Passphrase::ask(args.passphrase_file.as_deref(), true)?),
        false => None,
    };
    let made = super::block_on(backup::make(&args.config, &args.file, passphrase.as_ref()));
    let made = made.inspect_err(|error| note_failure(&args.config, error))?;
    anstream::println!(
        "{GOOD}✔{GOOD:#} {BOLD}{}{BOLD:#} holds the bridge as it was at {}, {} MiB",
        args.file.display(),
        made.at,
        made.bytes.div_ceil(MIB)
    );
    if made.without_hot {
        anstream::println!(
            "  {DIM}Redis is not in it: it is rebuilt from PostgreSQL and the journal. Each bridge of a group needs a backup of its own folder.{DIM:#}"
        );
    }
    if !made.with_keys {
        anstream::println!(
            "  {DIM}The keys are not in it (--with-secrets): without them apps and phones need new ones after a restore.{DIM:#}"
        );
    }
    anstream::println!(
        "  {DIM}It holds numbers and texts of people: keep it like the bridge itself, and on another machine.{DIM:#}"
    );
    Ok(ExitCode::SUCCESS)
}

/// A timer's backup that fails is seen by nobody: the bridge tells it to whoever is told.
fn note_failure(config: &Config, error: &str) {
    let failed = FailedBackup { at: Clock::system().now(), error: error.to_owned() };
    if let Err(error) = failed.note(&config.data_dir) {
        tracing::warn!(%error, "that the backup failed cannot be noted");
    }
}

pub(super) fn restore(args: &RestoreArgs) -> Result<ExitCode, String> {
    let wanted = Wanted {
        close_pending: args.close_pending,
        without_keys: args.without_secrets,
        passphrase_file: args.passphrase_file.clone(),
    };
    let restored = super::block_on(backup::restore(&args.config, &args.file, &wanted))?;
    let Restored { manifest, settled, with_keys } = &restored;
    anstream::println!(
        "{GOOD}✔{GOOD:#} the bridge as it was at {BOLD}{}{BOLD:#} is in {}",
        manifest.made_at,
        args.config.data_dir.display()
    );
    anstream::println!("  {DIM}new SMS are numbered above {}{DIM:#}", settled.ids_above);
    if settled.closed > 0 {
        anstream::println!(
            "  {} registrations that were open are closed: these people register again",
            settled.closed
        );
    }
    missing(manifest, settled.open, *with_keys);
    Ok(ExitCode::SUCCESS)
}

/// What happened since is not in it: what can be fetched again, and how.
fn missing(manifest: &Manifest, open: usize, with_keys: bool) {
    anstream::println!("\n{WARN}What happened since {} is not in it:{WARN:#}", manifest.made_at);
    anstream::println!(
        "  SMS            ask every phone for its list: sms-bridge receiver pull NAME, or sms-bridge import; nothing is judged twice"
    );
    if open > 0 {
        anstream::println!(
            "  registrations  {open} are open as they were then, whatever became of them since; --close-pending closes them"
        );
    } else {
        anstream::println!("  registrations  people who registered since register again");
    }
    anstream::println!("  settings, receivers, blocked numbers: look whether they are as you want them");
    anstream::println!(
        "  erasures       who was erased since is in it again: erase them again, by your receipts"
    );
    if !with_keys {
        let why = if manifest.has_keys() { "left out" } else { "not in it" };
        anstream::println!(
            "  keys           {why}: new ones are made at the start, apps and the receiver `default` need them"
        );
    }
}
