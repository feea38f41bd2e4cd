//! `/admin/webhooks`: who is told what happened, and how every try to tell it went. What a webhook means is
//! [`bridge_app::admin::webhooks`].

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bridge_core::Timestamp;
use bridge_store::audit::{Delivery, Outcome, Webhook};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::{Operator, query_value};
use crate::body;
use crate::problem::{Failed, ProblemBody};
use crate::query;
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::admin::webhooks::{self, Listed};

/// A webhook.
#[derive(Serialize, ToSchema)]
pub struct WebhookView {
    id: Uuid,
    url: String,
    /// The names of the events that it is told.
    events: Vec<&'static str>,
    description: String,
    enabled: bool,
    #[schema(format = DateTime)]
    created_at: String,
    /// Since when no try has succeeded.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// Why the bridge switched it off, where it did.
    disabled_reason: Option<String>,
    /// Until when messages are signed with the secret before, too.
    #[schema(format = DateTime)]
    previous_secret_until: Option<String>,
    /// Deliveries that wait, were taken, and were given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    deliveries: Option<TallyView>,
    /// Shown once: when the webhook is added, and when its secret is rotated.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// How deliveries stand.
#[derive(Serialize, ToSchema)]
pub struct TallyView {
    waiting: u64,
    delivered: u64,
    failed: u64,
}

impl WebhookView {
    fn of(webhook: Webhook) -> WebhookView {
        let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
        WebhookView {
            id: webhook.id,
            url: webhook.url,
            events: webhook.events.iter().map(|kind| kind.word()).collect(),
            description: webhook.description,
            enabled: webhook.enabled,
            created_at: webhook.created_at.to_string(),
            failing_since: time(webhook.failing_since),
            disabled_reason: webhook.disabled_reason,
            previous_secret_until: time(webhook.previous_until),
            deliveries: None,
            secret: None,
        }
    }

    /// With its secret, this once.
    fn given(webhook: Webhook) -> WebhookView {
        let secret = Some(webhook.secret.clone());
        WebhookView { secret, ..WebhookView::of(webhook) }
    }

    fn listed(Listed { webhook, tally }: Listed) -> WebhookView {
        let (waiting, delivered, failed) = (tally.waiting, tally.delivered, tally.failed);
        let deliveries = Some(TallyView { waiting, delivered, failed });
        WebhookView { deliveries, ..WebhookView::of(webhook) }
    }
}

/// Webhooks, oldest first.
#[derive(Serialize, ToSchema)]
pub struct WebhookPage {
    items: Vec<WebhookView>,
}

/// A webhook to add, or what to change of one.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct WebhookWish {
    /// Where events are posted: `https://`, or `http://` in a network that the operator named.
    url: Option<String>,
    /// The names of the events; all of them where it is left out or empty.
    events: Option<Vec<String>>,
    description: Option<String>,
    enabled: Option<bool>,
}

/// How one try went.
#[derive(Serialize, ToSchema)]
pub struct TryView {
    #[schema(format = DateTime)]
    at: String,
    took_ms: i64,
    /// The status of the answer, where there was one.
    status: Option<u16>,
    /// The first 1 KiB of the answer.
    answer: String,
    /// Why it was not taken.
    error: Option<String>,
}

impl TryView {
    fn of(outcome: Outcome) -> TryView {
        let Outcome { at, took_ms, status, answer, error } = outcome;
        TryView { at: at.to_string(), took_ms, status, answer, error }
    }
}

/// What came back from a test.
#[derive(Serialize, ToSchema)]
pub struct WebhookTested {
    /// It was taken: the answer was 2xx.
    delivered: bool,
    #[serde(flatten)]
    outcome: TryView,
}

/// One delivery.
#[derive(Serialize, ToSchema)]
pub struct DeliveryView {
    id: i64,
    /// `webhook-id`: the same at every try.
    event_id: String,
    r#type: &'static str,
    /// When it happened.
    #[schema(format = DateTime)]
    timestamp: String,
    /// What is posted, the same at every try.
    body: String,
    /// `waiting`, `delivered` or `failed`.
    state: &'static str,
    /// When it is tried next.
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// Every try, oldest first.
    tries: Vec<TryView>,
}

impl DeliveryView {
    fn of(delivery: Delivery) -> DeliveryView {
        DeliveryView {
            id: delivery.id,
            event_id: delivery.event_id,
            r#type: delivery.kind.word(),
            timestamp: delivery.happened_at.to_string(),
            body: delivery.body,
            state: delivery.state.as_str(),
            next_at: delivery.next_at.map(|at| at.to_string()),
            tries: delivery.tries.into_iter().map(TryView::of).collect(),
        }
    }
}

/// Deliveries, newest first.
#[derive(Serialize, ToSchema)]
pub struct DeliveryPage {
    items: Vec<DeliveryView>,
    /// To be given as `before` for the next page; none: there is none.
    before: Option<i64>,
}

/// What to deliver again: one of the two.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct ReplayWish {
    /// Everything that happened at or after this time.
    since: Option<String>,
    /// One delivery.
    delivery: Option<i64>,
}

/// How many are delivered again.
#[derive(Serialize, ToSchema)]
pub struct WebhookReplayed {
    replayed: u64,
}

