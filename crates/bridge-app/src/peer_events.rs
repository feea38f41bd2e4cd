//! What the bridges of a group tell each other through the hot store, passed on to what waits for it on this bridge:
//! status streams, workers that have something to do, settings and receivers that another bridge changed.

use std::sync::Arc;

use bridge_store::hot::PeerEvent;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use crate::bridge::App;
use crate::state::board::WakeSignal;
use crate::webhooks;

/// Follows the events until it is stopped.
pub async fn follow(app: Arc<App>, stop: CancellationToken) {
    let mut events = app.hot.peer_events();
    loop {
        let event = tokio::select! {
            () = stop.cancelled() => return,
            event = events.recv() => event,
        };
        match event {
            Ok(PeerEvent::Onboarding(id)) => {
                app.watchers.wake(id);
                // Whichever bridge took the SMS: the one that holds the lease has something to do.
                app.board.wake(WakeSignal::Validated);
                app.board.wake(WakeSignal::Onboarding);
                wake_webhooks(&app);
            }
            Ok(PeerEvent::Setting(_)) => reload_settings(&app).await,
            Ok(PeerEvent::Receivers) => reload_receivers(&app).await,
            Ok(PeerEvent::BlockedEmails) => reload_blocked_emails(&app).await,
            Ok(PeerEvent::Webhooks) => reload_webhooks(&app).await,
            Ok(PeerEvent::ApiKeys) => reload_api_keys(&app).await,
            Ok(PeerEvent::Missed) | Err(RecvError::Lagged(_)) => {
                app.watchers.wake_all();
                app.board.wake_all();
                reload_settings(&app).await;
                reload_receivers(&app).await;
                reload_blocked_emails(&app).await;
                reload_webhooks(&app).await;
                reload_api_keys(&app).await;
            }
            Err(RecvError::Closed) => return,
        }
    }
}

/// What fails here is done by the store monitor within a second.
async fn reload_settings(app: &App) {
    if let Err(error) = app.reload_settings().await {
        tracing::debug!(%error, "the settings are read again soon");
    }
}

/// Whatever happened may be told.
fn wake_webhooks(app: &App) {
    if app.webhooks.is_used() {
        app.board.wake(WakeSignal::Webhook);
    }
}

/// What fails here is done by the worker within seconds.
async fn reload_webhooks(app: &App) {
    if let Err(error) = webhooks::apply(app).await {
        tracing::debug!(%error, "the webhooks are read again soon");
    }
    wake_webhooks(app);
}

/// What fails here is done by the worker within seconds.
async fn reload_receivers(app: &App) {
    if let Err(error) = app.receivers.reload(&*app.audit).await {
        tracing::debug!(%error, "the receivers are read again soon");
    }
}

/// What fails here is done by the worker within seconds.
async fn reload_blocked_emails(app: &App) {
    if let Err(error) = app.blocked_emails.reload(&*app.audit).await {
        tracing::debug!(%error, "the blocked e-mail addresses are read again soon");
    }
}

/// What fails here is done by the worker within a second.
async fn reload_api_keys(app: &App) {
    if let Err(error) = app.api_keys.reload(&*app.audit).await {
        tracing::debug!(%error, "the API keys are read again soon");
    }
}
