//! How the bridge is: part by part, in one word, and whether an SMS can be made durable. Not who may see which part of
//! it.

pub mod measured;
pub mod receivers;

use std::collections::BTreeMap;

use std::sync::atomic::Ordering;

use bridge_core::Settings;
use bridge_store::damage::Damage;
use serde::Serialize;
use utoipa::ToSchema;

use self::receivers::ReceiverView;
use crate::base::backend::Backends;
use crate::base::deadline::in_time;
use crate::bridge::App;
use crate::durability::damages;
pub use crate::durability::writable::writable;
use crate::state::availability::Hot;
use crate::state::disk::Room;
use crate::state::last_backup::{self, LastBackup};
use crate::workers;

/// How the bridge is.
#[derive(Debug, Serialize, ToSchema)]
pub struct Health {
    /// `healthy`, `degraded` or `unhealthy`: no SMS can be kept, or a store is damaged.
    status: &'static str,
    #[serde(skip)]
    is_writable: bool,
    /// True in a sandbox: what is validated there proves nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<bool>,
    /// Part by part; only for those with a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<Components>,
}

/// The parts.
#[derive(Debug, Serialize, ToSchema)]
struct Components {
    /// The hot store.
    redis: Component,
    /// The audit store.
    postgresql: Component,
    workers: BTreeMap<&'static str, WorkerView>,
    receivers: BTreeMap<String, ReceiverView>,
    spool: Spool,
    /// When the last backup was made; none, if none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_backup: Option<BackupView>,
    /// What the operator should look at.
    notes: Vec<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Component {
    /// `up`, `down`, `damaged`, and of the hot store also `rebuilding` and `full`.
    status: &'static str,
    /// `embedded`, `redis` or `postgresql`.
    backend: &'static str,
    /// Since when it is so, where it is not up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    since: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct WorkerView {
    /// `ok`, `behind`, `failing`, or `starting`.
    status: &'static str,
    #[schema(format = DateTime)]
    last_run: Option<String>,
    #[schema(format = DateTime)]
    last_success: Option<String>,
    /// Seconds since the last success.
    lag_seconds: Option<i64>,
    last_error: Option<String>,
    failures: u64,
}

#[derive(Debug, Serialize, ToSchema)]
struct Spool {
    /// SMS that wait in this bridge's journal, because no store took them.
    waiting_sms: usize,
    /// What is in the journal until its row is in the audit store.
    entries: usize,
    /// Its size on disk.
    bytes: u64,
    /// SMS that wait in `power_down_store`: as far as a thousand, unknown while the audit store is away.
    power_down_store: Option<usize>,
}

#[derive(Debug, Serialize, ToSchema)]
struct BackupView {
    /// The moment that it shows.
    #[schema(format = DateTime)]
    at: String,
    /// Its size.
    bytes: u64,
    /// It is older than `backup_wanted_every_hours`.
    is_overdue: bool,
}

const HEALTHY: &str = "healthy";
const DEGRADED: &str = "degraded";
const UNHEALTHY: &str = "unhealthy";

impl Health {
    /// Looks at every part by these settings; what a store must be asked for is left out.
    pub async fn look(app: &App, settings: &Settings) -> Health {
        // Whether an SMS finds room again is tried, not waited for.
        let recovered = !app.unwritable.load(Ordering::Relaxed) || writable(app).await.is_ok();
        let standing = app.availability.now();
        let (hot, audit) = (standing.hot == Hot::Open, standing.audit);
        let workers = worker_views(app, settings);
        let mut notes = Vec::new();
        if !app.receivers.has_number(settings) {
            notes.push("no receiving number is set: users are not told where to send the SMS (setting sms_receiver_number, or `sms-bridge receiver add NAME --number +…`)".to_owned());
        }
        let (receivers, receivers_troubled) = receivers::look(app, settings, &mut notes);
        notes.extend(
            app.strangers.finding(app.clock.now()).map(|told| format!("{}: {}", told.found, told.advice)),
        );
        notes.extend(paused(app));
        notes.extend(app.places.note(app.clock.now()));
        let (last_backup, overdue) = backup(app, settings);
        let is_overdue = overdue.is_some();
        let last_backup =
            last_backup.map(|last| BackupView { at: last.at.to_string(), bytes: last.bytes, is_overdue });
        notes.extend(overdue);
        let nearly_full = app.disk.is_nearly_full();
        notes.extend(disk(app));
        let unwritable = !recovered || (!hot && !audit && writable(app).await.is_err());
        let damaged: Vec<Damage> = damages::of(app).collect();
        notes.extend(damaged.iter().map(|damage| format!("{}: {}", damage.found(), Damage::advice())));
        let troubled = workers.values().any(|worker| matches!(worker.status, "behind" | "failing"));
        let status = if unwritable || !damaged.is_empty() {
            UNHEALTHY
        } else if !hot || !audit || troubled || receivers_troubled || nearly_full || settings.maintenance_mode
        {
            DEGRADED
        } else {
            HEALTHY
        };
        let Backends { hot: hot_backend, audit: audit_backend } = app.options.backends;
        let components = Components {
            redis: Component {
                status: standing.hot.word(),
                backend: hot_backend.word(),
                since: (!hot).then(|| standing.since.to_string()),
            },
            postgresql: Component {
                status: audit_word(app, audit),
                backend: audit_backend.word(),
                since: None,
            },
            workers,
            receivers,
            spool: Spool {
                waiting_sms: app.journal.waiting(),
                entries: app.journal.len(),
                bytes: app.journal.bytes(),
                power_down_store: None,
            },
            last_backup,
            notes,
        };
        let sandbox = app.sandbox.is_on().then_some(true);
        Health { status, is_writable: !unwritable, sandbox, components: Some(components) }
    }