/// All webhooks.
#[utoipa::path(
    get, path = "/admin/webhooks", operation_id = "list_webhooks", tag = "admin", security(("admin_token" = [])),
    responses(
        (status = 200, description = "All webhooks, oldest first", body = WebhookPage),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn list(_: Operator, State(app): State<Shared>) -> Result<Json<WebhookPage>, Failed> {
    let items = webhooks::list(&app).await?.into_iter().map(WebhookView::listed).collect();
    Ok(Json(WebhookPage { items }))
}

/// Add a webhook. Its secret is shown in this answer alone.
#[utoipa::path(
    post, path = "/admin/webhooks", operation_id = "add_webhook", tag = "admin", security(("admin_token" = [])),
    request_body = WebhookWish,
    responses(
        (status = 201, description = "It is told what happens from now on", body = WebhookView),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn add(
    Operator(actor): Operator,
    State(app): State<Shared>,
    request: Request,
) -> Result<(StatusCode, Json<WebhookView>), Failed> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let webhook = webhooks::add(&app, &actor, &fields).await?;
    Ok((StatusCode::CREATED, Json(WebhookView::given(webhook))))
}

/// One webhook.
#[utoipa::path(
    get, path = "/admin/webhooks/{id}", operation_id = "get_webhook", tag = "admin", security(("admin_token" = [])),
    params(("id" = String, Path, description = "Which")),
    responses(
        (status = 200, description = "As it is", body = WebhookView),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn get(
    _: Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<WebhookView>, Failed> {
    Ok(Json(WebhookView::listed(webhooks::one(&app, &id).await?)))
}

/// Change a webhook.
#[utoipa::path(
    patch, path = "/admin/webhooks/{id}", operation_id = "change_webhook", tag = "admin",
    security(("admin_token" = [])), params(("id" = String, Path, description = "Which")), request_body = WebhookWish,
    responses(
        (status = 200, description = "As it is now", body = WebhookView),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn change(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
    request: Request,
) -> Result<Json<WebhookView>, Failed> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    Ok(Json(WebhookView::of(webhooks::change(&app, &actor, &id, &fields).await?)))
}

/// Remove a webhook and what waits for it.
#[utoipa::path(
    delete, path = "/admin/webhooks/{id}", operation_id = "remove_webhook", tag = "admin",
    security(("admin_token" = [])), params(("id" = String, Path, description = "Which")),
    responses(
        (status = 204, description = "It is told nothing any more"),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn remove(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<StatusCode, Failed> {
    webhooks::remove(&app, &actor, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook a new secret. For a day messages are signed with the one before, too.
#[utoipa::path(
    post, path = "/admin/webhooks/{id}/rotate", operation_id = "rotate_webhook", tag = "admin",
    security(("admin_token" = [])), params(("id" = String, Path, description = "Which")),
    responses(
        (status = 200, description = "With its new secret, shown in this answer alone", body = WebhookView),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn rotate(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<WebhookView>, Failed> {
    Ok(Json(WebhookView::given(webhooks::rotate(&app, &actor, &id).await?)))
}

/// Post `webhook.test` now.
#[utoipa::path(
    post, path = "/admin/webhooks/{id}/test", operation_id = "test_webhook", tag = "admin",
    security(("admin_token" = [])), params(("id" = String, Path, description = "Which")),
    responses(
        (status = 200, description = "What came back", body = WebhookTested),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn test(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
) -> Result<Json<WebhookTested>, Failed> {
    let outcome = webhooks::test(&app, &actor, &id).await?;
    let delivered = outcome.error.is_none();
    Ok(Json(WebhookTested { delivered, outcome: TryView::of(outcome) }))
}

/// Deliveries of a webhook, newest first, with every try.
#[utoipa::path(
    get, path = "/admin/webhooks/{id}/deliveries", operation_id = "list_deliveries", tag = "admin",
    security(("admin_token" = [])),
    params(
        ("id" = String, Path, description = "Which"),
        ("before" = Option<i64>, Query, minimum = 1, description = "Only those before this delivery: `before` of the last answer"),
        ("limit" = Option<usize>, Query, minimum = 1, description = "At most 100"),
    ),
    responses(
        (status = 200, description = "Some of them", body = DeliveryPage),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn deliveries(
    _: Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
    parts: Parts,
) -> Result<Json<DeliveryPage>, Failed> {
    let number =
        |name: &'static str| match query_value(parts.uri.query(), name).map(|text| text.parse::<i64>()) {
            None => Ok(None),
            Some(Ok(number)) if number > 0 => Ok(Some(number)),
            Some(_) => Err(query::no_number(name)),
        };
    let limit = number("limit")?.map(|limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let (found, more) = webhooks::deliveries(&app, &id, number("before")?, limit).await?;
    let before = found.last().map(|delivery| delivery.id).filter(|_| more);
    Ok(Json(DeliveryPage { items: found.into_iter().map(DeliveryView::of).collect(), before }))
}

/// Deliver again: one delivery, or everything since a time.
#[utoipa::path(
    post, path = "/admin/webhooks/{id}/replay", operation_id = "replay_webhook", tag = "admin",
    security(("admin_token" = [])), params(("id" = String, Path, description = "Which")), request_body = ReplayWish,
    responses(
        (status = 200, description = "They are delivered again", body = WebhookReplayed),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn replay(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(id): Segment,
    request: Request,
) -> Result<Json<WebhookReplayed>, Failed> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&app, &parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    let what = webhooks::replayed(&fields)?;
    let replayed = webhooks::replay(&app, &actor, &id, what).await?;
    Ok(Json(WebhookReplayed { replayed }))
}
