//! What the bridges of a group tell each other: published by the scripts, heard over a connection of its own,
//! handed on to whoever listens in this process. Nothing rests on it: who missed some looks again.

use std::sync::Arc;
use std::time::Duration;

use bridge_store::hot::PeerEvent;
use futures_util::StreamExt;
use redis::aio::PubSub;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval_at, sleep, timeout};

use super::connection::{Request, Server};
use super::keys;
use super::sentinels::Primary;

/// Notices that a slow reader may be behind before it is told that it missed some.
const BEHIND_MAX: usize = 4_096;
/// For the connection and the subscription, and for an answer to a ping.
const ANSWER: Duration = Duration::from_secs(5);
/// How often both connections are asked whether anybody is at their other end.
const PING: Duration = Duration::from_secs(5);
/// Before the first and between later attempts to connect again.
const PAUSE: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Listens until it is dropped.
pub(super) struct Notices {
    sender: broadcast::Sender<PeerEvent>,
    task: JoinHandle<()>,
}

impl Notices {
    /// Starts to listen, within a runtime.
    pub(super) fn listen(server: Arc<Server>) -> Notices {
        let sender = broadcast::channel(BEHIND_MAX).0;
        let task = tokio::runtime::Handle::current().spawn(listen(server, sender.clone()));
        Notices { sender, task }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<PeerEvent> {
        self.sender.subscribe()
    }
}

impl Drop for Notices {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Connects again for ever, more and more slowly while it fails.
async fn listen(server: Arc<Server>, sender: broadcast::Sender<PeerEvent>) {
    let mut pause = PAUSE;
    loop {
        if let Ok(Ok((subscribed, primary))) = timeout(ANSWER, subscribe(&server)).await {
            pause = PAUSE;
            // Whatever was said before, nobody here heard it.
            let _ = sender.send(PeerEvent::Missed);
            hand_on(&server, subscribed, primary.as_ref(), &sender).await;
        }
        sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn subscribe(server: &Server) -> redis::RedisResult<(PubSub, Option<Primary>)> {
    let (client, primary) = server.place().find().await?;
    let mut connection = client.get_async_pubsub().await?;
    connection.subscribe(keys::NOTICES).await?;
    Ok((connection, primary))
}

/// Hands notices on until the connection ends, nobody answers a ping, or another server is the primary.
async fn hand_on(
    server: &Server,
    subscribed: PubSub,
    primary: Option<&Primary>,
    sender: &broadcast::Sender<PeerEvent>,
) {
    let (mut sink, mut messages) = subscribed.split();
    let mut pings = interval_at(Instant::now() + PING, PING);
    loop {
        tokio::select! {
            message = messages.next() => {
                let Some(message) = message else { return };
                if let Some(notice) = message.get_payload::<String>().ok().as_deref().and_then(read) {
                    let _ = sender.send(notice);
                }
            }
            _ = pings.tick() => {
                // The other connection too: whoever asked over it may have given up before its time-out, and
                // then nobody else finds out that it hangs.
                let ping = redis::cmd("PING");
                let (heard, _) = tokio::join!(
                    timeout(ANSWER, sink.ping::<redis::Value>()),
                    server.ask::<redis::Value>("ping", Request::One(&ping)),
                );
                if !matches!(heard, Ok(Ok(_))) || !server.is_at(primary) {
                    return;
                }
            }
        }
    }
}

/// A notice as it is published; the scripts write the first kind themselves.
pub(super) fn text(notice: &PeerEvent) -> String {
    match notice {
        PeerEvent::Onboarding(id) => format!("onboarding {id}"),
        PeerEvent::Setting(key) => format!("setting {key}"),
        PeerEvent::Receivers => "receivers".to_owned(),
        PeerEvent::BlockedEmails => "blocked_emails".to_owned(),
        PeerEvent::Webhooks => "webhooks".to_owned(),
        PeerEvent::ApiKeys => "api_keys".to_owned(),
        PeerEvent::Missed => "missed".to_owned(),
    }
}

/// A word that this version does not know means that something happened: look again.
fn read(text: &str) -> Option<PeerEvent> {
    Some(match text.split_once(' ') {
        Some(("onboarding", id)) => PeerEvent::Onboarding(id.parse().ok()?),
        Some(("setting", key)) => PeerEvent::Setting(key.to_owned()),
        None if text == "receivers" => PeerEvent::Receivers,
        None if text == "blocked_emails" => PeerEvent::BlockedEmails,
        None if text == "webhooks" => PeerEvent::Webhooks,
        None if text == "api_keys" => PeerEvent::ApiKeys,
        _ => PeerEvent::Missed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_read_back() {
        for notice in [
            PeerEvent::Onboarding(uuid::Uuid::max()),
            PeerEvent::Setting("log_level".to_owned()),
            PeerEvent::Receivers,
            PeerEvent::BlockedEmails,
            PeerEvent::Webhooks,
            PeerEvent::ApiKeys,
            PeerEvent::Missed,
        ] {
            assert_eq!(read(&text(&notice)), Some(notice));
        }
        assert_eq!(read("something new"), Some(PeerEvent::Missed));
    }
}