    /// In one word: `healthy`, `degraded` or `unhealthy`.
    #[must_use]
    pub fn status(&self) -> &'static str {
        self.status
    }

    /// Can an SMS be made durable?
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.is_writable
    }

    /// The word alone, for those who have no key.
    #[must_use]
    pub fn in_short(self) -> Health {
        Health { components: None, ..self }
    }

    /// With what a store must be asked for.
    pub async fn in_full(mut self, app: &App) -> Health {
        if let Some(components) = &mut self.components {
            components.spool.power_down_store = waiting_sms(app).await;
        }
        self
    }

    /// Why it is not healthy and what the operator should look at, a sentence each.
    #[must_use]
    pub fn reasons(&self, maintenance: bool) -> Vec<String> {
        let Some(parts) = &self.components else { return Vec::new() };
        let mut reasons = Vec::new();
        if !self.is_writable {
            reasons.push(
                "No SMS can be made durable: senders are asked to come again. Look at the disk first."
                    .to_owned(),
            );
        }
        if maintenance {
            reasons
                .push("maintenance_mode is on: SMS are kept and judged when it is switched off.".to_owned());
        }
        if parts.postgresql.status != "up" {
            let name = if parts.postgresql.backend == "embedded" {
                "the database file (audit.db)"
            } else {
                "PostgreSQL"
            };
            reasons.push(format!(
                "{name} does not answer: what was judged waits, and is written when it is back."
            ));
        }
        for (name, worker) in &parts.workers {
            match (worker.status, &worker.last_error) {
                ("failing", Some(error)) => reasons.push(format!("{name} fails: {error}")),
                ("behind", _) => reasons.push(format!("{name} has not succeeded for longer than it should")),
                _ => {}
            }
        }
        reasons.extend(parts.notes.iter().cloned());
        reasons
    }
}

/// Why registration is paused, where the clock or the hot store pauses it.
fn paused(app: &App) -> Option<String> {
    if let Some((why, _)) = app.clock_watch.implausible() {
        return Some(format!(
            "registration is paused: the clock of this machine says {}, which cannot be right: {why}; set it \
             (`timedatectl`), or if it is right say so (`sms-bridge doctor --accept-clock`); SMS are kept and judged then",
            app.clock.now()
        ));
    }
    let why = app.availability.now().hot.why()?;
    Some(format!("registration is paused: {why}; SMS are kept and judged later"))
}

/// What there is to say of the disk of the data folder.
fn disk(app: &App) -> Option<String> {
    if app.disk.is_nearly_full() {
        return Some(format!(
            "less than {} MiB are free on the disk of the data folder: registration is paused, and what nobody can \
             use is not kept; SMS are taken: free some space",
            app.disk.floor_mib()
        ));
    }
    let is_filling = app.disk.room().is_some_and(Room::is_filling);
    is_filling.then(|| {
        "less than a tenth of the disk of the data folder is free: free some space before registration pauses"
            .to_owned()
    })
}

fn audit_word(app: &App, is_up: bool) -> &'static str {
    match (is_up, app.audit.damage()) {
        (_, Some(_)) => "damaged",
        (true, None) => "up",
        (false, None) => "down",
    }
}

/// How many SMS wait in `power_down_store`, counted as far as a thousand.
async fn waiting_sms(app: &App) -> Option<usize> {
    const COUNTED_MAX: usize = 1000;
    if !app.availability.now().audit {
        return None;
    }
    in_time(app.audit.waiting_sms(None, COUNTED_MAX)).await.ok().map(|rows| rows.len())
}

/// The last backup, and what is said where it is older than it should be.
fn backup(app: &App, settings: &Settings) -> (Option<LastBackup>, Option<String>) {
    let last = LastBackup::read(&app.options.data_dir);
    let overdue = last_backup::overdue(last.as_ref(), app.clock.now(), settings.backup_wanted_every_hours);
    (last, overdue)
}

fn worker_views(app: &App, settings: &Settings) -> BTreeMap<&'static str, WorkerView> {
    let board = app.board.status();
    let now = app.clock.now();
    let view = |worker: Box<dyn workers::Worker>| {
        let status = board.get(worker.name()).cloned().unwrap_or_default();
        let lag_seconds = status.last_success.map(|at| (now - at).0 / 1000);
        let word = workers::worker::standing(worker.as_ref(), &status, now, settings).word();
        let view = WorkerView {
            status: word,
            last_run: status.last_run.map(|at| at.to_string()),
            last_success: status.last_success.map(|at| at.to_string()),
            lag_seconds,
            last_error: status.last_error,
            failures: status.failures,
        };
        (worker.name(), view)
    };
    workers::all().into_iter().map(view).collect()
}
