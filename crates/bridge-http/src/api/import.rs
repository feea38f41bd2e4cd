//! `POST /sms/import`: a phone's list of SMS as a stream of any length; its rows are bounded, not its bytes. Who may
//! hand it in, and how progress and result are told; what becomes of a row is `bridge_app::sms::import`.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bridge_formats::export::{Kind, Rows};
use bridge_formats::{Incoming, generic};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use serde_json::json;

use crate::auth::{self, Purpose};
use crate::body;
use crate::client;
use crate::encoding;
use crate::problem::{Failed, ProblemBody};
use crate::state::Shared;
use bridge_app::admin::import as operator;
use bridge_app::admin_log::Actor;
use bridge_app::base::deadline::{SILENT, within};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::sms::import::Import;
use bridge_app::sms::import_report::Report;
use bridge_app::state::places::Who;
use bridge_app::state::receivers::ReceiverIdentity;

/// Rows between two lines of progress.
const TOLD_EVERY: u64 = 500;
const NDJSON: &str = "application/x-ndjson";

/// Hand in a phone's own list of SMS.
///
/// CSV with a header, NDJSON, a JSON array, SMSGate's `GET /inbox`, or the XML of "SMS Backup & Restore": told by its first
/// bytes. What the bridge has already is recognised, whichever way it came; what is missing is judged, as old as it is.
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
        (String = "text/csv"), (String = "application/x-ndjson"), (String = "application/json"), (String = "application/xml")
    )),
    responses(
        (status = 200, description = "What became of it", body = Report),
        (status = 400, description = "`invalid_request`: this is no list of SMS", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`: no such receiver", body = ProblemBody),
        (status = 503, description = "`unavailable`: send the list again later; what was taken in is recognised then", body = ProblemBody),
    )
)]
pub async fn import(State(app): State<Shared>, request: Request) -> Result<Response, Failed> {
    let (parts, body) = request.into_parts();
    match begin(&app, &parts).await {
        Ok((rows, import)) => {
            let upload = Upload { app: app.clone(), body, rows, import, is_whole: false };
            if wants_progress(&parts) {
                told_as_it_goes(upload).await.map_err(Failed)
            } else {
                told_at_the_end(upload).await.map_err(Failed)
            }
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn begin(app: &Shared, parts: &Parts) -> Result<(Rows, Import), Problem> {
    let source = source(app, parts)?;
    encoding::unpacked_already(&parts.headers)?;
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
    let import = if auth::is_operator(app, parts) {
        let actor = Actor::with_token(client::address(app, parts));
        operator::begin(app, &actor, source, check).await?
    } else {
        Import::begin(app, source, check).await?
    };
    Ok((Rows::new(kind), import.came_with(credentials)))
}

/// Whose list it is: the receiver's whose secret it comes with, or the one that the operator names.
fn source(app: &Shared, parts: &Parts) -> Result<ReceiverIdentity, Problem> {
    if auth::is_operator(app, parts) {
        return operator::source(app, auth::query_value(parts.uri.query(), "receiver").as_deref());
    }
    let incoming = Incoming::new(&parts.method, &parts.uri, &parts.headers, &[]);
    let receiver = auth::receiver(app, &incoming, &generic::FORMAT, Purpose::Import)?;
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
    body: Body,
    rows: Rows,
    import: Import,
    /// All of the body was read.
    is_whole: bool,
}

impl Upload {
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
        let stopping = self.app.stopping.clone();
        let frame = within(SILENT, self.body.frame());
        let frame = tokio::select! {
            () = stopping.cancelled() => None,
            frame = frame => Some(frame),
        };
        let Some(frame) = frame else {
            return Err(Problem::new(
                Code::Unavailable,
                "the bridge is stopping: send the list again when it is back",
            ));
        };
        let broken = match frame {
            Ok(Some(Ok(frame))) => {
                if let Ok(bytes) = frame.into_data() {
                    self.rows.push(&bytes);
                }
                return Ok(());
            }
            Ok(None) => {
                self.rows.end();
                self.is_whole = true;
                return Ok(());
            }
            Ok(Some(Err(_))) => (Code::InvalidRequest, "the list broke off"),
            Err(_) => (Code::RequestTimeout, body::LIST_SILENT),
        };
        // What came is taken in: the list will come again, and then it is known.
        self.import.flush(&self.app).await?;
        let rows = self.import.so_far().rows;
        Err(Problem::new(
            broken.0,
            format!("{} after {rows} rows, which were taken in: send it again", broken.1),
        ))
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
    body: Body,
) -> Result<Report, Problem> {
    let source = operator::source(app, Some(receiver))?;
    let import = operator::begin(app, actor, source, check).await?;
    to_the_end(Upload { app: app.clone(), body, rows: Rows::new(None), import, is_whole: false }).await
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
