//! Gives the memory back in which passwords are compared, after a quiet minute.

use async_trait::async_trait;
use bridge_core::Settings;
use bridge_store::StoreError;

use super::worker::{Scope, Tick, Worker};
use crate::bridge::App;

const PERIOD_SECONDS: u32 = 20;

#[derive(Default)]
pub(super) struct RestPasswords;

#[async_trait]
impl Worker for RestPasswords {
    fn name(&self) -> &'static str {
        "rest_passwords"
    }
    fn about(&self) -> &'static str {
        "Gives back the memory that logging in takes, a minute after the last who logged in."
    }
    fn period_seconds(&self, _: &Settings) -> u32 {
        PERIOD_SECONDS
    }
    fn scope(&self) -> Scope {
        Scope::Bridge
    }
    async fn tick(&mut self, app: &App) -> Result<Tick, StoreError> {
        app.access.passwords.rest(app.clock.now());
        Ok(Tick::Idle)
    }
}
