//! `POST /admin/blacklist/import`: a list of numbers to block, a line each, as a stream of any length.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use bridge_store::blacklisting::Blacklisting;
use http_body_util::BodyExt;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Wish, mobile};
use crate::admin::blacklist;
use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem, ProblemBody};
use crate::http::auth::Operator;
use crate::http::{Shared, body};

/// A client that sends nothing for so long is gone.
const SILENT_FOR: Duration = Duration::from_secs(60);
const LINE_MAX_BYTES: usize = 1024;
/// Of one list: what is longer comes in several.
const LINES_MAX: u64 = 1_000_000;
/// Numbers that are written in one step.
const STEP: usize = 500;
/// Wrong lines that are told one by one.
const TOLD_MAX: usize = 100;
/// What the first column of a header is called.
const HEADERS: [&str; 5] = ["number", "mobile_number", "mobile", "phone", "msisdn"];

/// What became of the list.
#[derive(Default, Serialize, ToSchema)]
pub struct BlacklistImported {
    /// Lines with something in them.
    pub(crate) lines: u64,
    /// Numbers that are blocked now.
    pub(crate) blocked: u64,
    /// Lines that nobody can use.
    pub(crate) wrong: u64,
    /// The first hundred of them.
    pub(crate) errors: Vec<WrongLine>,
}

/// A line that nobody can use.
#[derive(Serialize, ToSchema)]
pub struct WrongLine {
    /// Which, from 1.
    pub(crate) line: u64,
    /// What is wrong with it.
    pub(crate) detail: String,
}

/// Block a list of numbers.
///
/// One number a line; where there is more, separated by commas: number, reason, and when the block ends. A header is
/// skipped. A line that nobody can use stops no other.
#[utoipa::path(
    post, path = "/admin/blacklist/import", operation_id = "import_blacklist", tag = "admin",
    security(("admin_token" = [])), request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, body = BlacklistImported),
        (status = 400, description = "`invalid_request`: the list broke off", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 408, description = "`request_timeout`", body = ProblemBody),
        (status = 413, description = "`body_too_large`: the lines so far are blocked", body = ProblemBody),
        (status = 503, description = "`unavailable`: send the list again", body = ProblemBody),
    )
)]
pub async fn import(
    Operator(actor): Operator,
    State(app): State<Shared>,
    request: Request,
) -> Result<Json<BlacklistImported>, Problem> {
    block_list(&app, &actor, request.into_body()).await.map(Json)
}

/// Blocks every number of a list.
pub(crate) async fn block_list(
    app: &Shared,
    actor: &Actor,
    mut body: Body,
) -> Result<BlacklistImported, Problem> {
    app.note_change(actor, "blacklist.import", "a list", Value::Null, Value::Null).await?;
    let mut import = Import::new(actor);
    let taken = import.take(app, &mut body).await;
    if taken.is_err() {
        body::discard(&mut body).await;
    }
    taken?;
    import.write(app).await?;
    // Held against whoever asks from now on, not only from the worker's next turn on.
    in_time(blacklist::load(app)).await?;
    Ok(import.report)
}

struct Import {
    /// Who blocks them.
    actor: Actor,
    report: BlacklistImported,
    /// Which line is next, blank ones counted.
    line: u64,
    pending: Vec<u8>,
    /// The line that is coming in is longer than any may be.
    too_long: bool,
    batch: Vec<Blacklisting>,
}

impl Import {
    fn new(actor: &Actor) -> Import {
        Import {
            actor: actor.clone(),
            report: BlacklistImported::default(),
            line: 0,
            pending: Vec::new(),
            too_long: false,
            batch: Vec::new(),
        }
    }

    async fn take(&mut self, app: &Shared, body: &mut Body) -> Result<(), Problem> {
        loop {
            let frame = tokio::time::timeout(SILENT_FOR, body.frame()).await;
            let frame = frame.map_err(|_| {
                Problem::new(Code::RequestTimeout, "the rest of the list did not arrive within 60 seconds")
            })?;
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        self.push(app, &bytes).await?;
                    }
                }
                None => return self.end_of_line(app).await,
                Some(Err(_)) => {
                    let lines = self.report.lines;
                    return Err(Problem::new(
                        Code::InvalidRequest,
                        format!("the list broke off after {lines} lines: send it again"),
                    ));
                }
            }
        }
    }

    async fn push(&mut self, app: &Shared, bytes: &[u8]) -> Result<(), Problem> {
        for byte in bytes {
            match byte {
                b'\n' => self.end_of_line(app).await?,
                _ if self.pending.len() >= LINE_MAX_BYTES => self.too_long = true,
                byte => self.pending.push(*byte),
            }
        }
        Ok(())
    }

    async fn end_of_line(&mut self, app: &Shared) -> Result<(), Problem> {
        self.line += 1;
        let line = std::mem::take(&mut self.pending);
        let too_long = std::mem::take(&mut self.too_long);
        let text = String::from_utf8_lossy(&line);
        // What a spreadsheet puts before a file.
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Ok(());
        }
        if self.report.lines >= LINES_MAX {
            let rule = format!("a list may have {LINES_MAX} lines: send the rest as another one");
            return Err(Problem::new(Code::BodyTooLarge, rule));
        }
        let read = if too_long {
            Err(format!("is longer than {LINE_MAX_BYTES} bytes"))
        } else {
            self.read(app, text)
        };
        self.report.lines += 1;
        match read {
            Ok(Some(entry)) => self.batch.push(entry),
            Ok(None) => self.report.lines -= 1,
            Err(detail) => {
                self.report.wrong += 1;
                if self.report.errors.len() < TOLD_MAX {
                    self.report.errors.push(WrongLine { line: self.line, detail });
                }
            }
        }
        if self.batch.len() >= STEP { self.write(app).await } else { Ok(()) }
    }

    /// `None`: a header.
    fn read(&self, app: &Shared, text: &str) -> Result<Option<Blacklisting>, String> {
        let mut table = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let record = table.records().next().transpose().map_err(|error| error.to_string())?;
        let record = record.unwrap_or_default();
        let column = |place| record.get(place).filter(|text: &&str| !text.is_empty());
        let number = column(0).ok_or("holds no number in its first column")?;
        if self.report.lines == 0 && HEADERS.contains(&number.to_lowercase().as_str()) {
            return Ok(None);
        }
        let mobile = mobile(app, number).map_err(|problem| problem.detail().to_owned())?;
        let wish = Wish {
            reason: column(1).unwrap_or_default().to_owned(),
            expires_at: column(2).map(str::to_owned),
        };
        wish.block(app, &self.actor, &mobile).map(Some).map_err(|problem| problem.detail().to_owned())
    }

    async fn write(&mut self, app: &Shared) -> Result<(), Problem> {
        if !self.batch.is_empty() {
            // The source: the set that the checks read is made from it (D24).
            in_time(app.audit.append_blacklist(&self.batch)).await?;
            self.report.blocked += self.batch.len() as u64;
            self.batch.clear();
        }
        Ok(())
    }
}
