//! The overview: how the bridge is, what it does right now, and what it did lately; live while somebody looks.

mod figures;

use std::convert::Infallible;
use std::time::Duration;

use askama::Template;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bridge_core::phone::masked;
use bridge_core::{Settings, Timestamp};
use bridge_store::audit::SmsRow;
use bridge_store::desk::SmsFilter;
use futures_util::{StreamExt, stream};
use tokio::time::MissedTickBehavior;
use uuid::Uuid;

use self::figures::{Figures, Range};
use super::receivers::class;
use crate::access::Visitor;
use crate::asked::Asked;
use crate::page::{Frame, render};
use crate::show::{Dots, Outcome, When, count, short};
use crate::show::{words, zone};
use bridge_app::looking;
use bridge_app::looking::checklist::{self, Item};
use bridge_app::looking::figures::Totals;
use bridge_app::state::recent::RecentSms;
use bridge_http::state::Shared;

/// Time between two drawings of the live part.
const EVERY: Duration = Duration::from_secs(2);
/// Drawings of one stream: ten minutes.
const DRAWINGS: usize = 300;
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The newest SMS that are shown.
const FEED: usize = 20;

struct Tile {
    value: String,
    label: &'static str,
    /// The same of the stretch before.
    before: Option<String>,
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

struct ReceiverTile {
    name: String,
    state: &'static str,
    class: &'static str,
    last_seen: Option<When>,
    battery: Option<u8>,
}

/// What is drawn again and again.
#[derive(Template)]
#[template(path = "desk/overview_live.html")]
struct Live {
    tiles: Vec<Tile>,
    range: Range,
    zone: String,
    figures: Figures,
    receivers: Vec<ReceiverTile>,
    feed: Vec<FeedRow>,
}

#[derive(Template)]
#[template(path = "desk/overview.html")]
struct Page {
    frame: Frame,
    ranges: [Range; 3],
    range: Range,
    live: String,
    /// What a new bridge still needs; empty when all is done.
    checklist: Vec<(Item, bool)>,
    /// The same in one line.
    done: String,
    /// Nobody was heard of yet: it stands open.
    is_new: bool,
}

/// How much there was, with how much there was in the stretch before; and what waits.
async fn tiles(app: &Shared, now: Timestamp, figures: &Figures) -> Vec<Tile> {
    let seen = looking::overview::look(app).await;
    let to_write = seen.waiting.queues.map(|queues| queues.input_sms + seen.waiting.in_journal as u64);
    let of = |label, number: u64, before: Option<u64>| Tile {
        value: count(number),
        label,
        before: before.map(count),
    };
    let Totals { sms, registered, validated } = figures.totals;
    let before = figures.before;
    let mut tiles = vec![
        of("SMS", sms, before.map(|before| before.sms)),
        of("registrations", registered, before.map(|before| before.registered)),
        of("of them validated", validated, before.map(|before| before.validated)),
        Tile {
            value: to_write.map_or_else(|| "?".to_owned(), count),
            label: "SMS wait to be written",
            before: None,
        },
    ];
    if app.has_remote() {
        let last = seen.last_push.map_or_else(|| "–".to_owned(), |at| When::new(at, now).ago);
        tiles.push(Tile { value: last, label: "the remote last answered", before: None });
    }
    tiles
}

async fn look(app: &Shared, settings: &Settings, range: Range) -> Live {
    let now = app.clock.now();
    let figures = Figures::read(app, range).await;
    let tiles = tiles(app, now, &figures).await;
    let receivers = app.receivers.each().into_iter().map(|(known, seen)| {
        let state = app.receivers.state(known.as_deref(), &seen, now, settings);
        ReceiverTile {
            state: words::receiver(state),
            class: class(state),
            last_seen: seen.last_seen_at.map(|at| When::new(at, now)),
            battery: seen.battery,
            name: seen.name,
        }
    });
    let receivers = receivers.collect();
    Live { tiles, range, zone: zone::now().name().to_owned(), figures, receivers, feed: feed(app, now).await }
}

/// The newest SMS as they are stored: a bridge that has just started has judged none. While the audit store is away,
/// those that this bridge remembers.
async fn feed(app: &Shared, now: Timestamp) -> Vec<FeedRow> {
    let judged_here = app.recent.newest();
    let took_here =
        |sms_id: Uuid| judged_here.iter().find(|beat| beat.sms_id == sms_id).map(|beat| beat.took);
    let millis = |took: Duration| format!("{:.1} ms", took.as_secs_f64() * 1000.0);
    if app.availability.now().audit
        && let Ok(found) = looking::sms::search(app, &SmsFilter::default(), None, FEED).await
    {
        let row = |row: SmsRow| FeedRow {
            sms_id: row.sms_id,
            at: When::new(row.created_at, now),
            sender: masked(&row.mobile_number),
            dots: Dots::of(&row.codes),
            outcome: Outcome::of(row.failed_at_check.as_deref()),
            took: took_here(row.sms_id)
                .map_or_else(|| short(row.created_at - row.server_received_at), millis),
            receiver: row.receiver_id,
        };
        return found.rows.into_iter().map(row).collect();
    }
    let row = |beat: &RecentSms| FeedRow {
        sms_id: beat.sms_id,
        at: When::new(beat.at, now),
        sender: masked(&beat.sender),
        receiver: beat.receiver.clone(),
        dots: Dots::of(&beat.verdict.codes),
        outcome: Outcome::of_verdict(&beat.verdict),
        took: millis(beat.took),
    };
    judged_here.iter().map(row).collect()
}

/// The page.
pub(crate) async fn show(State(app): State<Shared>, visitor: Visitor, asked: Asked) -> Response {
    let range = Range::named(asked.text("range"));
    let settings = app.live.now();
    let live = look(&app, &settings, range).await.render().unwrap_or_default();
    let frame = Frame::by(&app, &settings, visitor, "Overview", "/admin").await;
    let mut checklist = checklist::look(&app);
    let done = checklist::in_words(&checklist);
    let is_new = checklist.first().is_some_and(|(_, done)| !done);
    if checklist.iter().all(|(_, done)| *done) {
        checklist.clear();
    }
    render(&Page { frame, ranges: Range::ALL, range, live, checklist, done, is_new })
}

/// The live part, drawn again and again.
pub(crate) async fn live(State(app): State<Shared>, asked: Asked) -> Response {
    let range = Range::named(asked.text("range"));
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let zone = zone::now();
    let parts = stream::unfold((app, ticks, zone), move |(app, mut ticks, zone)| async move {
        tokio::select! {
            _ = ticks.tick() => {}
            () = app.stopping.cancelled() => return None,
        }
        let html = zone::within(zone.clone(), async {
            look(&app, &app.live.now(), range).await.render().unwrap_or_default()
        });
        let html = html.await;
        Some((Ok::<_, Infallible>(Event::default().event("part").data(html)), (app, ticks, zone)))
    });
    // Somebody who looks longer asks again, and the guard asks again who they are.
    Sse::new(parts.take(DRAWINGS)).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response()
}
