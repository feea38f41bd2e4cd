//! Server-sent events of one onboarding (contract section 2): the current state at once, then every
//! change, whether registration is paused, a comment every 15 s, the end after a final state. An accelerator: the GET is the truth.

use std::convert::Infallible;
use std::pin::Pin;
use std::time::Duration;

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bridge_core::Onboarding;
use futures_util::stream::{self, Stream};
use tokio::sync::watch;
use tokio::time::Sleep;

use crate::api::onboarding::OnboardingStatus;
use crate::api::status::BridgeStatus;
use crate::auth;
use crate::client;
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::base::deadline::STREAM;
use bridge_app::registration::opened::{self, find, is_final};
use bridge_app::state::open_requests::OpenRequest;
use bridge_app::state::watchers::Watcher;

/// Cloudflare ends a silent stream after 100 s, some proxies after 30.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The changes of one onboarding as server-sent events.
#[utoipa::path(
    get, path = "/onboard/{onboarding_id}/events", operation_id = "onboarding_events", tag = "onboarding",
    security(("api_key" = []), ("onboarding_token" = []), ("onboarding_token_query" = [])),
    params(
        ("onboarding_id" = String, Path, description = "From the registration"),
        ("Last-Event-ID" = Option<i64>, Header, description = "The last version the client has"),
    ),
    responses(
        (status = 200, description = "`event: status`, `id:` the version, `data:` the status; `event: bridge`, `data:` as `/status` has it, when registration is paused or goes on", body = OnboardingStatus, content_type = "text/event-stream"),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
        (status = 429, description = "`too_many_requests`: four are open with this token already", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn events(
    State(app): State<Shared>,
    Segment(text): Segment,
    parts: Parts,
) -> Result<Response, Failed> {
    let id = opened::id(&text)?;
    let open = auth::onboarding(&app, &parts, id)?;
    let watcher = app.watchers.watch(id);
    let first = find(&app, id).await?;
    let known = parts.headers.get("last-event-id").and_then(|v| v.to_str().ok()?.trim().parse().ok());
    client::waits(&app, &parts);
    let until = Box::pin(tokio::time::sleep(STREAM));
    let pauses = app.pauses.listen();
    let (next, tells_pause) = (Some(first), BridgeStatus::of(&app).is_paused());
    let feed = Feed { app, watcher, pauses, tells_pause, next, known, ended: false, until, open };
    let sse = Sse::new(changes(feed)).keep_alive(KeepAlive::new().interval(HEARTBEAT).text("still here"));
    let mut response = sse.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

struct Feed {
    app: Shared,
    watcher: Watcher,
    /// Changes when registration is paused or goes on.
    pauses: watch::Receiver<bool>,
    /// Whether it is paused is to be said next.
    tells_pause: bool,
    next: Option<Onboarding>,
    /// The version the client has.
    known: Option<i64>,
    ended: bool,
    /// However much changes.
    until: Pin<Box<Sleep>>,
    open: Option<OpenRequest>,
}

/// What a stream waits for.
enum Changed {
    Onboarding(Box<Onboarding>),
    Pause,
}

fn changes(feed: Feed) -> impl Stream<Item = Result<Event, Infallible>> {
    let bounded = async move |mut feed: Feed| {
        let event = feed.advance().await?;
        Some((Ok(event), feed))
    };
    stream::unfold(feed, bounded)
}

impl Feed {
    /// The next event, or the end.
    async fn advance(&mut self) -> Option<Event> {
        while !self.ended {
            let current = match self.next.take() {
                Some(first) => first,
                None if std::mem::take(&mut self.tells_pause) => {
                    return Event::default().event("bridge").json_data(BridgeStatus::of(&self.app)).ok();
                }
                None => match self.changed().await? {
                    Changed::Onboarding(onboarding) => *onboarding,
                    Changed::Pause => {
                        self.tells_pause = true;
                        continue;
                    }
                },
            };
            let done = is_final(&current);
            // A client that has this version already waits for the next one, unless there is none.
            if self.known.is_none_or(|known| current.version > known) || done {
                self.known = Some(current.version);
                self.ended = done;
                let status = OnboardingStatus::whoever(self.open.as_ref(), &self.app, &current);
                let event = Event::default().event("status").id(current.version.to_string());
                return event.json_data(status).ok();
            }
        }
        None
    }

    /// The state after the next change; none when the bridge stops, the stream is old, or the onboarding
    /// has left.
    async fn changed(&mut self) -> Option<Changed> {
        let app = self.app.clone();
        tokio::select! {
            () = self.watcher.changed() => {}
            Ok(()) = self.pauses.changed() => return Some(Changed::Pause),
            () = app.stopping.cancelled() => return None,
            () = self.until.as_mut() => return None,
        }
        find(&app, self.watcher.id()).await.ok().map(|found| Changed::Onboarding(Box::new(found)))
    }
}
