//! What systemd is told of a bridge that it started (`Type=notify`): that it is ready, that it still turns, that it stops.
//! Started by anybody else, it tells nobody.

use std::net::SocketAddr;

use sd_notify::NotifyState;

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd cannot be told how the bridge is");
    }
}

/// It accepts requests.
pub(crate) fn tell_started(address: SocketAddr) {
    tell(&[NotifyState::Ready, NotifyState::Status(&format!("listening on {address}"))]);
}

/// It writes what waits and then ends.
pub(crate) fn tell_stopping() {
    tell(&[NotifyState::Stopping, NotifyState::Status("writing what waits")]);
}

/// Says twice in the time that systemd allows that the runtime turns; ends never. A runtime that hangs says nothing, and
/// systemd starts the bridge again.
pub(crate) async fn feed_watchdog() {
    let Some(allowed) = sd_notify::watchdog_enabled() else { return std::future::pending().await };
    let mut ticks = tokio::time::interval(allowed / 2);
    loop {
        ticks.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}
