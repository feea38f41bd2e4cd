//! Sync and recovery: what waits and where, what the remote refused, and letting that be pushed again.

use crate::access::Visitor;
use crate::asked::{Asked, Pages};
use crate::form::Form;
use crate::page::{Done, Frame, part, render};
use crate::show::chart::share;
use crate::show::{When, count};
use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bridge_app::admin::{doctor, settings, sync};
use bridge_app::base::backend::Backends;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking::recovery::{self, Recovery};
use bridge_app::sms::import_report::Hour;
use bridge_app::state::last_backup::{self, LastBackup};
use bridge_app::state::receivers::DEFAULT;
use bridge_app::workers;
use bridge_core::Timestamp;
use bridge_http::api::import::take_list;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;
use bridge_store::audit::Refused;
use bridge_store::desk::{Page as Rows, WaitingRow};
use serde_json::Value;
use uuid::Uuid;

const PATH: &str = "/admin/ui/recovery";
const PAGE: usize = 50;
const MIB: u64 = 1024 * 1024;

struct RefusedRow {
    sms_id: String,
    mobile: String,
    attempts: i64,
    reason: String,
    at: When,
    parked: bool,
}

struct Waits {
    id: String,
    mobile: String,
    came: When,
    receiver: String,
    judged: Option<When>,
}

/// One way of an SMS, and how many are on it.
struct Stage {
    title: &'static str,
    /// As the program calls it.
    code: &'static str,
    about: &'static str,
    number: String,
}

#[derive(Template)]
#[template(path = "desk/recovery.html")]
struct Page {
    frame: Frame,
    asked: Asked,
    stages: Vec<Stage>,
    remote: Option<RemoteCard>,
    parked: usize,
    refused: Vec<RefusedRow>,
    waiting: Vec<Waits>,
    pages: Pages,
    all: bool,
    backends: String,
    receivers: Vec<String>,
    backup: Option<Backup>,
    overdue: Option<String>,
}

/// The last one.
struct Backup {
    at: When,
    file: String,
    size: String,
}

fn stages(waiting: &Recovery) -> Vec<Stage> {
    let stage = |title, code, about, number: Option<u64>| Stage {
        title,
        code,
        about,
        number: number.map_or_else(|| "?".to_owned(), count),
    };
    let queues = waiting.waiting.queues;
    let in_journal = Some(waiting.waiting.in_journal as u64);
    vec![
        stage("Kept by this bridge", "journal", "SMS that no store could take", in_journal),
        stage("Wait to be judged", "power_down_store", "on this page", waiting.not_judged()),
        stage("Wait to be written", "queue_input_sms", "judged SMS", queues.map(|q| q.input_sms)),
        stage("Wait to be written", "queue_onboarding", "registrations", queues.map(|q| q.onboarding)),
        stage("Wait for the remote", "sync", "validated numbers", waiting.unsynced),
    ]
}

/// The page. It is most needed while a store is away: what cannot be read then is said to be unknown.
pub(crate) async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let now = app.clock.now();
    let all = asked.is("all", "yes");
    let waiting = recovery::look(&app, all, asked.before()?, PAGE).await;
    let stages = stages(&waiting);
    let refused = |row: Refused| RefusedRow {
        sms_id: row.sms_id.to_string(),
        mobile: row.mobile_number,
        attempts: row.attempts,
        reason: row.reason,
        at: When::new(row.at, now),
        parked: row.dead_lettered,
    };
    let remote = RemoteCard::of(&waiting, now);
    let refused: Vec<RefusedRow> = waiting.refused.into_iter().map(refused).collect();
    let waits = |row: WaitingRow| Waits {
        id: row.sms.sms_id.to_string(),
        mobile: row.sms.mobile_number().to_owned(),
        came: When::new(row.sms.server_received_at, now),
        receiver: row.sms.receiver_id.clone(),
        judged: row.processed_at.map(|at| When::new(at, now)),
    };
    let kept = waiting.kept.unwrap_or_else(Rows::empty);
    let last = LastBackup::read(&app.options.data_dir);
    let overdue = last_backup::overdue(last.as_ref(), now, app.live.now().backup_wanted_every_hours);
    Ok(render(&Page {
        backup: last.map(|last| Backup {
            at: When::new(last.at, now),
            file: last.file.display().to_string(),
            size: count(last.bytes.div_ceil(MIB)),
        }),
        overdue,
        frame: Frame::new(&app, visitor, "Sync & recovery", PATH).await,
        stages,
        remote,
        parked: refused.iter().filter(|row| row.parked).count(),
        refused,
        pages: asked.pages(kept.next),
        waiting: kept.rows.into_iter().map(waits).collect(),
        all,
        receivers: app.receivers.each().into_iter().map(|(_, seen)| seen.name).collect(),
        backends: backends(&app),
        asked,
    }))
}

