//! Sync and recovery: what waits and where, what the remote refused, and letting it go again.

use askama::Template;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bridge_store::audit::Refused;
use bridge_store::desk::{Page as Rows, WaitingRow};
use bridge_store::hot::QueueSizes;
use bridge_store::place::Place;
use uuid::Uuid;

use crate::admin::sync;
use crate::base::backend::Backends;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::desk::access::Visitor;
use crate::desk::asked::{Asked, Pages};
use crate::desk::form::Form;
use crate::desk::page::{Done, Frame, part, render};
use crate::desk::show::chart::share;
use crate::desk::show::{When, count};
use crate::http::Shared;
use crate::http::import::take_list;
use crate::sms::import_report::Hour;
use crate::state::receivers::DEFAULT;

const PATH: &str = "/admin/ui/recovery";
const PAGE: usize = 50;
const REFUSED_SHOWN: usize = 200;
const UNSYNCED_COUNTED: usize = 1_000;

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
    about: &'static str,
    number: String,
}

#[derive(Template)]
#[template(path = "desk/recovery.html")]
struct Page {
    frame: Frame,
    asked: Asked,
    stages: Vec<Stage>,
    remote: bool,
    parked: usize,
    refused: Vec<RefusedRow>,
    waiting: Vec<Waits>,
    pages: Pages,
    all: bool,
    backends: String,
    receivers: Vec<String>,
}

/// What waits, as far as the stores answer.
struct Waiting {
    kept: Option<Rows<WaitingRow>>,
    refused: Vec<Refused>,
    unsynced: Option<u64>,
    queues: Option<QueueSizes>,
}

impl Waiting {
    async fn look(app: &Shared, all: bool, before: Option<Place>) -> Waiting {
        let queues = if app.ladder.is_open() { in_time(app.hot.queue_sizes()).await.ok() } else { None };
        if !app.ladder.now().audit {
            return Waiting { kept: None, refused: Vec::new(), unsynced: None, queues };
        }
        let processed = if all { None } else { Some(false) };
        let unsynced = in_time(app.audit.unsynced(UNSYNCED_COUNTED)).await.ok();
        Waiting {
            kept: in_time(app.desk.power_down_page(processed, before, PAGE)).await.ok(),
            refused: in_time(app.audit.refused(REFUSED_SHOWN)).await.unwrap_or_default(),
            unsynced: if app.remote.is_some() { unsynced.map(|rows| rows.len() as u64) } else { Some(0) },
            queues,
        }
    }

    fn stages(&self, app: &Shared) -> Vec<Stage> {
        let stage = |title, about, number: Option<u64>| Stage {
            title,
            about,
            number: number.map_or_else(|| "?".to_owned(), count),
        };
        let kept = self.kept.as_ref();
        let kept = kept.map(|page| page.rows.iter().filter(|row| row.processed_at.is_none()).count() as u64);
        vec![
            stage("In the journal", "SMS that no store could take", Some(app.journal.waiting() as u64)),
            stage("In power_down_store", "SMS kept to be judged later, on this page", kept),
            stage("For the dump", "judged SMS on their way to PostgreSQL", self.queues.map(|q| q.input_sms)),
            stage(
                "Onboardings",
                "new and changed, on their way to PostgreSQL",
                self.queues.map(|q| q.onboarding),
            ),
            stage("For the remote", "validated numbers on their way to Supabase", self.unsynced),
        ]
    }
}

/// The page. It is most needed while a store is away: what cannot be read then is said to be unknown.
pub(in crate::desk) async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Problem> {
    let now = app.clock.now();
    let all = asked.is("all", "yes");
    let waiting = Waiting::look(&app, all, asked.before()?).await;
    let stages = waiting.stages(&app);
    let refused = |row: Refused| RefusedRow {
        sms_id: row.sms_id.to_string(),
        mobile: row.mobile_number,
        attempts: row.attempts,
        reason: row.reason,
        at: When::new(row.at, now),
        parked: row.parked,
    };
    let refused: Vec<RefusedRow> = waiting.refused.into_iter().map(refused).collect();
    let waits = |row: WaitingRow| Waits {
        id: row.sms.sms_id.to_string(),
        mobile: row.sms.mobile_number().to_owned(),
        came: When::new(row.sms.server_received_at, now),
        receiver: row.sms.receiver_id.clone(),
        judged: row.processed_at.map(|at| When::new(at, now)),
    };
    let kept = waiting.kept.unwrap_or_else(Rows::empty);
    Ok(render(&Page {
        frame: Frame::new(&app, visitor, "Sync & recovery", PATH).await,
        stages,
        remote: app.remote.is_some(),
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
    format!("hot store: {}, audit store: {}", hot.name(), audit.name())
}

/// Lets one parked row be pushed again, or all.
pub(in crate::desk) async fn push_again(
    State(app): State<Shared>,
    visitor: Visitor,
    form: Form,
) -> Result<Done, Problem> {
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
pub(in crate::desk) async fn gaps(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
    body: Body,
) -> Result<Response, Problem> {
    let compared = !asked.is("do", "import");
    if !compared && !visitor.operates() {
        return Err(Problem::new(Code::Forbidden, "operators may import"));
    }
    let receiver = asked.get("receiver").unwrap_or(DEFAULT);
    let report = take_list(&app, &visitor.actor(), receiver, compared, body).await?;
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
