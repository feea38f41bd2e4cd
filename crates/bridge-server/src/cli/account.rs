//! Under which account a command runs. Not what it may do: that is the system's matter.

use std::ffi::OsString;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Root is not who a bridge runs as: what root writes into its folder, the bridge cannot read. So the command is run once
/// more, under the account that owns the folder. Comes back where there is nothing to change.
pub(super) fn of_the_bridge(data_dir: &Path, arguments: &[OsString]) -> Result<(), String> {
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    // A folder that is not there has no owner yet.
    let Ok(folder) = std::fs::metadata(data_dir) else { return Ok(()) };
    if folder.uid() == 0 {
        return Ok(());
    }
    let failed = |error: std::io::Error| {
        format!("the command cannot run under the account that owns {}: {error}", data_dir.display())
    };
    let program = std::env::current_exe().map_err(failed)?;
    let mut command = Command::new(program);
    command.args(arguments.get(1..).unwrap_or_default()).uid(folder.uid()).gid(folder.gid());
    Err(failed(command.exec()))
}
