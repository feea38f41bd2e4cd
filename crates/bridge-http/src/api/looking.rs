//! What the operator looks at as JSON: judged SMS, onboardings and validated numbers, searched page by page, and how the
//! bridge stands. The pages of the desk ask the same functions.

use axum::Json;
use axum::extract::State;
use axum::http::request::Parts;
use bridge_core::onboarding::State as Standing;
use bridge_core::verdict::FailedAt;
use bridge_store::audit::SmsRow;
use bridge_store::desk::{OnboardingFilter, OnboardingRow, SmsFilter, ValidatedFilter, ValidatedRow};
use bridge_store::place::WAITING;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

use super::input_sms::columns;
use super::rejudge::StepView;
use crate::auth::Operator;
use crate::problem::{Failed, ProblemBody};
use crate::query;
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::health::Health;
use bridge_app::looking;
use bridge_app::looking::standing::Level;

const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 500;

/// A row of `input_sms`; one that waits to be written has no `id` yet.
fn row(row: &SmsRow) -> Map<String, Value> {
    let mut columns = columns(row);
    if row.id >= WAITING {
        columns.insert("id".to_owned(), Value::Null);
    }
    columns
}

/// SMS, newest first.
#[derive(Serialize, ToSchema)]
pub struct JudgedPage {
    /// Rows with the columns of `input_sms`; of each text the first 200 characters.
    #[schema(value_type = Vec<Object>)]
    items: Vec<Map<String, Value>>,
    /// Give it as `before` for the next page; null on the last one.
    next_before: Option<String>,
    /// The page is not full: all since then was looked through.
    #[schema(format = DateTime)]
    scanned_until: Option<String>,
}

