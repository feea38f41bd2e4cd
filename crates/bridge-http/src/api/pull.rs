//! `POST /admin/receivers/{name}/pull`: the operator has a phone's own list of SMS read now. What that means is
//! [`bridge_app::admin::inbox`].

use axum::Json;
use axum::extract::{Request, State};
use bridge_core::Timestamp;

use crate::auth::{self, Operator};
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::admin::inbox;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::sms::import_report::Report;

/// Read a phone's own list of SMS.
///
/// For receivers of format smsgate with an `inbox_url`. What the bridge has not is judged, as old as it is; the bridge does
/// the same by itself when it was away, and when a silent receiver speaks again.
#[utoipa::path(
    post, path = "/admin/receivers/{name}/pull", operation_id = "pull_receiver", tag = "admin",
    security(("admin_token" = [])),
    params(
        ("name" = String, Path, description = "The receiver"),
        ("since" = Option<String>, Query, description = "From when on; an hour before it was last seen when not given"),
    ),
    responses(
        (status = 200, description = "What became of it", body = Report),
        (status = 400, description = "`invalid_request`: it has no list that can be read", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 502, description = "`receiver_away`: the phone does not answer, or answers no list", body = ProblemBody),
        (status = 503, description = "`unavailable`: a store is away", body = ProblemBody),
    )
)]
pub async fn pull(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(name): Segment,
    request: Request,
) -> Result<Json<Report>, Failed> {
    let since =
        auth::query_value(request.uri().query(), "since").map(|text| Timestamp::parse(&text)).transpose();
    let since = since.map_err(|error| Problem::field(Code::InvalidRequest, "since", error.to_string()))?;
    inbox::read_list(&app, &actor, &name, since).await.map(Json).map_err(Failed)
}
