//! Workers: how each is doing.

use bridge_core::{Settings, Span};

use crate::bridge::App;
use crate::state::board::WorkerStatus;
use crate::workers::worker::{Scope, Standing, standing};
use crate::workers::{self, Worker};

/// One worker.
#[derive(Clone, Debug)]
pub struct WorkerSeen {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// Who does it in a group of bridges.
    pub scope: Scope,
    /// How long it waits when nothing wakes it.
    pub period: Span,
    /// How it does, in a word.
    pub standing: Standing,
    /// When it last ran, and what went wrong.
    pub status: WorkerStatus,
}

/// Every worker, in the order in which they drain.
#[must_use]
pub fn list(app: &App, settings: &Settings) -> Vec<WorkerSeen> {
    let (now, mut board) = (app.clock.now(), app.board.status());
    let seen = |worker: Box<dyn Worker>| {
        let status = board.remove(worker.name()).unwrap_or_default();
        WorkerSeen {
            name: worker.name(),
            about: worker.about(),
            scope: worker.scope(),
            period: Span::seconds(worker.period_seconds(settings)),
            standing: standing(worker.as_ref(), &status, now, settings),
            status,
        }
    };
    workers::all().into_iter().map(seen).collect()
}
