//! A bridge to speak with: the one that runs on a data folder, or one started inside for as long as the
//! command needs it. Either way over HTTP: there is one way in.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use bridge_store::folder::FolderError;
use clap::FromArgMatches;
use reqwest::{Method, StatusCode};
use serde_json::Value;

use super::plain;
use crate::config::Config;
use crate::config_file::{self, ConfigFile};
use crate::lifecycle::{self, Note, Running, StartError};
use crate::opening::StoresError;
use crate::secret_file;
use bridge_app::base::clock::{Clock, Entropy};
use bridge_app::base::secrets;
use bridge_app::bridge_id;
use bridge_app::sandbox;

/// Which bridge a command speaks with.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Which {
    /// The data folder of the bridge.
    #[arg(long, env = "SMS_BRIDGE_DATA_DIR", default_value = "./data", value_name = "FOLDER")]
    pub(super) data_dir: PathBuf,
    /// The operator's token, when it is not the generated one; a command line can be read by everybody on the machine, so
    /// rather give a file or the environment.
    #[arg(long, env = "SMS_BRIDGE_ADMIN_TOKEN", hide_env_values = true, value_name = "SECRET")]
    admin_token: Option<String>,
    /// A file with that token.
    #[arg(long, env = "SMS_BRIDGE_ADMIN_TOKEN_FILE", value_name = "FILE")]
    admin_token_file: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
    #[arg(from_global)]
    config: Option<PathBuf>,
}

impl Which {
    /// The token that was given, as itself or as a file.
    fn given_token(&self) -> Result<Option<String>, String> {
        secret_file::one("--admin-token", self.admin_token.as_deref(), self.admin_token_file.as_deref())
    }
}

/// A client of a bridge's HTTP API.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    secret: String,
    /// What it answers is shown to people: nothing in it may speak to their terminal.
    for_people: bool,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

/// That a command cannot ask anybody.
pub(super) fn no_client(error: &reqwest::Error) -> String {
    format!("the HTTP client cannot start: {error}")
}

impl Client {
    pub(super) fn new(url: &str, secret: String) -> Result<Client, String> {
        // Fails only if a provider is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(std::time::Duration::from_secs(40))
            .build()
            .map_err(|error| no_client(&error))?;
        Ok(Client { http, url: url.trim_end_matches('/').to_owned(), secret, for_people: true })
    }

    /// The same for people, or for a program, which is told everything as it is.
    pub(super) fn for_people(&self, for_people: bool) -> Client {
        Client { for_people, ..self.clone() }
    }

    /// An answer as it may be shown.
    pub(super) fn told(&self, answer: Value) -> Value {
        if self.for_people { plain::escaped_value(answer) } else { answer }
    }

    /// Where it answers.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The same bridge with another secret.
    pub(super) fn with_secret(&self, secret: String) -> Client {
        Client { secret, ..self.clone() }
    }

    /// A request to this bridge.
    pub(super) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(&self.secret)
    }

    /// Why it could not be sent.
    pub(super) fn unreachable(&self, error: &reqwest::Error) -> String {
        if error.is_connect() {
            format!("no bridge answers at {}", self.url)
        } else {
            format!("{}: {error}", self.url)
        }
    }

    /// Sends a request and reads whatever comes back.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let status = response.status();
        let text = response.text().await.map_err(|error| error.to_string())?;
        Ok(Answer { status, body: self.told(serde_json::from_str(&text).unwrap_or(Value::String(text))) })
    }

    /// Sends a request that must succeed.
    pub(super) async fn get(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, String> {
        let answer = self.ask(method, path, body).await?;
        if answer.status.is_success() { Ok(answer.body) } else { Err(answer.problem()) }
    }
}

impl Answer {
    /// What the bridge says is wrong.
    pub(super) fn problem(&self) -> String {
        match self.body.get("detail").and_then(Value::as_str) {
            Some(detail) => detail.to_owned(),
            None => format!("the bridge answered {}", self.status),
        }
    }
}

/// Who a command speaks with, and the bridge inside if there is one.
pub(super) struct Bridge {
    pub(super) client: Client,
    inside: Option<Running>,
}

