//! The bridge as one value: stores, settings, clock, secrets, and what workers and requests share. There are no
//! globals, so two bridges live in one test process. It starts nothing by itself.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

use bridge_store::audit::SettingRow;
use bridge_store::folder::FolderLock;
use bridge_store::{AccountStore, AuditStore, DeskStore, HotStore, Journal, Remote};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::base::clock::{Clock, Entropy};
use crate::base::metrics::Metrics;
use crate::base::reserve::Reserve;
use crate::base::secrets::Secrets;
use crate::options::Options;
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

/// One running bridge.
pub struct App {
    /// What it was started with.
    pub options: Options,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// The hot store: what the checks read.
    pub(crate) hot: Arc<dyn HotStore>,
    /// The audit store: what stays.
    pub(crate) audit: Arc<dyn AuditStore>,
    /// What people look at: the audit store with what the hot store has that is not written there yet.
    pub(crate) desk: Arc<dyn DeskStore>,
    /// Who may use the desk, and what they changed.
    pub(crate) accounts: Arc<dyn AccountStore>,
    /// What is known of those at the desk.
    pub access: Access,
    /// The settings now.
    pub live: LiveSettings,
    /// The keys of apps, receivers and operators.
    pub secrets: Secrets,
    /// Metrics.
    pub metrics: Metrics,
    /// Long polls and event streams that wait for an onboarding.
    pub watchers: Watchers,
    /// Workers: their status, and the signals that wake them.
    pub(crate) board: WorkerBoard,
    /// Refused registrations on their way to the audit store.
    pub(crate) refusals: Refusals,
    /// Whether it is a sandbox.
    pub sandbox: Sandbox,
    /// The edge, as it was last heard.
    pub edge: Edge,
    /// What people did on their page, on its way to the audit store.
    pub(crate) page_steps: PageSteps,
    /// Is registration paused? For those who wait.
    pub pauses: Pauses,
    /// How often each address may register without an app.
    pub(crate) hosted_rate: HostedRate,
    /// What was away, and when.
    pub incidents: Incidents,
    /// Receivers, and what was seen of each.
    pub receivers: Receivers,
    /// Who came with a wrong secret where no receiver is named.
    pub strangers: Strangers,
    /// E-mail addresses that may not register.
    pub blocked_emails: BlockedEmails,
    /// Keys that an operator made.
    pub api_keys: ApiKeys,
    /// Who is told what happened.
    pub webhooks: Webhooks,
    /// Who is told when something is wrong.
    pub notify: Notify,
    /// Persons whose erasure is not finished.
    pub(crate) erasures: Erasures,
    /// Phones' own lists that are still to be read.
    pub(crate) inbox_reads: InboxReads,
    /// Which bridge of the group this one is: that of its data folder, because the journal in it is.
    pub id: Uuid,
    /// Where the API listens, once it does.
    pub address: OnceLock<SocketAddr>,
    /// The bridge's own log, beside a hot store that is not durable by itself.
    pub(crate) journal: Arc<Journal>,
    /// The room on the disk of the data folder.
    pub disk: Disk,
    /// Room for a start and for throwing something away, when there is no other.
    pub reserve: Reserve,
    /// What the stores are good for now.
    pub availability: Arc<Availability>,
    /// The clock of this machine, and whether it can be right.
    pub clock_watch: ClockWatch,
    /// Who is told validated numbers; none: nobody.
    pub(crate) remote: Option<Arc<dyn Remote>>,
    /// SMS judged since the last dump.
    pub(crate) undumped: AtomicU64,
    /// The last SMS could not be made durable anywhere.
    pub(crate) unwritable: AtomicBool,
    /// The last answer to: can an SMS be made durable now?
    pub(crate) probe: Probe,
    /// How the remote does.
    pub(crate) pushing: Pushing,
    /// What this bridge did in the last hour.
    pub recent: Recent,
    /// Who has a connection.
    pub places: Arc<Places>,
    /// Requests of those who have no key.
    pub open_requests: OpenRequests,
    /// Bodies in memory.
    pub bodies: Bodies,
    /// Cancelled when the bridge stops: streams end.
    pub stopping: CancellationToken,
    pub(crate) _folder: FolderLock,
}

impl App {
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
            settings_note::save(&self.options.data_dir, rows);
        }
    }
}