/// Judged SMS, searched.
///
/// What was judged a second ago is there.
#[utoipa::path(
    get, path = "/admin/sms/search", operation_id = "search_sms", tag = "admin", security(("admin_token" = [])),
    params(
        ("mobile" = Option<String>, Query, description = "The number, how it begins, or the sender as it came"),
        ("receiver" = Option<String>, Query, description = "Handed in by this receiver"),
        ("status" = Option<String>, Query, description = "`passed` or `failed`"),
        ("check" = Option<String>, Query, description = "Failed at this check"),
        ("text" = Option<String>, Query, description = "A part of its text or sender, whatever the case"),
        ("from" = Option<String>, Query, description = "Taken in at or after this time"),
        ("to" = Option<String>, Query, description = "Taken in before this time"),
        ("before" = Option<String>, Query, description = "`next_before` of the page before"),
        ("limit" = Option<usize>, Query, minimum = 1, description = "Rows on a page, at most 500"),
    ),
    responses(
        (status = 200, body = JudgedPage),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn sms(_: Operator, State(app): State<Shared>, parts: Parts) -> Result<Json<JudgedPage>, Failed> {
    let asked = parts.uri.query();
    let wrong = |field: &str, detail: &str| Problem::field(Code::InvalidRequest, field, detail);
    let check = query::text(asked, "check").map(|word| FailedAt::from_word(&word).ok_or(word)).transpose();
    let filter = SmsFilter {
        mobile: query::mobile(&app, asked)?,
        receiver: query::text(asked, "receiver"),
        from: query::time(asked, "from")?,
        to: query::time(asked, "to")?,
        passed: match query::text(asked, "status").as_deref() {
            None => None,
            Some("passed") => Some(true),
            Some("failed") => Some(false),
            Some(_) => return Err(wrong("status", "must be passed or failed").into()),
        },
        failed_at: check.map_err(|_| wrong("check", "is no check"))?,
        late: false,
        holds: query::text(asked, "text"),
        text_chars: None,
    };
    let limit = query::limit(asked, PAGE_DEFAULT, PAGE_MAX)?;
    let found = looking::sms::search(&app, &filter, query::before(asked)?, limit).await?;
    Ok(Json(JudgedPage {
        items: found.rows.iter().map(row).collect(),
        next_before: query::next(found.next),
        scanned_until: found.scanned_until.map(|at| at.to_string()),
    }))
}

/// All that is known of one SMS.
#[derive(Serialize, ToSchema)]
pub struct SmsStoryView {
    sms_id: Uuid,
    mobile_number: String,
    sms_message: String,
    receiver_id: String,
    format: String,
    #[schema(format = DateTime)]
    received_timestamp: String,
    #[schema(format = DateTime)]
    server_received_at: String,
    /// Its row; null: it was not judged yet.
    #[schema(value_type = Option<Object>)]
    row: Option<Map<String, Value>>,
    /// Why it was judged so, by the settings of that time.
    trace: Vec<StepView>,
    /// Settings that have changed since.
    changed_since: Vec<&'static str>,
    /// The onboarding that it was judged against.
    onboarding_id: Option<Uuid>,
    /// What an operator accepted it as.
    accepted_as: Option<Uuid>,
    /// An operator may accept it.
    may_be_accepted: bool,
}

/// One SMS with the reason for its verdict.
#[utoipa::path(
    get, path = "/admin/sms/{sms_id}", operation_id = "show_sms", tag = "admin", security(("admin_token" = [])),
    params(("sms_id" = String, Path, description = "From a list")),
    responses(
        (status = 200, body = SmsStoryView),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn one_sms(
    _: Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<SmsStoryView>, Failed> {
    let nothing = || Problem::new(Code::NotFound, "nothing is kept of such an SMS: it may be old, or erased");
    let id: Uuid = id.parse().map_err(|_| nothing())?;
    let story = looking::sms::story(&app, &app.live.now(), id).await?.ok_or_else(nothing)?;
    let (kept, trace, changed_since) = match story.judged {
        Some(judged) => (Some(row(&judged.row)), judged.steps, judged.changed),
        None => (None, Vec::new(), Vec::new()),
    };
    Ok(Json(SmsStoryView {
        sms_id: id,
        mobile_number: story.sms.mobile_number().to_owned(),
        sms_message: story.sms.text.clone(),
        receiver_id: story.sms.receiver_id.clone(),
        format: story.sms.format.clone(),
        received_timestamp: story.sms.received_timestamp.to_string(),
        server_received_at: story.sms.server_received_at.to_string(),
        row: kept,
        trace: trace.into_iter().map(StepView::of).collect(),
        changed_since,
        onboarding_id: story.onboarding.map(|onboarding| onboarding.id),
        accepted_as: story.accepted,
        may_be_accepted: story.may_be_accepted,
    }))
}

/// An onboarding, without its hash.
#[derive(Serialize, ToSchema)]
pub struct OnboardingView {
    onboarding_id: Uuid,
    mobile_number: String,
    email: Option<String>,
    device_id: Option<String>,
    /// `pending`, `validated`, `expired`, `cancelled` or `superseded`.
    status: &'static str,
    #[schema(format = DateTime)]
    request_timestamp: String,
    #[schema(format = DateTime)]
    user_deadline: String,
    #[schema(format = DateTime)]
    validated_at: Option<String>,
    /// `passed`, or the check at which its last SMS failed.
    last_sms: Option<String>,
}

impl From<OnboardingRow> for OnboardingView {
    fn from(row: OnboardingRow) -> OnboardingView {
        let OnboardingRow { onboarding, last_sms, .. } = row;
        OnboardingView {
            onboarding_id: onboarding.id,
            mobile_number: onboarding.mobile.e164().to_owned(),
            email: onboarding.email,
            device_id: onboarding.device_id,
            status: onboarding.state.as_str(),
            request_timestamp: onboarding.request_timestamp.to_string(),
            user_deadline: onboarding.user_deadline.to_string(),
            validated_at: onboarding.validated_at.map(|at| at.to_string()),
            last_sms,
        }
    }
}

/// Onboardings, newest first.
#[derive(Serialize, ToSchema)]
pub struct OnboardingPage {
    items: Vec<OnboardingView>,
    /// Give it as `before` for the next page; null on the last one.
    next_before: Option<String>,
    /// The page is not full: all since then was looked through.
    #[schema(format = DateTime)]
    scanned_until: Option<String>,
}

/// Onboardings, searched.
#[utoipa::path(
    get, path = "/admin/onboardings", operation_id = "search_onboardings", tag = "admin", security(("admin_token" = [])),
    params(
        ("mobile" = Option<String>, Query, description = "The number, or how it begins"),
        ("email" = Option<String>, Query, description = "With this e-mail address"),
        ("device_id" = Option<String>, Query, description = "With this device"),
        ("status" = Option<String>, Query, description = "`pending`, `validated`, `expired`, `cancelled` or `superseded`"),
        ("text" = Option<String>, Query, description = "A part of number, e-mail address or device"),
        ("from" = Option<String>, Query, description = "Registered at or after this time"),
        ("to" = Option<String>, Query, description = "Registered before this time"),
        ("before" = Option<String>, Query, description = "`next_before` of the page before"),
        ("limit" = Option<usize>, Query, minimum = 1, description = "Rows on a page, at most 500"),
    ),
    responses(
        (status = 200, body = OnboardingPage),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn onboardings(
    _: Operator,
    State(app): State<Shared>,
    parts: Parts,
) -> Result<Json<OnboardingPage>, Failed> {
    let asked = parts.uri.query();
    let state = query::text(asked, "status").map(|word| Standing::from_word(&word).ok_or(word)).transpose();
    let no_state = |_| {
        let detail = "must be pending, validated, expired, cancelled or superseded";
        Problem::field(Code::InvalidRequest, "status", detail)
    };
    let filter = OnboardingFilter {
        mobile: query::mobile(&app, asked)?,
        email: query::text(asked, "email"),
        device_id: query::text(asked, "device_id"),
        state: state.map_err(no_state)?,
        holds: query::text(asked, "text"),
        from: query::time(asked, "from")?,
        to: query::time(asked, "to")?,
    };
    let limit = query::limit(asked, PAGE_DEFAULT, PAGE_MAX)?;
    let found = looking::onboardings::search(&app, &filter, query::before(asked)?, limit).await?;
    Ok(Json(OnboardingPage {
        items: found.rows.into_iter().map(Into::into).collect(),
        next_before: query::next(found.next),
        scanned_until: found.scanned_until.map(|at| at.to_string()),
    }))
}

/// One onboarding, and the SMS that were judged against it, oldest first.
#[derive(Serialize, ToSchema)]
pub struct OnboardingStory {
    #[serde(flatten)]
    onboarding: OnboardingView,
    #[schema(value_type = Vec<Object>)]
    sms: Vec<Map<String, Value>>,
}

/// One onboarding with its SMS.
#[utoipa::path(
    get, path = "/admin/onboardings/{onboarding_id}", operation_id = "show_onboarding", tag = "admin",
    security(("admin_token" = [])), params(("onboarding_id" = String, Path, description = "From a list")),
    responses(
        (status = 200, body = OnboardingStory),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn one_onboarding(
    _: Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<OnboardingStory>, Failed> {
    let nothing = || Problem::new(Code::NotFound, "nothing is kept of such an onboarding");
    let id: Uuid = id.parse().map_err(|_| nothing())?;
    let (onboarding, sms) = looking::onboardings::story(&app, id).await?.ok_or_else(nothing)?;
    Ok(Json(OnboardingStory { onboarding: onboarding.into(), sms: sms.iter().map(row).collect() }))
}

/// A validated number.
#[derive(Serialize, ToSchema)]
pub struct ValidatedView {
    mobile_number: String,
    /// Empty where the app gave none.
    device_id: String,
    /// The SMS that proved it.
    sms_id: Uuid,
    #[schema(format = DateTime)]
    validated_at: String,
}

impl From<ValidatedRow> for ValidatedView {
    fn from(row: ValidatedRow) -> ValidatedView {
        let ValidatedRow { mobile_number, device_id, sms_id, validated_at } = row;
        ValidatedView { mobile_number, device_id, sms_id, validated_at: validated_at.to_string() }
    }
}

/// Validated numbers, newest first.
#[derive(Serialize, ToSchema)]
pub struct ValidatedPage {
    items: Vec<ValidatedView>,
    /// How many there are of what was asked for; null: more than 100,000.
    total: Option<usize>,
    /// Give it as `before` for the next page; null on the last one.
    next_before: Option<String>,
    /// The page is not full: all since then was looked through.
    #[schema(format = DateTime)]
    scanned_until: Option<String>,
}

/// Validated numbers, searched.
#[utoipa::path(
    get, path = "/admin/validated", operation_id = "search_validated", tag = "admin", security(("admin_token" = [])),
    params(
        ("mobile" = Option<String>, Query, description = "The number, or how it begins"),
        ("from" = Option<String>, Query, description = "Validated at or after this time"),
        ("to" = Option<String>, Query, description = "Validated before this time"),
        ("before" = Option<String>, Query, description = "`next_before` of the page before"),
        ("limit" = Option<usize>, Query, minimum = 1, description = "Rows on a page, at most 500"),
    ),
    responses(
        (status = 200, body = ValidatedPage),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn validated(
    _: Operator,
    State(app): State<Shared>,
    parts: Parts,
) -> Result<Json<ValidatedPage>, Failed> {
    let asked = parts.uri.query();
    let filter = ValidatedFilter {
        mobile: query::mobile(&app, asked)?,
        from: query::time(asked, "from")?,
        to: query::time(asked, "to")?,
    };
    let limit = query::limit(asked, PAGE_DEFAULT, PAGE_MAX)?;
    let found = looking::validated::search(&app, &filter, query::before(asked)?, limit).await?;
    Ok(Json(ValidatedPage {
        total: looking::validated::count(&app, &filter).await?,
        items: found.rows.into_iter().map(Into::into).collect(),
        next_before: query::next(found.next),
        scanned_until: found.scanned_until.map(|at| at.to_string()),
    }))
}

/// Whether people can register and be validated now.
#[derive(Serialize, ToSchema)]
pub struct StandingView {
    /// `good`, `warning`, or `bad`: people cannot register, or SMS are not taken in.
    level: &'static str,
    /// The sentence that the desk begins with.
    sentence: String,
    #[schema(format = DateTime)]
    since: Option<String>,
    /// What to do.
    todo: Option<String>,
    /// What else is odd.
    others: Vec<String>,
}

/// How the bridge stands, in words: what the desk says first.
#[utoipa::path(
    get, path = "/admin/standing", operation_id = "standing", tag = "admin", security(("admin_token" = [])),
    responses((status = 200, body = StandingView), (status = 401, body = ProblemBody))
)]
pub async fn standing(_: Operator, State(app): State<Shared>) -> Json<StandingView> {
    let settings = app.live.now();
    let health = Health::look(&app, &settings).await;
    let standing = looking::standing::look(&app, &settings, &health);
    Json(StandingView {
        level: match standing.level {
            Level::Good => "good",
            Level::Warning => "warning",
            Level::Bad => "bad",
        },
        sentence: standing.sentence,
        since: standing.since.map(|at| at.to_string()),
        todo: standing.todo,
        others: health.reasons(settings.maintenance_mode),
    })
}
