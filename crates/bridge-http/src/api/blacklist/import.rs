//! `POST /admin/blacklist/import`: a list of numbers to block, a line each, as a stream of any length.

use axum::Json;
use axum::extract::{Request, State};

use crate::auth::Operator;
use crate::list::Coming;
use crate::problem::{Failed, ProblemBody};
use crate::state::Shared;
use bridge_app::admin::block_list::{BlacklistImported, Import};
use bridge_app::base::problem::Problem;
use bridge_app::bridge::App;

/// Block a list of numbers.
///
/// One number a line; where there is more, separated by commas: number, reason, and when the block ends. A header is
/// skipped. A line that nobody can use stops no other. It may be packed (`Content-Encoding`).
#[utoipa::path(
    post, path = "/admin/blacklist/import", operation_id = "import_blacklist", tag = "admin",
    security(("admin_token" = [])), request_body(content = String, content_type = "text/csv"),
    responses(
        (status = 200, body = BlacklistImported),
        (status = 400, description = "`invalid_request`: the list broke off", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 408, description = "`request_timeout`", body = ProblemBody),
        (status = 413, description = "`body_too_large`: the lines so far are blocked", body = ProblemBody),
        (status = 415, description = "`unsupported_encoding`: see `Accept-Encoding`", body = ProblemBody),
        (status = 503, description = "`unavailable`: send the list again", body = ProblemBody),
    )
)]
pub async fn import(
    Operator(actor): Operator,
    State(app): State<Shared>,
    request: Request,
) -> Result<Json<BlacklistImported>, Failed> {
    let (parts, body) = request.into_parts();
    // Before anything is noted.
    let mut list = Coming::of(&app, &parts.headers, body).await?;
    let mut import = Import::begin(&app, &actor).await?;
    read(&app, &mut import, &mut list).await?;
    import.finish(&app).await.map(Json).map_err(Failed)
}

async fn read(app: &App, import: &mut Import, list: &mut Coming) -> Result<(), Problem> {
    loop {
        match list.piece(app).await {
            Ok(Some(bytes)) => import.push(app, &bytes).await?,
            Ok(None) => return Ok(()),
            Err(problem) => {
                let lines = import.lines();
                let detail = format!("{} after {lines} lines: send it again", problem.detail());
                return Err(Problem::new(problem.code(), detail));
            }
        }
    }
}
