//! `POST /sms/import`: a phone's list of SMS as a stream of any length; its rows are bounded, not its bytes. Who may
//! hand it in, and how progress and result are told; what becomes of a row is `bridge_app::sms::import`.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bridge_formats::export::{Kind, Rows};
use bridge_formats::{Incoming, generic};
use bytes::Bytes;
use futures_util::stream;
use serde_json::json;

use crate::auth::{self, Purpose};
use crate::client;
use crate::encoding;
use crate::list::Coming;
use crate::problem::{Failed, ProblemBody};
use crate::state::Shared;
use bridge_app::admin::import as operator;
use bridge_app::admin_log::Actor;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::sms::import::Import;
use bridge_app::sms::import_report::Report;
use bridge_app::state::bodies::{Bodies, Sender, Taken};
use bridge_app::state::places::Who;
use bridge_app::state::receivers::ReceiverIdentity;
use bridge_app::state::workbooks::Turn;

/// Rows between two lines of progress.
const TOLD_EVERY: u64 = 500;
const NDJSON: &str = "application/x-ndjson";

/// Hand in a phone's own list of SMS.
///
/// CSV with a header, a workbook (`.xlsx`), NDJSON, a JSON array, SMSGate's `GET /inbox`, or the XML of "SMS Backup &
/// Restore": told by its first bytes. It may be packed (`Content-Encoding`). What the bridge has already is recognised, whichever way it came; what is missing is judged, as old as it is.
/// With `Accept: application/x-ndjson` the answer is a line of counts every 500 rows, the last of which is the report.
#[utoipa::path(
    post, path = "/sms/import", operation_id = "import_sms", tag = "sms",
    security(("receiver_key" = []), ("receiver_key_query" = []), ("admin_token" = [])),
    params(
        ("receiver" = Option<String>, Query, description = "With the admin token: whose list it is; `default` when not given"),
        ("format" = Option<String>, Query, description = format!("{}, where the first bytes do not tell", Kind::NAMES)),
        ("check" = Option<bool>, Query, description = "Take nothing in: only say what is missing"),
    ),
    request_body(content(
        (String = "text/csv"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"), (String = "application/x-ndjson"), (String = "application/json"), (String = "application/xml")
    )),
    responses(
        (status = 200, description = "What became of it", body = Report),
        (status = 400, description = "`invalid_request`: this is no list of SMS", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`: no such receiver", body = ProblemBody),
        (status = 413, description = "`body_too_large`: of a packed list", body = ProblemBody),
        (status = 415, description = "`unsupported_encoding`: see `Accept-Encoding`", body = ProblemBody),
        (status = 503, description = "`unavailable`: send the list again later; what was taken in is recognised then", body = ProblemBody),
    )
)]
pub async fn import(State(app): State<Shared>, request: Request) -> Result<Response, Failed> {
    let (parts, body) = request.into_parts();
    match begin(&app, &parts).await {
        Ok((whose, rows, import)) => {
            let body = Coming::of(&app, &parts.headers, body).await?;
            let upload = Upload::new(&app, whose, body, rows, import);
            if wants_progress(&parts) {
                told_as_it_goes(upload).await.map_err(Failed)
            } else {
                told_at_the_end(upload).await.map_err(Failed)
            }
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn begin(app: &Shared, parts: &Parts) -> Result<(String, Rows, Import), Problem> {
    let source = source(app, parts)?;
    // An operator has a turn of their own: no receiver is in their way.
    let whose =
        auth::operator(app, parts).map_or_else(|| format!("receiver {}", source.name()), |actor| actor.who);
    encoding::packed_with(&parts.headers)?;
    let query = |name| auth::query_value(parts.uri.query(), name);
    let kind = match query("format") {
        None => None,
        Some(name) => Some(Kind::named(&name).ok_or_else(|| {
            Problem::field(Code::InvalidRequest, "format", format!("must be one of {}", Kind::NAMES))
        })?),
    };
    let check = match query("check").as_deref() {
        None | Some("false") => false,
        Some("true" | "") => true,
        Some(_) => return Err(Problem::field(Code::InvalidRequest, "check", "must be true or false")),
    };
    let incoming = Incoming::new(&parts.method, &parts.uri, &parts.headers, &[]);
    let credentials = auth::credentials(&incoming, &generic::FORMAT, &source);
    let import = if let Some(actor) = auth::operator(app, parts) {
        operator::begin(app, &actor, source, check).await?
    } else {
        Import::begin(app, source, check).await?
    };
    Ok((whose, Rows::new(kind), import.came_with(credentials)))
}

/// Whose list it is: the receiver's whose secret it comes with, or the one that the operator names.
fn source(app: &Shared, parts: &Parts) -> Result<ReceiverIdentity, Problem> {
    if auth::operator(app, parts).is_some() {
        return operator::source(app, auth::query_value(parts.uri.query(), "receiver").as_deref());
    }
    let incoming = Incoming::new(&parts.method, &parts.uri, &parts.headers, &[]);
    let receiver =
        auth::receiver(app, &incoming, &generic::FORMAT, Purpose::Import, client::address(app, parts))?;
    client::is(parts, Who::Receiver(receiver.name()));
    Ok(receiver)
}

fn wants_progress(parts: &Parts) -> bool {
    let accepted = parts.headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains(NDJSON))
}

/// A list that is coming in.
struct Upload {
    app: Shared,
    /// Whose it is, for the turn with a workbook.
    whose: String,
    body: Coming,
    rows: Rows,
    import: Import,
    /// All of the body was read.
    is_whole: bool,
    /// Bytes of a workbook, which is in memory until its end is there.
    taken: Taken,
    /// No other workbook is read until this one was taken in.
    turn: Option<Turn>,
}

impl Upload {
    fn new(app: &Shared, whose: String, body: Coming, rows: Rows, import: Import) -> Upload {
        let taken = Bodies::begin(Sender::Known);
        Upload { app: app.clone(), whose, body, rows, import, is_whole: false, taken, turn: None }
    }

    /// Goes on until there is progress to tell. False: the list came to its end.
    async fn go_on(&mut self) -> Result<bool, Problem> {
        let until = self.import.so_far().rows + TOLD_EVERY;
        loop {
            match self.rows.next_row() {
                Ok(Some(row)) => {
                    self.import.take(&self.app, row).await?;
                    if self.import.so_far().rows >= until {
                        return Ok(true);
                    }
                }
                Ok(None) if self.is_whole => return Ok(false),
                Ok(None) => self.read().await?,
                Err(unusable) => {
                    return Err(Problem::fields(Code::InvalidRequest, unusable.detail, unusable.errors));
                }
            }
        }
    }

    async fn read(&mut self) -> Result<(), Problem> {
        let stopped = match self.body.piece(&self.app).await {
            Ok(Some(bytes)) => return self.push(&bytes),
            Ok(None) => return self.end().await,
            Err(problem) if problem.code() == Code::Unavailable => return Err(problem),
            Err(problem) => problem,
        };
        // What came is taken in: the list will come again, and then it is known.
        self.import.flush(&self.app).await?;
        let rows = self.import.so_far().rows;
        Err(Problem::new(
            stopped.code(),
            format!("{} after {rows} rows, which were taken in: send it again", stopped.detail()),
        ))
    }

    /// Rows go as they come; a workbook waits for its end, and counts among all that is in memory.
    fn push(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        self.rows.push(bytes);
        if self.rows.is_packed() {
            self.app.bodies.more(&mut self.taken, bytes.len())?;
        }
        Ok(())
    }

    /// That was all of the list. A workbook is read now, beside whatever else the bridge does.
    async fn end(&mut self) -> Result<(), Problem> {
        self.is_whole = true;
        if !self.rows.is_packed() {
            self.rows.end();
            return Ok(());
        }
        let turn = self.app.bodies.workbooks.turn(&self.whose).await?;
        let mut rows = std::mem::replace(&mut self.rows, Rows::new(None));
        let read = tokio::task::spawn_blocking(move || {
            rows.end();
            // With it, so that it is kept while the reading goes on after its sender left.
            (rows, turn)
        });
        let (rows, turn) =
            read.await.map_err(|_| Problem::new(Code::InvalidRequest, "the workbook cannot be read"))?;
        self.rows = rows;
        self.turn = Some(turn);
        self.taken = Bodies::begin(Sender::Known);
        Ok(())
    }
}

async fn told_at_the_end(upload: Upload) -> Result<Response, Problem> {
    Ok(Json(to_the_end(upload).await?).into_response())
}

/// A list that the operator uploads at the desk: compared, or what is missing taken in.
pub async fn take_list(
    app: &Shared,
    actor: &Actor,
    receiver: &str,
    check: bool,
    headers: &HeaderMap,
    body: Body,
) -> Result<Report, Problem> {
    let source = operator::source(app, Some(receiver))?;
    encoding::packed_with(headers)?;
    let import = operator::begin(app, actor, source, check).await?;
    let body = Coming::of(app, headers, body).await?;
    to_the_end(Upload::new(app, actor.who.clone(), body, Rows::new(None), import)).await
}

async fn to_the_end(mut upload: Upload) -> Result<Report, Problem> {
    while upload.go_on().await? {}
    Ok(upload.import.finish(&upload.app).await?)
}

/// The first step is made before the answer begins, so that what is no list at all is refused by its status.
async fn told_as_it_goes(mut upload: Upload) -> Result<Response, Problem> {
    let more = upload.go_on().await?;
    let first = Telling { upload, more, told: false };
    let lines = stream::unfold(Some(first), |telling| async {
        let mut telling = telling?;
        if telling.told {
            match telling.upload.go_on().await {
                Ok(more) => telling.more = more,
                Err(problem) => return Some((line(Err::<Report, _>(problem)), None)),
            }
        }
        if !telling.more {
            let Upload { app, import, .. } = telling.upload;
            return Some((line(import.finish(&app).await.map_err(Problem::from)), None));
        }
        telling.told = true;
        Some((Ok(counts(telling.upload.import.so_far())), Some(telling)))
    });
    Ok(([(CONTENT_TYPE, NDJSON)], Body::from_stream(lines)).into_response())
}

/// An upload between two lines of its progress.
struct Telling {
    upload: Upload,
    /// There is more of the list.
    more: bool,
    /// What was done so far was told.
    told: bool,
}

type Line = Result<Bytes, std::convert::Infallible>;

fn counts(report: &Report) -> Bytes {
    let told = json!({
        "rows": report.rows, "judged": report.judged, "passed": report.passed, "redelivered": report.redelivered,
        "quarantined": report.quarantined, "late": report.late, "skipped": report.skipped, "stored": report.stored,
        "missing": report.missing,
    });
    Bytes::from(format!("{told}\n"))
}

/// The report, or the problem that the list ended with.
fn line(end: Result<Report, Problem>) -> Line {
    let told = match end {
        Ok(report) => json!(report),
        Err(problem) => json!({"error": ProblemBody::of(&problem, "")}),
    };
    Ok(Bytes::from(format!("{told}\n")))
}
