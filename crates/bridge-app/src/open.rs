//! Opening a bridge: settings, receivers and unfinished work are read, and the store monitor looks once. It starts no
//! task: whoever opens the bridge does.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

use bridge_core::Timestamp;
use bridge_store::audit::SettingRow;
use bridge_store::folder::FolderLock;
use tokio_util::sync::CancellationToken;

use crate::base::clock::{Clock, Entropy};
use crate::base::metrics::Metrics;
use crate::base::reserve::Reserve;
use crate::base::secrets::Secrets;
use crate::bridge::App;
use crate::bridge_id;
use crate::durability::store_monitor::StoreMonitor;
use crate::options::Options;
use crate::sandbox;
use crate::state::access::Access;
use crate::state::api_keys::ApiKeys;
use crate::state::availability::Availability;
use crate::state::blocked_emails::BlockedEmails;
use crate::state::board::WorkerBoard;
use crate::state::bodies::Bodies;
use crate::state::clock_watch::ClockWatch;
use crate::state::disk::Disk;
use crate::state::edge::Edge;
use crate::state::erasures::Erasures;
use crate::state::hosted_rate::HostedRate;
use crate::state::inbox_reads::InboxReads;
use crate::state::incidents::Incidents;
use crate::state::notify::Notify;
use crate::state::open_requests::OpenRequests;
use crate::state::page_steps::PageSteps;
use crate::state::pauses::Pauses;
use crate::state::places::Places;
use crate::state::pushing::Pushing;
use crate::state::receivers::Receivers;
use crate::state::recent::Recent;
use crate::state::refusals::Refusals;
use crate::state::sandbox::Sandbox;
use crate::state::settings::LiveSettings;
use crate::state::settings_note;
use crate::state::strangers::Strangers;
use crate::state::watchers::Watchers;
use crate::state::webhooks::Webhooks;
use crate::state::write_probe::Probe;
use crate::stores::{Stores, together};

/// An open bridge, and the monitor of its stores. The caller holds both.
pub struct Opened {
    /// The bridge.
    pub app: Arc<App>,
    /// Looks at the stores whenever it is asked to.
    pub monitor: StoreMonitor,
}

