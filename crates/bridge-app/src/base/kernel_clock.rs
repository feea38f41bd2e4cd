//! Whether the kernel says that its clock is synchronised with the world's. Asked of systemd, which reads it: the system call
//! itself has no safe wrapper that is kept well.

use std::path::Path;
use std::time::Duration;

use tokio::process::Command;

use crate::base::deadline::within;

/// systemd-timesyncd makes it once it has set the clock, and it is gone with the next boot.
const SYNCHRONISED: &str = "/run/systemd/timesync/synchronized";
const ASK: Duration = Duration::from_secs(2);

/// Does it say so? A system that cannot be asked says nothing.
pub(crate) async fn is_synchronised() -> bool {
    if Path::new(SYNCHRONISED).exists() {
        return true;
    }
    let mut command = Command::new("timedatectl");
    command.args(["show", "--property=NTPSynchronized", "--value"]).kill_on_drop(true);
    match within(ASK, command.output()).await {
        Ok(Ok(output)) => output.stdout.trim_ascii() == b"yes",
        Ok(Err(_)) | Err(_) => false,
    }
}
