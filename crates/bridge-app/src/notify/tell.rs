//! Telling what waits: one message to each target at a time, all at once, so that one that hangs holds nobody up for longer
//! than its own limit. What waits for a target is one message. In a group the bridge that claims a notice tells it.

use std::pin::pin;

use bridge_core::{Span, Timestamp, Zone};
use bridge_store::Result;
use bridge_store::audit::{Notice, NotifyTarget, Outcome, Telling};
use futures_util::stream::{FuturesUnordered, StreamExt};
use uuid::Uuid;

use super::{schedule, words};
use crate::base::deadline::{MAIL_TAKEN, TOLD_AT_STOP};
use crate::bridge::App;
use crate::state::notify::ways;

/// Whoever claimed a notice and says nothing for so long is dead.
const CLAIM: Span = Span(60_000);
/// Notices of one message.
const NOTICES_MAX: usize = 50;

/// Messages that were sent, and how that went is not written yet.
#[derive(Debug, Default)]
pub(crate) struct Teller {
    unwritten: Vec<(Uuid, Telling)>,
}

/// What one target is told now.
struct Due {
    target: NotifyTarget,
    /// Claimed from the audit store.
    claimed: Vec<Notice>,
    /// Told past it.
    direct: Vec<Notice>,
}

impl Teller {
    /// Tells everything that waits. True: somebody was told, and more may wait.
    pub(crate) async fn step(&mut self, app: &App) -> Result<bool> {
        if app.availability.now().audit {
            app.notify.reload(&*app.audit).await?;
            self.write(app).await?;
            // A bridge that was killed comes back under its id; one that stops leaves nothing claimed.
            if app.notify.begins() || app.stopping.is_cancelled() {
                app.audit.release_notices(app.id).await?;
            }
        }
        if app.stopping.is_cancelled() {
            return Ok(false);
        }
        let due = due(app).await?;
        let has_told = !due.is_empty();
        self.tell(app, due).await;
        self.write(app).await?;
        Ok(has_told)
    }

    async fn tell(&mut self, app: &App, due: Vec<Due>) {
        let now = app.clock.now();
        let mut flights: FuturesUnordered<_> = due.into_iter().map(|due| fly(app, due, now)).collect();
        let mut stop = pin!(async {
            app.stopping.cancelled().await;
            tokio::time::sleep(TOLD_AT_STOP).await;
        });
        loop {
            let landed = tokio::select! {
                biased;
                landed = flights.next() => landed,
                () = &mut stop => return,
            };
            let Some((due, outcome)) = landed else { return };
            self.note(app, &due, outcome);
        }
    }

    fn note(&mut self, app: &App, due: &Due, outcome: Outcome) {
        let (now, id) = (app.clock.now(), due.target.id);
        if let Some(error) = &outcome.error {
            tracing::warn!(target = %id, kind = due.target.kind, error, "an operator could not be told, and is told later");
        }
        let is_taken = outcome.error.is_none();
        if !due.direct.is_empty() {
            let failures = app.notify.direct.tries(id);
            if is_taken {
                app.notify.direct.done(id, &due.direct);
            } else {
                app.notify.direct.failed(id, schedule::again(now, failures, app.entropy.fraction()));
            }
        }
        let next_at = schedule::again(now, due.target.going.tries, app.entropy.fraction());
        let telling = Telling {
            notices: due.claimed.iter().map(|notice| notice.id).collect(),
            at: now,
            error: outcome.error,
            next_at: (!is_taken).then_some(next_at),
            give_up_before: schedule::give_up_before(now),
        };
        self.unwritten.push((id, telling));
    }

    /// Writes down how it went.
    async fn write(&mut self, app: &App) -> Result<()> {
        while let Some((target, telling)) = self.unwritten.first() {
            if let Err(error) = app.audit.note_telling(*target, telling).await {
                // Of what was told past a store that is away it need not know how that went.
                if telling.notices.is_empty() {
                    self.unwritten.remove(0);
                    continue;
                }
                return Err(error);
            }
            self.unwritten.remove(0);
        }
        Ok(())
    }
}

/// What waits for whom, as far as it may be told now.
async fn due(app: &App) -> Result<Vec<Due>> {
    let now = app.clock.now();
    let minute = zone(app).minute_of_day(now);
    let mut all = Vec::new();
    for target in app.notify.all().iter().filter(|target| target.enabled) {
        let kinds = schedule::kinds(schedule::is_quiet(target.quiet, minute));
        let mut direct = app.notify.direct.due(target.id, now);
        direct.retain(|notice| kinds.contains(&notice.kind));
        let claimed = if app.availability.now().audit {
            let until = now + CLAIM;
            app.audit.claim_notices(now, target.id, app.id, until, &kinds, NOTICES_MAX).await
        } else {
            Ok(Vec::new())
        };
        // A store that is just gone holds nothing up that is told past it.
        let claimed = if direct.is_empty() { claimed? } else { claimed.unwrap_or_default() };
        if !(claimed.is_empty() && direct.is_empty()) {
            all.push(Due { target: target.clone(), claimed, direct });
        }
    }
    Ok(all)
}

/// The zone of the office.
fn zone(app: &App) -> Zone {
    let name = &app.live.now().time_zone;
    Zone::named(name).filter(|_| !name.is_empty()).unwrap_or_else(Zone::utc)
}

/// Where a message comes from: an operator may have several bridges.
pub(crate) fn from(app: &App) -> String {
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    match &app.options.public_url {
        Some(url) => format!("From the bridge at {url} (on {machine})"),
        None => format!("From the bridge on {machine}"),
    }
}

async fn fly(app: &App, due: Due, now: Timestamp) -> (Due, Outcome) {
    debug_assert!(CLAIM.0 > 2 * i64::try_from(MAIL_TAKEN.as_millis()).unwrap_or(i64::MAX));
    let notices: Vec<Notice> = due.direct.iter().chain(&due.claimed).cloned().collect();
    let first = notices.first().map_or(0, |notice| notice.id);
    let began = notices.first().map_or(0, |notice| notice.began_at.0);
    let id = format!("notice-{}-{first}-{began}-{}", due.target.id, notices.len());
    let message = words::message(id, now, &zone(app), &from(app), &notices);
    let outcome = match ways::named(&due.target.kind) {
        Some(way) => app.notify.sender().send(way, &due.target.fields, &message).await,
        None => {
            let error = Some("only a newer version of the bridge knows this kind".to_owned());
            Outcome { at: now, took_ms: 0, status: None, answer: String::new(), error }
        }
    };
    (due, outcome)
}
