//! The configuration file: every flag of [`Config`] is a key of it. It has no list of its own: clap's flags are the list,
//! and what the file says becomes a flag's default, so that clap alone decides between flag, environment, file and
//! default. Not settings: those are changed while the bridge runs.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::ops::Range;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use clap::builder::{ArgPredicate, Resettable};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command};
use toml_edit::{Document, Item, Value};

use crate::config::Config;

/// Where it is when nothing else is said. Here it may be missing.
pub const USUAL: &str = "/etc/sms-bridge/bridge.toml";
/// Says where else it is.
pub const VARIABLE: &str = "SMS_BRIDGE_CONFIG";
/// Every other variable begins with this, and ends with the key.
const PREFIX: &str = "SMS_BRIDGE_";
/// A key with this ending names a file that holds what the key without it says.
const AS_FILE: &str = "_file";
/// Less alike than this are two different words.
const ALIKE: f64 = 0.8;
/// Another account than the owner's and the group's.
const OTHERS_READ: u32 = 0o004;
const OTHERS_WRITE: u32 = 0o002;

/// A configuration file that was read, or that there is none.
#[derive(Clone, Debug, Default)]
pub struct ConfigFile {
    path: PathBuf,
    entries: BTreeMap<String, Entry>,
    others_read: bool,
}

/// What the file says of one key.
#[derive(Clone, Debug)]
struct Entry {
    line: usize,
    values: Vec<String>,
}

/// Where the value of a flag comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// An environment variable.
    Environment(String),
    /// This line of the file.
    File(PathBuf, usize),
    /// Nobody gave it.
    Default,
}

/// Everything that can be configured, as clap knows it.
#[must_use]
pub fn flags() -> Command {
    Config::augment_args(Command::new("sms-bridge").no_binary_name(true))
}

/// The key of a flag in the file.
#[must_use]
pub fn key_of(flag: &Arg) -> Option<String> {
    flag.get_long().map(|long| long.replace('-', "_"))
}

/// The key whose value a flag of any command has: the one with the same variable.
fn key_of_variable(flag: &Arg) -> Option<String> {
    Some(flag.get_env()?.to_str()?.strip_prefix(PREFIX)?.to_lowercase())
}

/// Does the command read anything of what can be configured?
#[must_use]
pub fn is_read_by(command: &Command) -> bool {
    let known = flags();
    let keys: Vec<String> = known.get_arguments().filter_map(key_of).collect();
    command.get_arguments().filter_map(key_of_variable).any(|key| keys.contains(&key))
}

impl ConfigFile {
    /// Reads the file that is given, or the one at its usual place, where there need be none. Everything wrong with it
    /// is told at once, and no value: it may be a secret.
    pub fn read(given: Option<&Path>) -> Result<ConfigFile, Vec<String>> {
        // A variable that is set to nothing is not set.
        let given = given.filter(|path| !path.as_os_str().is_empty());
        let path = given.unwrap_or(Path::new(USUAL));
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if given.is_none() && error.kind() == io::ErrorKind::NotFound => {
                return Ok(ConfigFile::default());
            }
            Err(error) => return Err(vec![unreadable(path, &error)]),
        };
        let mode = std::fs::metadata(path).map_or(0, |file| file.permissions().mode());
        if mode & OTHERS_WRITE != 0 {
            let open =
                format!("{}: every account of this machine can write to it: chmod o-w it", path.display());
            return Err(vec![open]);
        }
        ConfigFile::parse(path, &text).map(|file| ConfigFile { others_read: mode & OTHERS_READ != 0, ..file })
    }

    fn parse(path: &Path, text: &str) -> Result<ConfigFile, Vec<String>> {
        let line_at = |span: Option<Range<usize>>| {
            let before = text.get(..span.map_or(0, |span| span.start)).unwrap_or_default();
            before.matches('\n').count() + 1
        };
        let said = |line: usize, what: &str| format!("{}:{line}: {what}", path.display());
        let document =
            Document::parse(text).map_err(|error| vec![said(line_at(error.span()), error.message())])?;
        let known = flags();
        let mut problems = Vec::new();
        let mut entries = BTreeMap::new();
        for (key, item) in document.as_table() {
            let line = line_at(document.as_table().key(key).and_then(toml_edit::Key::span));
            let Some(flag) = known.get_arguments().find(|flag| key_of(flag).as_deref() == Some(key)) else {
                let keys = known.get_arguments().filter_map(key_of);
                problems.push(said(line, &format!("there is no {key:?}{}", did_you_mean(key, keys))));
                continue;
            };
            match values(flag, item).and_then(|values| accepted(flag, &values).map(|()| values)) {
                Ok(values) => {
                    entries.insert(key.to_owned(), Entry { line, values });
                }
                Err(why) => problems.push(said(line, &format!("{key}: {why}"))),
            }
        }
        if problems.is_empty() {
            Ok(ConfigFile { path: path.to_owned(), entries, others_read: false })
        } else {
            Err(problems)
        }
    }

    /// The file, if there is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        Some(self.path.as_path()).filter(|path| !path.as_os_str().is_empty())
    }

    /// That a secret in it can be read by every account of the machine.
    #[must_use]
    pub fn tells_secrets(&self) -> bool {
        let known = flags();
        let mut secret =
            known.get_arguments().filter(|flag| flag.is_hide_env_values_set()).filter_map(key_of);
        self.others_read && secret.any(|key| self.entries.contains_key(&key))
    }

    /// The command, and those below it, with what the file says as the defaults of their flags.
    #[must_use]
    pub fn fill(&self, command: Command) -> Command {
        if self.entries.is_empty() {
            return command;
        }
        let names: Vec<String> = command.get_subcommands().map(|below| below.get_name().to_owned()).collect();
        let ids: Vec<String> = command.get_arguments().map(|flag| flag.get_id().to_string()).collect();
        let filled = command.mut_args(|flag| {
            let Some((key, entry)) = key_of_variable(&flag).and_then(|key| self.entries.get_key_value(&key))
            else {
                return flag;
            };
            let flag = flag.default_values(entry.values.clone());
            // Given nearer by as itself, it is not looked for in the file that this file names.
            match key.strip_suffix(AS_FILE) {
                Some(itself) if ids.iter().any(|id| id == itself) => {
                    flag.default_value_if(itself.to_owned(), ArgPredicate::IsPresent, Resettable::Reset)
                }
                _ => flag,
            }
        });
        names.into_iter().fold(filled, |command, name| command.mut_subcommand(name, |below| self.fill(below)))
    }

    /// Where a flag's value comes from.
    #[must_use]
    pub fn source(&self, flag: &Arg, matches: &ArgMatches) -> Source {
        match matches.value_source(flag.get_id().as_str()) {
            Some(ValueSource::CommandLine) => Source::Flag,
            Some(ValueSource::EnvVariable) => {
                let variable = flag.get_env().map(OsStr::to_string_lossy);
                Source::Environment(variable.unwrap_or_default().into_owned())
            }
            Some(_) => match key_of(flag).and_then(|key| self.entries.get(&key)) {
                Some(entry) => Source::File(self.path.clone(), entry.line),
                None => Source::Default,
            },
            None => Source::Default,
        }
    }
}

