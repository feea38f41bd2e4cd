//! Writes incidents to the audit store, each bridge its own.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;

const PERIOD_SECONDS: u32 = 5;

#[derive(Default)]
pub(super) struct NoteIncidents;

#[async_trait]
impl Worker for NoteIncidents {
    fn name(&self) -> &'static str {
        "note_incidents"
    }
    fn about(&self) -> &'static str {
        "Keeps when a store, a receiver or the bridge was away."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        app.incidents.alive(app.clock.now());
        for note in app.incidents.untold() {
            match note.ended_at {
                None => app.desk.begin_incident(&note.what, note.began_at, &note.detail).await?,
                Some(ended_at) => {
                    app.desk.end_incident(&note.what, note.began_at, ended_at, &note.detail).await?;
                }
            }
            app.incidents.told(&note);
        }
        Ok(Tick::Idle)
    }
}