fn backends(app: &Shared) -> String {
    let Backends { hot, audit } = app.options.backends;
    format!("The checks read from {}, the audit trail is in {}.", hot.name_of_hot(), audit.name_of_audit())
}

/// How the remote does.
struct RemoteCard {
    last_success: Option<When>,
    away: Option<(When, String)>,
    oldest: Option<When>,
    waiting: Option<String>,
    next_try: Option<When>,
}

impl RemoteCard {
    fn of(waiting: &Recovery, now: Timestamp) -> Option<RemoteCard> {
        let remote = waiting.remote.as_ref()?;
        let when = |at| When::new(at, now);
        let waits = waiting.unsynced.is_none_or(|count| count > 0);
        Some(RemoteCard {
            last_success: remote.known.last_success.map(when),
            away: remote.known.away.clone().map(|(since, error)| (when(since), error)),
            oldest: waiting.oldest.map(when),
            waiting: waiting.unsynced.map(count),
            next_try: remote.next_try.filter(|_| waits).map(|at| when(at.max(now))),
        })
    }
}

/// Asks the remote now.
pub(crate) async fn try_now(State(app): State<Shared>, visitor: Visitor) -> Result<Done, Failed> {
    workers::push_now(&app, &visitor.actor()).await?;
    Ok(Done::reload("The remote is asked now", PATH))
}

/// The clock of this machine is right, whatever it seems to be.
pub(crate) async fn accept_clock(State(app): State<Shared>, visitor: Visitor) -> Result<Done, Failed> {
    doctor::accept_clock(&app, &visitor.actor()).await?;
    Ok(Done::reload("The clock holds from now on", "/admin"))
}

/// Ends maintenance: what was kept is judged.
pub(crate) async fn end_maintenance(State(app): State<Shared>, visitor: Visitor) -> Result<Done, Failed> {
    let change = [(settings::find("maintenance_mode")?, Value::Bool(false))];
    settings::change(&app, &visitor.actor(), &change).await?;
    Ok(Done::reload("Maintenance is over: what was kept is judged now", "/admin"))
}

/// Lets one dead-lettered row be pushed again, or all.
pub(crate) async fn push_again(
    State(app): State<Shared>,
    visitor: Visitor,
    form: Form,
) -> Result<Done, Failed> {
    let one: Option<Uuid> = match form.text("sms_id") {
        "" => None,
        text => Some(text.parse().map_err(|_| Problem::field(Code::InvalidRequest, "sms_id", "is no UUID"))?),
    };
    let released = sync::push_again(&app, &visitor.actor(), one).await?;
    Ok(Done::reload(format!("{released} rows are pushed again"), PATH))
}

struct HourRow {
    hour: When,
    phone: u64,
    known: u64,
    missing: u64,
    share: u64,
}

#[derive(Template)]
#[template(path = "desk/gaps.html")]
struct Gaps {
    sentence: String,
    compared: bool,
    hours: Vec<HourRow>,
}

/// Compares a phone's own list with what came in, or takes in what is missing.
pub(crate) async fn gaps(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Failed> {
    let compared = !asked.is("do", "import");
    if !compared && !visitor.operates() {
        return Err(Problem::new(Code::Forbidden, "operators may import").into());
    }
    let receiver = asked.get("receiver").unwrap_or(DEFAULT);
    let report = take_list(&app, &visitor.actor(), receiver, compared, &headers, body).await?;
    let now = app.clock.now();
    let row = |hour: Hour| HourRow {
        hour: When::new(hour.hour, now),
        phone: hour.phone,
        known: hour.known,
        missing: hour.missing,
        share: share(hour.known, hour.phone),
    };
    let hours: Vec<HourRow> = report.hours.iter().map(row).collect();
    let sentence = if compared {
        format!("{} SMS are on its list, {} of them are missing here", report.rows, report.missing)
    } else {
        report.sentence()
    };
    Ok(part(&Gaps { sentence, compared, hours }))
}