fn unreadable(path: &Path, error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            ": use the account of the bridge, as in sudo -u sms-bridge sms-bridge …"
        }
        io::ErrorKind::NotFound => ": sms-bridge init writes one",
        _ => "",
    };
    format!("the configuration file {} cannot be read: {error}{advice}", path.display())
}

/// A value of the file as it would stand on the command line.
fn values(flag: &Arg, item: &Item) -> Result<Vec<String>, String> {
    let Some(value) = item.as_value() else { return Err("is no value but a table".to_owned()) };
    match value {
        Value::Array(_) if flag.get_value_delimiter().is_none() => {
            Err("takes one value, not a list".to_owned())
        }
        Value::Array(list) => list.iter().map(one).collect(),
        value => one(value).map(|one| vec![one]),
    }
}

fn one(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.value().clone()),
        Value::Integer(number) => Ok(number.value().to_string()),
        Value::Boolean(is) => Ok(is.value().to_string()),
        _ => Err("must be a text in quotes, a number, true or false".to_owned()),
    }
}

/// Whether clap takes the values, in its own words.
fn accepted(flag: &Arg, values: &[String]) -> Result<(), String> {
    let Some(long) = flag.get_long() else { return Ok(()) };
    let given = values.iter().map(|value| format!("--{long}={value}"));
    let command = flags().mut_args(|flag| flag.env(Resettable::Reset));
    let Err(error) = command.try_get_matches_from(given) else { return Ok(()) };
    let text = error.render().to_string();
    let said = text.lines().take_while(|line| !line.is_empty()).map(str::trim).collect::<Vec<_>>().join(" ");
    Err(said.trim_start_matches("error: ").to_owned())
}

/// The known word that is most like a mistyped one.
pub fn did_you_mean(mistyped: &str, known: impl Iterator<Item = String>) -> String {
    let plain = |word: &str| word.to_lowercase().replace(['-', ' '], "_");
    let mistyped = plain(mistyped);
    let likeness = |word: &String| strsim::jaro_winkler(&mistyped, &plain(word));
    let best = known.map(|word| (likeness(&word), word)).max_by(|a, b| a.0.total_cmp(&b.0));
    match best {
        Some((alike, word)) if alike >= ALIKE => format!(": did you mean {word:?}?"),
        _ => String::new(),
    }
}

/// The file of a command line: what `--config` or its variable say, and nothing if the command reads none of it.
pub fn of_command_line(command: &Command, arguments: &[OsString]) -> Result<ConfigFile, Vec<String>> {
    // What is wrong with the line is said when it is read for good.
    let Ok(matches) = command.clone().ignore_errors(true).try_get_matches_from(arguments) else {
        return Ok(ConfigFile::default());
    };
    let (mut command, mut matches) = (command, &matches);
    while let Some((name, below)) = matches.subcommand() {
        let Some(found) = command.find_subcommand(name) else { break };
        (command, matches) = (found, below);
    }
    if !is_read_by(command) {
        return Ok(ConfigFile::default());
    }
    let given = matches.get_one::<PathBuf>("config").map(PathBuf::as_path);
    // It writes the file.
    if command.get_name() == "init" && !given.unwrap_or(Path::new(USUAL)).exists() {
        return Ok(ConfigFile::default());
    }
    ConfigFile::read(given)
}
