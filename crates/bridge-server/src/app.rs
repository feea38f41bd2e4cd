//! The bridge as one value: stores, settings, clock, secrets and what the workers know of each other.
//! Everything hangs off it, so two bridges live in one test process. It starts nothing by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use bridge_store::embedded::{self, FolderError, FolderLock};
use bridge_store::{AuditStore, HotStore, StoreError};
use tokio_util::sync::CancellationToken;

use crate::clock::{Clock, Entropy};
use crate::config::Config;
use crate::live::LiveSettings;
use crate::metrics::Metrics;
use crate::probe::Probe;
use crate::receivers::Receivers;
use crate::refusals::Refusals;
use crate::replay_queue::ReplayQueue;
use crate::secrets::Secrets;
use crate::timed;
use crate::watchers::Watchers;
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
    /// Receivers that were heard of.
    pub receivers: Receivers,
    /// SMS stored for later, by number.
    pub replay_queue: ReplayQueue,
    /// SMS judged since the last dump.
    pub undumped: AtomicU64,
    /// The last SMS could not be made durable anywhere.
    pub unwritable: AtomicBool,
    /// Can an SMS be made durable?
    pub probe: Probe,
    /// Cancelled when the bridge stops: streams end.
    pub stopping: CancellationToken,
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
    /// A store that opened and then failed.
    #[error("the stores cannot be used: {0}")]
    Store(#[from] StoreError),
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

impl App {
    /// Opens the stores and reads settings and secrets.
    pub async fn open(config: Config, clock: Clock, entropy: Entropy) -> Result<Arc<App>, StartError> {
        let folder = FolderLock::take(&config.data_dir)?;
        let secrets = Secrets::open(&config.data_dir, &config.given_secrets(), &entropy)
            .map_err(StartError::Secrets)?;
        let metrics = Metrics::default();
        let durations = &metrics.store_operation_duration_seconds;
        let hot = timed::hot(embedded::open_hot(&config.data_dir)?, durations);
        let audit = timed::audit(embedded::open_audit(&config.data_dir)?, durations);
        audit.seed_settings(clock.now()).await?;
        let live = LiveSettings::new(audit.settings().await?);
        crate::workers::counters::restore(hot.as_ref(), audit.as_ref()).await?;
        let replay_queue = ReplayQueue::load(audit.as_ref()).await?;
        Ok(Arc::new(App {
            config,
            clock,
            entropy,
            hot,
            audit,
            live,
            secrets,
            metrics,
            watchers: Watchers::default(),
            board: WorkerBoard::default(),
            refusals: Refusals::default(),
            receivers: Receivers::default(),
            replay_queue,
            undumped: AtomicU64::new(0),
            unwritable: AtomicBool::new(false),
            probe: Probe::default(),
            stopping: CancellationToken::new(),
            _folder: folder,
        }))
    }
}
