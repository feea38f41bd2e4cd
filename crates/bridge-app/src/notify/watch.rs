//! What is news: what lasts is said to the audit store, which knows what the other bridges of the group see and keeps a
//! notice once. While that store is away itself, somebody is told past it, and it learns that later.

use std::collections::{BTreeMap, BTreeSet};

use bridge_core::{Span, Timestamp};
use bridge_store::Result;
use bridge_store::audit::Notice;
use bridge_store::troubles::Trouble;

use super::look::{AUDIT, look};
use super::settle::Settling;
use crate::base::deadline::{LEASE, within};
use crate::bridge::App;
use crate::state::board::WakeSignal;
use crate::state::notify::direct::Told;

/// What stands is said again so often: so the others know that this bridge lives.
const SAY_EVERY: Span = Span(30_000);
/// A bridge that said nothing for so long sees nothing any more.
const SILENT: Span = Span(180_000);
/// Of a group one bridge tells what begins while the audit store is away: for so long no other does.
const ONE_TELLS: Span = Span(3_600_000);

/// What this bridge saw, and what of it it said.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    settling: Settling,
    has_begun: bool,
    /// What this bridge saw before it was started is known.
    knows_past: bool,
    said: Option<(Span, BTreeSet<String>)>,
}

impl Watch {
    /// Looks, and says what changed.
    pub(crate) async fn step(&mut self, app: &App) -> Result<()> {
        if app.stopping.is_cancelled() {
            return Ok(());
        }
        let mono = app.clock.monotonic();
        if !self.has_begun {
            self.has_begun = true;
            self.settling.begin(mono, app.notify.direct.told().into_values().map(|told| told.trouble));
        }
        let past = if self.knows_past { Ok(Vec::new()) } else { app.audit.troubles_of(app.id).await };
        if let Ok(stood) = &past {
            self.knows_past = true;
            self.settling.begin(mono, stood.iter().cloned());
        }
        let stands = self.settling.look(mono, look(app).await);
        let said = match past {
            Ok(_) => self.say(app, mono, &stands).await,
            Err(error) => Err(error),
        };
        if said.is_err() && stands.iter().any(|trouble| trouble.subject == AUDIT) {
            self.tell_directly(app, &stands).await;
            return Ok(());
        }
        said
    }

    async fn say(&mut self, app: &App, mono: Span, stands: &[Trouble]) -> Result<()> {
        let subjects: BTreeSet<String> = stands.iter().map(|trouble| trouble.subject.clone()).collect();
        let is_due =
            self.said.as_ref().is_none_or(|(at, said)| *said != subjects || mono.0 - at.0 >= SAY_EVERY.0);
        if !is_due {
            return Ok(());
        }
        let told = app.notify.direct.told();
        let is_told = |trouble: &Trouble| told.contains_key(&trouble.subject);
        let mut seen: Vec<Trouble> =
            stands.iter().map(|trouble| Trouble { is_told: is_told(trouble), ..trouble.clone() }).collect();
        // What began and ended while the store was away it learns first, and at the next look that it is over.
        let missed = told.values().filter(|told| !subjects.contains(&told.trouble.subject));
        seen.extend(missed.map(|told| Trouble { is_told: true, ..told.trouble.clone() }));
        let now = app.clock.now();
        // By a clock that cannot be right nobody is called silent.
        let alive_since = if app.clock_watch.is_plausible() { now - SILENT } else { Timestamp(0) };
        let new = app.audit.see_troubles(now, app.id, alive_since, &seen).await?;
        app.notify.direct.recorded(seen.iter().map(|trouble| trouble.subject.as_str()));
        self.said = (seen.len() == stands.len()).then_some((mono, subjects));
        if new > 0 {
            app.board.wake(WakeSignal::Notice);
        }
        Ok(())
    }

    /// The audit store is away, and that lasts: what it does not know is told without it.
    async fn tell_directly(&self, app: &App, stands: &[Trouble]) {
        let told = app.notify.direct.told();
        let is_recorded =
            |trouble: &Trouble| self.said.as_ref().is_some_and(|(_, said)| said.contains(&trouble.subject));
        let news =
            stands.iter().filter(|trouble| !told.contains_key(&trouble.subject) && !is_recorded(trouble));
        for trouble in news {
            let by_us = trouble.is_own || is_ours(app, trouble).await;
            let targets = if by_us { wanting(app, trouble) } else { Vec::new() };
            let told = Told { trouble: trouble.clone(), by_us };
            app.notify.direct.begin(told, &notice(trouble, None), &targets);
            app.board.wake(WakeSignal::Notice);
        }
        let still: BTreeMap<&str, ()> = stands.iter().map(|trouble| (trouble.subject.as_str(), ())).collect();
        for (subject, told) in told.iter().filter(|(subject, _)| !still.contains_key(subject.as_str())) {
            let targets = if told.by_us { wanting(app, &told.trouble) } else { Vec::new() };
            app.notify.direct.end(subject, &notice(&told.trouble, Some(app.clock.now())), &targets);
            app.board.wake(WakeSignal::Notice);
        }
    }
}

fn notice(trouble: &Trouble, ended_at: Option<Timestamp>) -> Notice {
    let Trouble { kind, subject, began_at, detail, .. } = trouble.clone();
    Notice { id: 0, kind, subject, began_at, ended_at, detail }
}

fn wanting(app: &App, trouble: &Trouble) -> Vec<uuid::Uuid> {
    let all = app.notify.all();
    all.iter().filter(|target| target.wants(trouble.kind)).map(|target| target.id).collect()
}

/// Of a group the first that asks the hot store tells it. Where that is away too, each does: better twice than never.
async fn is_ours(app: &App, trouble: &Trouble) -> bool {
    let turn = format!("notify/{}", trouble.subject);
    match within(LEASE, app.hot.lease(&turn, app.id, ONE_TELLS)).await {
        Ok(Ok(is_ours)) => is_ours,
        Ok(Err(_)) | Err(_) => true,
    }
}
