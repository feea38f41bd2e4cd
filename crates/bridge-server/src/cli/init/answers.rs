//! What the configuration file will say: what was given, and what is asked. Each answer is tried before the next question.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use clap::{ArgMatches, FromArgMatches};

use super::ask::Asker;
use super::trial;
use crate::config::{Config, EMBEDDED};
use crate::config_file::{self, ConfigFile, Source};

/// Where a package keeps what a bridge keeps.
const USUAL_FOLDER: &str = "/var/lib/sms-bridge";
/// Every phone in the same network reaches it.
const OPEN: &str = "0.0.0.0:8080";
/// Nobody but this machine.
const CLOSED: &str = "127.0.0.1:8080";

/// Values by key, as they stand in the file.
pub(super) struct Answers {
    values: BTreeMap<String, Vec<String>>,
}

impl Answers {
    /// What flags and an older file say.
    pub(super) fn given(matches: &ArgMatches, file: &ConfigFile) -> Answers {
        let mut values = BTreeMap::new();
        for flag in config_file::flags().get_arguments() {
            let Some(key) = config_file::key_of(flag) else { continue };
            if !matches!(file.source(flag, matches), Source::Flag | Source::File(..)) {
                continue;
            }
            let raw = matches.get_raw(flag.get_id().as_str()).into_iter().flatten();
            values.insert(key, raw.map(|value| value.to_string_lossy().into_owned()).collect());
        }
        Answers { values }
    }

    /// Variables that will go before the file, whatever it says.
    pub(super) fn named_by_environment(&self, matches: &ArgMatches) -> Vec<String> {
        let flags = config_file::flags();
        let sources = flags.get_arguments().map(|flag| ConfigFile::default().source(flag, matches));
        sources
            .filter_map(|source| if let Source::Environment(name) = source { Some(name) } else { None })
            .collect()
    }

    pub(super) fn get(&self, key: &str) -> Option<&[String]> {
        self.values.get(key).map(Vec::as_slice)
    }

    fn first(&self, key: &str, usual: &str) -> String {
        self.get(key).and_then(|values| values.first()).map_or_else(|| usual.to_owned(), Clone::clone)
    }

    /// An empty answer is none.
    fn put(&mut self, key: &str, value: String) {
        if value.is_empty() {
            self.values.remove(key);
        } else {
            self.values.insert(key.to_owned(), vec![value]);
        }
    }

    /// Asks what must be known.
    pub(super) fn ask(&mut self, asker: &Asker) -> Result<(), String> {
        let folder = asker.until(
            "Folder for everything it keeps",
            &self.first("data_dir", &usual_folder()),
            |answer| {
                let folder = std::path::absolute(answer).map_err(|error| error.to_string())?;
                trial::folder(&folder)?;
                Ok(folder)
            },
        )?;
        self.put("data_dir", folder.display().to_string());
        self.ask_where(asker, &folder)?;
        self.ask_stores(asker)
    }

    fn ask_where(&mut self, asker: &Asker, folder: &Path) -> Result<(), String> {
        let open = asker.whether(
            "May phones in your own network reach it? No: a tunnel or proxy on this machine leads to it",
            self.get("bind").is_some_and(|bind| !bind.iter().any(|bind| bind.starts_with("127."))),
        )?;
        let usual = self.first("bind", if open { OPEN } else { CLOSED });
        let bind = asker.until("Where it listens", &usual, |answer| trial::listener(answer, folder))?;
        let here = if bind.ip().is_unspecified() { this_machine() } else { Some(bind.ip()) };
        let here = here
            .filter(|ip| !ip.is_loopback())
            .map(|ip| format!("http://{}", SocketAddr::new(ip, bind.port())));
        self.put("bind", bind.to_string());
        let usual = self.first("public_url", &here.unwrap_or_default());
        let public = asker.until("Its address for phones and users", &usual, trial::public_url)?;
        self.put("public_url", public);
        Ok(())
    }

    fn ask_stores(&mut self, asker: &Asker) -> Result<(), String> {
        let hot = asker.until(
            "Redis for what is judged by (redis://…), or embedded",
            &self.first("hot_url", EMBEDDED),
            trial::hot,
        )?;
        self.put("hot_url", hot);
        let direct = self.first("audit_direct_url", "");
        let audit = asker.until(
            "PostgreSQL for what stays (postgres://…), or embedded",
            &self.first("audit_url", EMBEDDED),
            |answer| trial::audit(answer, Some(direct.as_str()).filter(|url| !url.is_empty())),
        )?;
        self.put("audit_url", audit);
        let key = self.remote_key()?;
        let mut asked_key = None;
        let remote = asker.until(
            "A database elsewhere that is told validated numbers (postgres://… or https://…/rest/v1)",
            &self.first("remote_url", ""),
            |answer| {
                asked_key = match &key {
                    None if answer.starts_with("http") => {
                        Some(asker.until("Its service key", "", |key| Ok(key.to_owned()))?)
                    }
                    key => key.clone(),
                };
                trial::remote(answer, asked_key.as_deref())
            },
        )?;
        if !remote.is_empty() && self.get("remote_key_file").is_none() {
            self.put("remote_key", asked_key.unwrap_or_default());
        }
        self.put("remote_url", remote);
        Ok(())
    }

    fn remote_key(&self) -> Result<Option<String>, String> {
        let file = self.get("remote_key_file").and_then(|file| file.first()).map(PathBuf::from);
        let key = self.get("remote_key").and_then(|key| key.first());
        crate::secret_file::one("--remote-key", key.map(String::as_str), file.as_deref())
    }

    /// The configuration that the file will be.
    pub(super) fn config(&self) -> Result<Config, String> {
        let given = self.values.iter().flat_map(|(key, values)| {
            values.iter().map(move |value| format!("--{}={value}", key.replace('_', "-")))
        });
        let command = config_file::flags().mut_args(|flag| flag.env(clap::builder::Resettable::Reset));
        let matches = command.try_get_matches_from(given).map_err(|error| error.to_string())?;
        let mut config = Config::from_arg_matches(&matches).map_err(|error| error.to_string())?;
        let mut problems = config.read_secret_files();
        problems.extend(config.problems());
        if problems.is_empty() { Ok(config) } else { Err(problems.join("\n")) }
    }
}

fn usual_folder() -> String {
    let is_installed = Path::new(USUAL_FOLDER).exists() || rustix::process::geteuid().is_root();
    if is_installed { USUAL_FOLDER } else { "./data" }.to_owned()
}

/// Under which address others in the network see this machine. Nothing is sent: the system only chooses a way out.
fn this_machine() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // An address that belongs to nobody (RFC 5737).
    socket.connect("192.0.2.1:9").ok()?;
    Some(socket.local_addr().ok()?.ip()).filter(|ip| !ip.is_loopback() && !ip.is_unspecified())
}
