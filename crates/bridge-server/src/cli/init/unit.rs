//! The unit for systemd. A package brings its own; for a program that was copied or built, it is written here.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::GOOD;

/// The one that packages bring.
const UNIT: &str = include_str!("../../../../../deploy/systemd/sms-bridge.service");
const NAME: &str = "sms-bridge.service";
/// Where systemd looks for units.
const FOLDERS: [&str; 3] = ["/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
/// It is there where systemd runs.
const RUNS: &str = "/run/systemd/system";

/// Writes it where it was asked for, or where systemd looks and has none. Answers which unit starts the bridge.
pub(super) fn write(asked: Option<&Path>, config: &Path, data_dir: &Path) -> Result<Option<PathBuf>, String> {
    let there = FOLDERS.iter().map(|folder| Path::new(folder).join(NAME)).find(|unit| unit.exists());
    let to = match (asked, there) {
        (Some(asked), _) => asked.to_owned(),
        (None, Some(there)) => return Ok(Some(there)),
        (None, None) if Path::new(RUNS).exists() && rustix::process::geteuid().is_root() => {
            Path::new(FOLDERS[0]).join(NAME)
        }
        (None, None) => return Ok(None),
    };
    let program = std::env::current_exe().map_err(|error| format!("the program is not found: {error}"))?;
    std::fs::write(&to, text(&program, config, data_dir))
        .map_err(|error| format!("{} cannot be written: {error}", to.display()))?;
    anstream::println!("{GOOD}✔{GOOD:#} {} is written", to.display());
    Ok(Some(to))
}

/// Lets systemd start the bridge anew where it runs it: only then it knows what was answered. False: it does not run it.
pub(super) fn restarted() -> Result<bool, String> {
    let systemctl =
        |words: &[&str]| Command::new("systemctl").args(words).status().is_ok_and(|end| end.success());
    if !Path::new(RUNS).exists()
        || !rustix::process::geteuid().is_root()
        || !systemctl(&["is-active", "--quiet", NAME])
    {
        return Ok(false);
    }
    if systemctl(&["restart", NAME]) {
        return Ok(true);
    }
    Err(format!("{NAME} does not start again: journalctl -u {NAME} says why"))
}

fn text(program: &Path, config: &Path, data_dir: &Path) -> String {
    let mut text = String::new();
    for line in UNIT.lines() {
        let line = match line.split_once('=') {
            Some(("ExecStart", _)) => {
                format!("ExecStart={} serve --config {}", quoted(program), quoted(config))
            }
            Some(("ReadWritePaths", _)) => format!("ReadWritePaths={}", quoted(data_dir)),
            _ => line.to_owned(),
        };
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// As systemd reads a path: a blank in it does not end it, and a percent sign is one.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string().replace('%', "%%");
    if text.contains([' ', '\\', '"', '\'']) {
        format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_names_program_file_and_folder() {
        let text =
            text(Path::new("/opt/sms bridge/sms-bridge"), Path::new("/etc/b.toml"), Path::new("/srv/100%"));
        assert!(
            text.contains("ExecStart=\"/opt/sms bridge/sms-bridge\" serve --config /etc/b.toml\n"),
            "{text}"
        );
        assert!(text.contains("ReadWritePaths=/srv/100%%\n") && text.contains("Type=notify\n"), "{text}");
    }
}
