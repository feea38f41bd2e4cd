//! `rebuild`: looks at the embedded stores of a bridge that does not run, and makes the damaged ones anew: of what can be read
//! of them, and at the next start of what the other store and the journal know. Not `doctor`, which looks at one that runs.

use std::process::ExitCode;

use bridge_app::base::clock::Clock;
use bridge_backends::embedded::{self, Salvaged};
use bridge_store::folder::FolderLock;

use super::{BOLD, DIM, GOOD, WARN, plain};
use crate::config::{Config, EMBEDDED};

/// Which bridge.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    config: Config,
}

/// Makes one file anew, and keeps the old one in a folder of that name.
type Rebuild = fn(&std::path::Path, &str) -> Result<Salvaged, bridge_store::folder::FolderError>;

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let config = &args.config;
    let folder = &config.data_dir;
    let _held = FolderLock::take(folder).map_err(|error| error.to_string())?;
    let stores: [(&str, &str, Rebuild); 2] = [
        (embedded::HOT, &config.hot_url, embedded::rebuild_hot),
        (embedded::AUDIT, &config.audit_url, embedded::rebuild_audit),
    ];
    let kept_in = format!("damaged-{}", Clock::system().now().epoch_seconds());
    let mut looked_at = 0;
    for (file, url, rebuild) in stores {
        if url != EMBEDDED || !folder.join(file).exists() {
            continue;
        }
        looked_at += 1;
        let salvaged = rebuild(folder, &kept_in).map_err(|error| error.to_string())?;
        tell(file, &salvaged);
    }
    if looked_at == 0 {
        return Err(format!(
            "no embedded store is in {}: Redis is rebuilt by the bridge itself, PostgreSQL from its backup",
            folder.display()
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn tell(file: &str, salvaged: &Salvaged) {
    let Some(said) = &salvaged.said else {
        anstream::println!("{GOOD}✔{GOOD:#} {file} is whole: nothing was done");
        return;
    };
    anstream::println!("{WARN}{file} was damaged{WARN:#}: {}", plain::escaped_lines(said));
    let rows: u64 = salvaged.tables.iter().map(|table| table.rows).sum();
    anstream::println!("{GOOD}✔{GOOD:#} it is made anew, with {BOLD}{rows}{BOLD:#} rows that could be read");
    for table in salvaged.tables.iter().filter(|table| table.is_torn) {
        anstream::println!("  {}: not everything could be read, {} rows are kept", table.name, table.rows);
    }
    if let Some(kept) = &salvaged.kept {
        anstream::println!(
            "  {DIM}the damaged file is in {}: remove it when all is well{DIM:#}",
            kept.display()
        );
    }
    let next = if file == embedded::HOT {
        "start the bridge: it gives the hot store back what the audit store knows"
    } else {
        "start the bridge, look at settings and receivers, and ask the phones for their lists (sms-bridge import); a backup may know more (sms-bridge restore)"
    };
    anstream::println!("  {next}");
}
