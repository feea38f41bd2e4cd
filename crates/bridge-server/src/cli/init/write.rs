//! Writes the configuration file: every key with what it means, those without an answer as a comment.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use bridge_store::private;
use toml_edit::{Array, Value};

use super::answers::Answers;
use crate::config_file;

/// Characters in a line of a comment.
const WIDTH: usize = 100;
/// The account of the bridge reads it, too, and nobody else.
const MODE: u32 = 0o640;

/// Writes it in one step. An older one is kept beside it.
pub(super) fn file(path: &Path, answers: &Answers) -> Result<(), String> {
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => {
            format!(
                "{} cannot be written: {error}; use sudo, or --config with a place of your own",
                path.display()
            )
        }
        _ => format!("{} cannot be written: {error}", path.display()),
    };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let text = text(answers);
    if fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    let draft = path.with_extension("toml.new");
    let _ = fs::remove_file(&draft);
    let mut file = private::options().write(true).create_new(true).open(&draft).map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    share(&draft, answers).map_err(failed)?;
    if path.exists() {
        fs::copy(path, path.with_extension("toml.before")).map_err(failed)?;
    }
    fs::rename(&draft, path).map_err(failed)?;
    fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// The group that owns the data folder may read it, where root writes it for another account.
fn share(draft: &Path, answers: &Answers) -> io::Result<()> {
    let Some(data_dir) = answers.get("data_dir").and_then(|values| values.first()) else { return Ok(()) };
    let data = fs::metadata(data_dir)?;
    if rustix::process::geteuid().is_root() && data.uid() != 0 {
        chown(draft, None, Some(data.gid()))?;
        fs::set_permissions(draft, fs::Permissions::from_mode(MODE))?;
    }
    Ok(())
}

fn text(answers: &Answers) -> String {
    let mut out = String::from(
        "# What SMS Bridge starts with. Flags and the environment go before it; `sms-bridge config show` says which\n\
         # of them each value came from. After a change: restart the bridge. What changes while it runs is a setting.\n",
    );
    for flag in config_file::flags().get_arguments() {
        let Some(key) = config_file::key_of(flag) else { continue };
        let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
        out.push('\n');
        for line in wrapped(&help) {
            let _ = writeln!(out, "# {line}");
        }
        let is_list = flag.get_value_delimiter().is_some();
        match answers.get(&key) {
            Some(values) => {
                let _ = writeln!(out, "{key} = {}", value(values, is_list));
            }
            None => {
                let usual: Vec<String> = flag
                    .get_default_values()
                    .iter()
                    .map(|value| value.to_string_lossy().into_owned())
                    .collect();
                let _ = writeln!(out, "# {key} = {}", value(&usual, is_list));
            }
        }
    }
    out
}

fn value(values: &[String], is_list: bool) -> String {
    if is_list {
        let list: Array = values.iter().map(String::as_str).collect();
        return Value::from(list).to_string();
    }
    let one = values.first().map(String::as_str).unwrap_or_default();
    match one.parse::<i64>() {
        Ok(number) if number.to_string() == one => Value::from(number).to_string(),
        _ => Value::from(one).to_string(),
    }
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let is_full = lines.last().is_some_and(|line| !line.is_empty() && line.len() + word.len() > WIDTH);
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}
