//! The bridge as one value: stores, settings, clock, secrets and what the workers know of each other.
//! Everything hangs off it, so two bridges live in one test process. It starts nothing by itself.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

use bridge_core::Timestamp;
use bridge_store::audit::SettingRow;
use bridge_store::embedded::{FolderError, FolderLock};
use bridge_store::{AccountStore, AuditStore, DeskStore, HotStore, Journal, Remote};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::base::clock::{Clock, Entropy};
use crate::base::metrics::Metrics;
use crate::base::secrets::Secrets;
use crate::config::Config;
use crate::durability::store_monitor::Keeper;
use crate::lab::Lab;
use crate::state::access::Access;
use crate::state::availability::Ladder;
use crate::state::blocked_emails::BlockedEmails;
use crate::state::erasures::Erasures;
use crate::state::inbox_reads::Pulls;
use crate::state::incidents::Incidents;
use crate::state::receivers::Receivers;
use crate::state::recent::Pulse;
use crate::state::refusals::Refusals;
use crate::state::settings::LiveSettings;
use crate::state::settings_note;
use crate::state::watchers::Watchers;
use crate::state::write_probe::Probe;
use crate::stores::{self, StoresError};
use crate::workers::WorkerBoard;

/// One running bridge.
pub struct App {
    /// Configuration.
    pub config: Config,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// What the checks read.
    pub hot: Arc<dyn HotStore>,
    /// What stays.
    pub audit: Arc<dyn AuditStore>,
    /// What people look at.
    pub desk: Arc<dyn DeskStore>,
    /// Who may use the desk, and what they changed.
    pub accounts: Arc<dyn AccountStore>,
    /// What is known of those at the desk.
    pub access: Access,
    /// The settings now.
    pub live: LiveSettings,
    /// Keys.
    pub secrets: Secrets,
    /// Series.
    pub metrics: Metrics,
    /// Long polls and event streams.
    pub watchers: Watchers,
    /// Workers: their status, and the bells that wake them.
    pub board: WorkerBoard,
    /// Refused registrations on their way to the audit store.
    pub refusals: Refusals,
    /// What was away, and when.
    pub incidents: Incidents,
    /// Receivers that were heard of.
    pub receivers: Receivers,
    /// E-mail addresses that may not register.
    pub blocked_emails: BlockedEmails,
    /// Persons whose erasure is not finished.
    pub erasures: Erasures,
    /// Lists of phones that are to be read.
    pub pulls: Pulls,
    /// Which bridge of the group this one is: that of its data folder, because the journal in it is.
    pub id: Uuid,
    /// Where the API listens, once it does.
    pub address: OnceLock<SocketAddr>,
    /// What is kept beside a hot store that is not durable by itself.
    pub journal: Arc<Journal>,
    /// What the stores are good for now.
    pub ladder: Ladder,
    /// Who is told validated numbers.
    pub remote: Option<Arc<dyn Remote>>,
    /// SMS judged since the last dump.
    pub undumped: AtomicU64,
    /// The last SMS could not be made durable anywhere.
    pub unwritable: AtomicBool,
    /// Can an SMS be made durable?
    pub probe: Probe,
    /// What it did in the last hour.
    pub pulse: Pulse,
    /// A bridge to play with, inside this one.
    pub lab: Lab,
    /// Cancelled when the bridge stops: streams end.
    pub stopping: CancellationToken,
    /// Watches over the stores; whoever holds it looks.
    pub keeper: tokio::sync::Mutex<Keeper>,
    _folder: FolderLock,
}

