//! `POST /admin/blacklist/import`: a list of numbers to block, a line each, as a stream of any length.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use http_body_util::BodyExt;

use crate::auth::Operator;
use crate::body;
use crate::problem::{Failed, ProblemBody};
use crate::state::Shared;
use bridge_app::admin::block_list::{BlacklistImported, Import};
use bridge_app::base::deadline::{SILENT, within};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::bridge::App;

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
) -> Result<Json<BlacklistImported>, Failed> {
    let mut import = Import::begin(&app, &actor).await?;
    let mut body = request.into_body();
    read(&app, &mut import, &mut body).await?;
    import.finish(&app).await.map(Json).map_err(Failed)
}

async fn read(app: &App, import: &mut Import, body: &mut Body) -> Result<(), Problem> {
    loop {
        let frame = within(SILENT, body.frame()).await;
        let frame = frame.map_err(|_| Problem::new(Code::RequestTimeout, body::LIST_SILENT))?;
        match frame {
            Some(Ok(frame)) => {
                if let Ok(bytes) = frame.into_data() {
                    import.push(app, &bytes).await?;
                }
            }
            None => return Ok(()),
            Some(Err(_)) => {
                let lines = import.lines();
                return Err(Problem::new(
                    Code::InvalidRequest,
                    format!("the list broke off after {lines} lines: send it again"),
                ));
            }
        }
    }
}