impl Bridge {
    /// Finds the bridge that runs on the folder, or starts one.
    pub(super) async fn find(which: &Which) -> Result<Bridge, String> {
        must_be_there(which)?;
        match start_inside(which).await {
            Ok(running) => {
                let client = Client::new(&format!("http://{}", running.address), admin_token(which)?)?
                    .for_people(!which.json);
                Ok(Bridge { client, inside: Some(running) })
            }
            Err(StartError::Stores(StoresError::Folder(FolderError::InUse(_)))) => {
                let note = Note::read(&which.data_dir).map_err(|error| match error.kind() {
                    ErrorKind::PermissionDenied => error.to_string(),
                    _ => format!("a bridge is starting or stopping on this folder, try again ({error})"),
                })?;
                let client = Client::new(&note.admin_url, admin_token(which)?)?.for_people(!which.json);
                Ok(Bridge { client, inside: None })
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Where the bridge inside listens, if there is one.
    pub(super) fn address_inside(&self) -> Option<SocketAddr> {
        self.inside.as_ref().map(|inside| inside.address)
    }

    pub(super) async fn leave(self) {
        if let Some(inside) = self.inside {
            inside.stop().await;
        }
    }
}

/// A command looks at a bridge and makes none: in the wrong folder it would show an empty one, and say that all is well.
fn must_be_there(which: &Which) -> Result<(), String> {
    if bridge_id::is_there(&which.data_dir) {
        return Ok(());
    }
    let folder = std::path::absolute(&which.data_dir).unwrap_or_else(|_| which.data_dir.clone());
    let file = which.config.as_deref().unwrap_or(Path::new(config_file::USUAL));
    Err(format!(
        "there is no bridge in {}. Say where it is: --data-dir, SMS_BRIDGE_DATA_DIR, or data_dir in {}{}. \
         A new one is made by sms-bridge init, or by sms-bridge serve",
        folder.display(),
        file.display(),
        if file.exists() { "" } else { " (which is not there)" }
    ))
}

pub(super) fn admin_token(which: &Which) -> Result<String, String> {
    match which.given_token()? {
        Some(token) => Ok(token.split(',').next().unwrap_or_default().to_owned()),
        None => secrets::read(&which.data_dir, "admin_token").map_err(|error| {
            format!("the admin token cannot be read from {}: {error}", which.data_dir.display())
        }),
    }
}

/// The configuration of a bridge on this folder, as file and environment say it.
fn usual_config(which: &Which, more: &[&OsStr]) -> Result<Config, String> {
    let file = ConfigFile::read(which.config.as_deref()).map_err(|problems| problems.join("\n"))?;
    let folder = ["--data-dir".as_ref(), which.data_dir.as_os_str()];
    let matches = file
        .fill(config_file::flags())
        .try_get_matches_from(folder.iter().chain(more))
        .map_err(|error| error.to_string())?;
    Config::from_arg_matches(&matches).map_err(|error| error.to_string())
}

/// The configuration of a bridge on this folder and any free port, whatever file and environment say.
fn private_config(which: &Which) -> Result<Config, String> {
    let config = usual_config(which, &["--bind".as_ref(), "127.0.0.1:0".as_ref()])?;
    // A command looks at what is there.
    let sandbox = config.sandbox || sandbox::is_marked(&which.data_dir);
    Ok(Config { private_bind: None, sandbox, ..config })
}

/// Where a bridge listens that is started as file and environment say.
pub(super) fn usual_bind(which: &Which) -> Result<SocketAddr, String> {
    Ok(usual_config(which, &[])?.bind)
}

/// Where its desk is.
pub(super) fn usual_desk(which: &Which) -> Result<SocketAddr, String> {
    let config = usual_config(which, &[])?;
    Ok(config.private_bind.unwrap_or(config.bind))
}

async fn start_inside(which: &Which) -> Result<Running, StartError> {
    let mut config = private_config(which).map_err(StartError::Configuration)?;
    if let Some(problem) = config.read_secret_files().into_iter().next() {
        return Err(StartError::Configuration(problem));
    }
    if let Some(token) = which.given_token().map_err(StartError::Configuration)? {
        // Whoever can open the folder can read every token: the one given opens the bridge inside.
        config.admin_token = token.split(',').map(str::to_owned).collect();
    }
    let opened = lifecycle::open(&config, Clock::system(), Entropy::system()).await?;
    lifecycle::start(&config, opened).await
}
