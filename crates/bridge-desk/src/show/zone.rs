//! The zone that a page shows and reads times in: that of the office where it is set, else that of the browser. Whoever
//! answers a request does so inside of one; outside of any it is UTC.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use bridge_core::{Timestamp, Zone};
use bridge_http::state::Shared;

use crate::access::cookie;

tokio::task_local! {
    static ZONE: Zone;
}

/// The zone of this request.
pub(crate) fn now() -> Zone {
    ZONE.try_with(Clone::clone).unwrap_or_else(|_| Zone::utc())
}

/// A time for a file: with its distance from UTC.
pub(crate) fn written(at: Timestamp) -> String {
    now().written(at)
}

/// Does this in that zone.
pub(crate) async fn within<T>(zone: Zone, work: impl Future<Output = T>) -> T {
    ZONE.scope(zone, work).await
}

/// The same of what waits for nothing.
pub(crate) fn within_now<T>(zone: Zone, work: impl FnOnce() -> T) -> T {
    ZONE.sync_scope(zone, work)
}

/// The zone of whoever asks.
pub(crate) fn of(app: &Shared, parts: &Parts) -> Zone {
    let office = Zone::named(&app.live.now().time_zone).filter(|_| !app.live.now().time_zone.is_empty());
    office.or_else(|| Zone::named(&cookie::zone(parts)?)).unwrap_or_else(Zone::utc)
}

/// The layer around every page.
pub(crate) async fn around(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let zone = of(&app, &parts);
    within(zone, next.run(Request::from_parts(parts, body))).await
}
