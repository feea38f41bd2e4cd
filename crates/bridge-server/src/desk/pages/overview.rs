//! The overview: how the bridge is, what it does right now, and what it did lately; live while somebody looks.

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bridge_core::Timestamp;
use bridge_core::phone::masked;
use futures_util::{StreamExt, stream};
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use crate::desk::access::Visitor;
use crate::desk::page::{Frame, render};
use crate::desk::show::chart::{Bar, Bars, Part};
use crate::desk::show::{Dots, Outcome, When, count};
use crate::http::Shared;

/// Between two drawings.
const EVERY: Duration = Duration::from_secs(2);
/// Drawings of one stream: ten minutes.
const DRAWINGS: usize = 300;
const HEARTBEAT: Duration = Duration::from_secs(15);

struct Tile {
    value: String,
    label: &'static str,
}

struct FeedRow {
    sms_id: Uuid,
    at: When,
    sender: String,
    receiver: String,
    dots: Dots,
    outcome: Outcome,
    took: String,
}

#[derive(Template)]
#[template(path = "desk/overview.html")]
struct Page {
    frame: Frame,
    tiles: Vec<Tile>,
    minutes: Bars,
    from: When,
    feed: Vec<FeedRow>,
}

#[derive(Template)]
#[template(path = "desk/overview_live.html")]
struct Live {
    tiles: Vec<Tile>,
    minutes: Bars,
    from: When,
    feed: Vec<FeedRow>,
}

async fn look(app: &Shared) -> Live {
    let now = app.clock.now();
    let minutes = app.pulse.minutes(now);
    let sum = |what: fn(&crate::pulse::Minute) -> u64| minutes.iter().map(what).sum::<u64>();
    let queues = if app.ladder.is_open() { app.hot.queue_sizes().await.ok() } else { None };
    let tiles = vec![
        Tile { value: count(sum(|m| m.passed + m.failed)), label: "SMS in the last hour" },
        Tile { value: count(sum(|m| m.passed)), label: "numbers validated in it" },
        Tile { value: count(sum(|m| m.registered)), label: "registrations in it" },
        Tile {
            value: queues.map_or("–".to_owned(), |q| count(q.input_sms)), label: "SMS wait for the dump"
        },
        Tile { value: count(app.journal.waiting() as u64), label: "SMS wait in the journal" },
    ];
    let bar = |minute: &crate::pulse::Minute| {
        let at = When::new(Timestamp(minute.number * 60_000), now);
        Bar {
            parts: vec![
                Part { value: minute.passed, class: "good" },
                Part { value: minute.failed, class: "bad" },
            ],
            title: format!(
                "{} UTC: {} passed, {} failed, {} registrations",
                at.clock(),
                minute.passed,
                minute.failed,
                minute.registered
            ),
        }
    };
    let bars: Vec<Bar> = minutes.iter().map(bar).collect();
    let feed = app.pulse.newest().into_iter().map(|beat| FeedRow {
        sms_id: beat.sms_id,
        at: When::new(beat.at, now),
        sender: masked(&beat.sender),
        receiver: beat.receiver,
        dots: Dots::of(&beat.verdict.codes),
        outcome: Outcome::of_verdict(&beat.verdict),
        took: format!("{:.1} ms", beat.took.as_secs_f64() * 1000.0),
    });
    Live {
        tiles,
        minutes: Bars::of(&bars),
        from: When::new(Timestamp(minutes.first().map_or(now.0, |m| m.number * 60_000)), now),
        feed: feed.collect(),
    }
}

/// The page.
pub(in crate::desk) async fn show(State(app): State<Shared>, visitor: Visitor) -> Response {
    let Live { tiles, minutes, from, feed } = look(&app).await;
    let frame = Frame::new(&app, visitor, "Overview", "/admin").await;
    render(&Page { frame, tiles, minutes, from, feed })
}

/// The live part, drawn again and again.
pub(in crate::desk) async fn live(State(app): State<Shared>) -> Response {
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let parts = stream::unfold((app, ticks), |(app, mut ticks)| async move {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.stopping.cancelled() => return None,
        }
        let html = look(&app).await.render().unwrap_or_default();
        Some((Ok::<_, Infallible>(Event::default().event("part").data(html)), (app, ticks)))
    });
    // Whoever looks longer asks again, and is asked again who they are.
    Sse::new(parts.take(DRAWINGS)).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}
