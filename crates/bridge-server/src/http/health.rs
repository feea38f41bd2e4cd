//! How the bridge is: for load balancers, for the operator, for Prometheus.

mod receivers;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

pub(in crate::http) use receivers::ReceiverView;

use super::Shared;
use super::auth::{MaybeKnown, Operator};
use crate::base::deadline::in_time;
use crate::base::metrics::{QueueLabels, ReceiverLabels};
use crate::base::problem::{Problem, ProblemBody};
use crate::state::availability::Hot;
use crate::workers;

/// How the bridge is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `healthy`, `degraded` or `unhealthy`.
    status: &'static str,
    /// Part by part; only for those with a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<Components>,
}

/// The parts.
#[derive(Serialize, ToSchema)]
struct Components {
    /// The hot store.
    redis: Component,
    /// The audit store.
    postgresql: Component,
    workers: BTreeMap<&'static str, WorkerView>,
    receivers: BTreeMap<String, ReceiverView>,
    spool: Spool,
    /// What the operator should look at.
    notes: Vec<String>,
}

#[derive(Serialize, ToSchema)]
struct Component {
    /// `up`, `down`, and of the hot store also `rebuilding` and `full`.
    status: &'static str,
    /// `embedded`, `redis` or `postgresql`.
    backend: &'static str,
    /// Since when it is so, where it is not up.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = DateTime)]
    since: Option<String>,
}

#[derive(Serialize, ToSchema)]
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

#[derive(Serialize, ToSchema)]
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

/// How the bridge is. 503 only when nothing is writable.
#[utoipa::path(
    get, path = "/health", tag = "health", security((), ("api_key" = []), ("admin_token" = [])),
    responses((status = 200, body = Health), (status = 503, description = "Nothing is writable", body = Health))
)]
pub async fn health(MaybeKnown(known): MaybeKnown, State(app): State<Shared>) -> Response {
    let mut health = Health::look(&app).await;
    let code = match health.status {
        UNHEALTHY => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    match &mut health.components {
        Some(components) if known => components.spool.power_down_store = waiting_sms(&app).await,
        _ => health.components = None,
    }
    (code, Json(health)).into_response()
}

const HEALTHY: &str = "healthy";
const DEGRADED: &str = "degraded";
const UNHEALTHY: &str = "unhealthy";

impl Health {
    /// Looks at every part; what a store must be asked for is left out.
    pub(crate) async fn look(app: &Shared) -> Health {
        // Whether an SMS finds room again is tried, not waited for.
        let recovered = !app.unwritable.load(Ordering::Relaxed) || app.probe.ask(app).await.is_ok();
        let standing = app.ladder.now();
        let (hot, audit) = (standing.hot == Hot::Open, standing.audit);
        let workers = worker_views(app);
        let settings = app.live.now();
        let mut notes = Vec::new();
        if !app.receivers.has_number(&settings) {
            notes.push("no receiving number is set: users are not told where to send the SMS (setting sms_receiver_number, or `sms-bridge receiver add NAME --number +…`)".to_owned());
        }
        let (receivers, receivers_troubled) = receivers::look(app, &settings, &mut notes);
        if let Some(why) = standing.hot.why() {
            notes.push(format!("registration is paused: {why}; SMS are kept and judged later"));
        }
        let unwritable = !recovered || (!hot && !audit && app.probe.ask(app).await.is_err());
        let troubled = workers.values().any(|worker| matches!(worker.status, "behind" | "failing"));
        let status = if unwritable {
            UNHEALTHY
        } else if !hot || !audit || troubled || receivers_troubled || settings.maintenance_mode {
            DEGRADED
        } else {
            HEALTHY
        };
        let components = Components {
            redis: Component {
                status: standing.hot.word(),
                backend: app.options.hot.word("redis"),
                since: (!hot).then(|| standing.since.to_string()),
            },
            postgresql: Component {
                status: if audit { "up" } else { "down" },
                backend: app.options.audit.word("postgresql"),
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
            notes,
        };
        Health { status, components: Some(components) }
    }

    /// In one word.
    pub(crate) fn status(&self) -> &'static str {
        self.status
    }

    /// Why it is not healthy and what the operator should look at, a sentence each.
    pub(crate) fn reasons(&self, maintenance: bool) -> Vec<String> {
        let Some(parts) = &self.components else { return Vec::new() };
        let mut reasons = Vec::new();
        if self.status == UNHEALTHY {
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
            reasons.push(
                "PostgreSQL does not answer: what was judged waits in Redis and in the journal.".to_owned(),
            );
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

/// How many SMS wait in `power_down_store`, counted as far as a thousand.
async fn waiting_sms(app: &Shared) -> Option<usize> {
    const COUNTED_MAX: usize = 1000;
    if !app.ladder.now().audit {
        return None;
    }
    in_time(app.audit.waiting_sms(None, COUNTED_MAX)).await.ok().map(|rows| rows.len())
}

fn worker_views(app: &Shared) -> BTreeMap<&'static str, WorkerView> {
    let board = app.board.status();
    let (now, settings) = (app.clock.now(), app.live.now());
    let view = |worker: Box<dyn workers::Worker>| {
        let status = board.get(worker.name()).cloned().unwrap_or_default();
        let lag_seconds = status.last_success.map(|at| (now - at).0 / 1000);
        let word = workers::worker::standing(worker.as_ref(), &status, now, &settings).word();
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

/// The process runs.
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, description = "It runs")))]
pub async fn livez() -> &'static str {
    "ok"
}

/// An SMS can be made durable.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses((status = 200, description = "It can"), (status = 503, description = "It cannot", body = ProblemBody))
)]
pub async fn readyz(State(app): State<Shared>) -> Result<&'static str, Problem> {
    app.probe.ask(&app).await.map(|()| "ok")
}

/// Every series in Prometheus' text format.
#[utoipa::path(
    get, path = "/metrics", tag = "health", security(("admin_token" = [])),
    responses((status = 200, description = "Prometheus text"), (status = 401, body = ProblemBody))
)]
pub async fn metrics(
    operator: Result<Operator, Problem>,
    State(app): State<Shared>,
) -> Result<Response, Problem> {
    if !app.options.has_private_listener {
        operator?;
    }
    if let Ok(sizes) = in_time(app.hot.queue_sizes()).await {
        for (queue, size) in [
            ("queue_input_sms", sizes.input_sms),
            ("queue_onboarding", sizes.onboarding),
            ("blacklist_mobiles", sizes.blacklist),
            ("journal", app.journal.len() as u64),
        ] {
            app.metrics
                .queue_size
                .get_or_create(&QueueLabels { queue })
                .set(i64::try_from(size).unwrap_or(i64::MAX));
        }
    }
    if let Some(waiting) = waiting_sms(&app).await {
        let labels = QueueLabels { queue: "power_down_store" };
        app.metrics.queue_size.get_or_create(&labels).set(i64::try_from(waiting).unwrap_or(i64::MAX));
    }
    app.metrics.spool_bytes.set(i64::try_from(app.journal.bytes()).unwrap_or(i64::MAX));
    for (receiver, seen) in app.receivers.all_seen() {
        if let Some(at) = seen.last_seen_at {
            let labels = ReceiverLabels { receiver };
            app.metrics
                .receiver_last_seen_timestamp_seconds
                .get_or_create(&labels)
                .set(at.epoch_seconds() as f64);
        }
    }
    let kind = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], app.metrics.render()).into_response())
}