/// Why a bridge cannot be opened. A database that is away is no reason.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The secrets.
    #[error("the secrets cannot be read or written: {0}")]
    Secrets(#[source] std::io::Error),
    /// The bridge's own id.
    #[error("the id of this bridge cannot be read or written in the data folder: {0}")]
    Id(#[source] std::io::Error),
    /// What is owed to persons that are to be erased.
    #[error("erasures.json in the data folder cannot be read, and what is owed must not be forgotten: {0}")]
    Erasures(#[source] std::io::Error),
    /// A folder holds what is real, or what is tried.
    #[error(transparent)]
    Sandbox(#[from] sandbox::Refused),
    /// What posts to webhooks.
    #[error("the HTTP client for webhooks cannot start: {0}")]
    Client(#[source] reqwest::Error),
}

/// Opens a bridge on these stores. A store that is away is no reason not to: SMS are kept until it is back.
pub async fn open(
    folder: FolderLock,
    options: Options,
    stores: Stores,
    clock: Clock,
    entropy: Entropy,
) -> Result<Opened, OpenError> {
    let (data_dir, now) = (options.data_dir.clone(), clock.now());
    sandbox::may_open(options.is_sandbox, &data_dir, &stores).await?;
    let run = entropy.id(now).map_err(|error| OpenError::Id(std::io::Error::other(error)))?;
    let secrets = Secrets::open(&data_dir, &options.secrets, &entropy).map_err(OpenError::Secrets)?;
    let metrics = Metrics::default();
    let stores = stores.instrumented(&metrics.store_operation_duration_seconds);
    let rows = settings(&stores, &data_dir, now).await;
    let receivers = receivers(&stores, &data_dir, now).await;
    let blocked_emails = blocked_emails(&stores, &data_dir).await;
    let api_keys = api_keys(&stores, &data_dir).await;
    let availability = Arc::new(Availability::new(now));
    let webhooks = webhooks(&stores, &options).await?;
    let notify = notify(&stores, &options).await?;
    let app = Arc::new(App {
        id: bridge_id::of(&data_dir, &entropy, now).map_err(OpenError::Id)?,
        entropy,
        desk: together::desk(stores.desk, stores.hot.clone(), availability.clone(), clock.clone()),
        hot: stores.hot,
        accounts: stores.audit.clone(),
        access: Access::new(&clock),
        audit: stores.audit,
        remote: stores.remote,
        journal: stores.journal,
        availability,
        live: LiveSettings::new(rows),
        hosted_rate: HostedRate::new(clock.clone()),
        clock_watch: ClockWatch::open(&data_dir, clock.clone(), run, options.built),
        clock,
        secrets,
        metrics,
        watchers: Watchers::default(),
        board: WorkerBoard::default(),
        refusals: Refusals::default(),
        sandbox: Sandbox::new(options.is_sandbox),
        edge: Edge::default(),
        page_steps: PageSteps::default(),
        pauses: Pauses::default(),
        inbox_reads: InboxReads::begin(&receivers, &data_dir),
        blocked_emails,
        api_keys,
        webhooks,
        notify,
        erasures: Erasures::open(&data_dir).map_err(OpenError::Erasures)?,
        incidents: Incidents::open(&data_dir, now),
        receivers,
        strangers: Strangers::default(),
        places: Places::new(options.connections),
        open_requests: OpenRequests::new(options.connections),
        bodies: Bodies::default(),
        disk: Disk::new(&data_dir, options.disk_floor_bytes),
        reserve: Reserve::of(&data_dir),
        options,
        address: OnceLock::new(),
        undumped: AtomicU64::new(0),
        unwritable: AtomicBool::new(false),
        probe: Probe::default(),
        pushing: Pushing::default(),
        recent: Recent::default(),
        stopping: CancellationToken::new(),
        _folder: folder,
    });
    looked_at(app).await
}

/// The monitor looked once, and a sandbox has what belongs to it.
async fn looked_at(app: Arc<App>) -> Result<Opened, OpenError> {
    let mut monitor = StoreMonitor::new(&app);
    monitor.look(&app).await;
    sandbox::furnish(&app).await?;
    Ok(Opened { app, monitor })
}

/// The receivers as they are kept, or as they were last known here.
async fn receivers(stores: &Stores, data_dir: &Path, now: Timestamp) -> Receivers {
    let receivers = Receivers::open(data_dir, now);
    if let Err(error) = receivers.reload(&*stores.audit).await {
        tracing::warn!(%error, source = ?error.source, "the audit store is away: the last known receivers hold");
    }
    receivers
}

/// The blocked e-mail addresses as they are kept, or as they were last known here.
async fn blocked_emails(stores: &Stores, data_dir: &Path) -> BlockedEmails {
    let blocked_emails = BlockedEmails::open(data_dir);
    if let Err(error) = blocked_emails.reload(&*stores.audit).await {
        tracing::warn!(%error, "the audit store is away: the last known blocked e-mail addresses hold");
    }
    blocked_emails
}

/// The API keys as they are kept, or as they were last known here.
async fn api_keys(stores: &Stores, data_dir: &Path) -> ApiKeys {
    let api_keys = ApiKeys::open(data_dir);
    if let Err(error) = api_keys.reload(&*stores.audit).await {
        tracing::warn!(%error, "the audit store is away: the last known API keys hold");
    }
    api_keys
}

/// The webhooks as they are kept, or as they were last known here.
async fn webhooks(stores: &Stores, options: &Options) -> Result<Webhooks, OpenError> {
    let webhooks =
        Webhooks::open(&options.data_dir, options.webhook_allow.clone()).map_err(OpenError::Client)?;
    if let Err(error) = webhooks.reload(&*stores.audit).await {
        tracing::warn!(%error, "the audit store is away: the last known webhooks hold");
    }
    stores.hot.tell_changes(webhooks.wants_states());
    Ok(webhooks)
}

/// Who is told when something is wrong, as it is kept, or as it was last known here.
async fn notify(stores: &Stores, options: &Options) -> Result<Notify, OpenError> {
    let notify = Notify::open(&options.data_dir, options.webhook_allow.clone()).map_err(OpenError::Client)?;
    if let Err(error) = notify.reload(&*stores.audit).await {
        tracing::warn!(%error, "the audit store is away: those who were told last are told");
    }
    Ok(notify)
}

/// The settings as they are kept, or as they were last known here.
async fn settings(stores: &Stores, data_dir: &Path, now: Timestamp) -> Vec<SettingRow> {
    match stores.audit.seed_settings(now).await {
        Ok(()) => stores.audit.settings().await.unwrap_or_default(),
        Err(error) => {
            tracing::warn!(%error, source = ?error.source, "the audit store is away: the last known settings hold");
            settings_note::load(data_dir)
        }
    }
}