/// Why the bridge cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The secrets.
    #[error("the secrets cannot be read or written: {0}")]
    Secrets(#[source] std::io::Error),
    /// A store.
    #[error(transparent)]
    Stores(#[from] StoresError),
    /// The bridge's own id.
    #[error("the id of this bridge cannot be read or written in the data folder: {0}")]
    Id(#[source] std::io::Error),
    /// What is owed to persons that are to be erased.
    #[error("erasures.json in the data folder cannot be read, and what is owed must not be forgotten: {0}")]
    Erasures(#[source] std::io::Error),
    /// The signals that stop it.
    #[error("cannot listen for SIGTERM and SIGINT: {0}")]
    Signals(#[source] std::io::Error),
    /// A listener.
    #[error("cannot listen on {address}: {source}{}", hint(.source, .flag))]
    Listen {
        /// The flag that says where.
        flag: &'static str,
        /// Where.
        address: std::net::SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The note for command line tools.
    #[error("cannot write {path}: {source}", path = .path.display())]
    Note {
        /// Which file.
        path: std::path::PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

fn hint(error: &std::io::Error, flag: &str) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!(": another program uses this port; give another one with {flag} 127.0.0.1:PORT")
        }
        _ => String::new(),
    }
}

/// The id of the bridge on this folder, made at its first start.
fn bridge_id(data_dir: &Path, entropy: &Entropy, now: Timestamp) -> Result<Uuid, StartError> {
    let file = data_dir.join("bridge_id");
    if let Some(id) = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse().ok()) {
        return Ok(id);
    }
    let id = entropy.id(now).map_err(|error| StartError::Id(std::io::Error::other(error)))?;
    std::fs::write(&file, id.to_string()).map_err(StartError::Id)?;
    Ok(id)
}

impl App {
    /// Opens the stores and reads settings and secrets. A database that is away is no reason not to start: SMS are
    /// kept until it is back.
    pub async fn open(config: Config, clock: Clock, entropy: Entropy) -> Result<Arc<App>, StartError> {
        let folder = FolderLock::take(&config.data_dir)?;
        let secrets = Secrets::open(&config.data_dir, &config.given_secrets(), &entropy)
            .map_err(StartError::Secrets)?;
        let metrics = Metrics::default();
        let opened = stores::open(&config, &metrics.store_operation_duration_seconds).await?;
        let now = clock.now();
        let rows = match opened.audit.seed_settings(now).await {
            Ok(()) => opened.audit.settings().await.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(%error, source = ?error.source, "the audit store is away: the last known settings hold");
                settings_note::load(&config.data_dir)
            }
        };
        let receivers = Receivers::open(&config.data_dir, now);
        if let Err(error) = receivers.reload(&*opened.audit).await {
            tracing::warn!(%error, source = ?error.source, "the audit store is away: the last known receivers hold");
        }
        let blocked_emails = BlockedEmails::open(&config.data_dir);
        if let Err(error) = blocked_emails.reload(&*opened.audit).await {
            tracing::warn!(%error, "the audit store is away: the last known blocked e-mail addresses hold");
        }
        let erasures = Erasures::open(&config.data_dir).map_err(StartError::Erasures)?;
        let incidents = Incidents::open(&config.data_dir, now);
        let pulls = Pulls::begin(&receivers, &config.data_dir);
        let app = Arc::new(App {
            id: bridge_id(&config.data_dir, &entropy, now)?,
            config,
            entropy,
            hot: opened.hot,
            accounts: opened.audit.clone(),
            access: Access::new(&clock),
            audit: opened.audit,
            desk: opened.desk,
            remote: opened.remote,
            journal: opened.journal,
            ladder: Ladder::new(now),
            live: LiveSettings::new(rows),
            clock,
            secrets,
            metrics,
            watchers: Watchers::default(),
            board: WorkerBoard::default(),
            refusals: Refusals::default(),
            pulls,
            blocked_emails,
            erasures,
            incidents,
            receivers,
            address: OnceLock::new(),
            undumped: AtomicU64::new(0),
            unwritable: AtomicBool::new(false),
            probe: Probe::default(),
            pulse: Pulse::default(),
            lab: Lab::default(),
            stopping: CancellationToken::new(),
            keeper: tokio::sync::Mutex::default(),
            _folder: folder,
        });
        let mut keeper = Keeper::new(&app);
        keeper.look(&app).await;
        *app.keeper.lock().await = keeper;
        Ok(app)
    }

    /// Is there anybody who is told validated numbers?
    #[must_use]
    pub fn has_remote(&self) -> bool {
        self.remote.is_some()
    }

    /// Reads the settings and applies them.
    pub async fn reload_settings(&self) -> bridge_store::Result<()> {
        let _turn = self.live.turn().await;
        self.apply_settings(&self.audit.settings().await?);
        Ok(())
    }

    /// These are the settings now, under [`LiveSettings::turn`]. Noted in the data folder, where they are others than before.
    pub fn apply_settings(&self, rows: &[SettingRow]) {
        if self.live.apply_if_changed(rows) {
            settings_note::save(&self.config.data_dir, rows);
        }
    }
}
