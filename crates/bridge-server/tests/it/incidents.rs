//! What was away is remembered: a receiver that fell silent, and the bridge itself.

use bridge_app::base::clock::Clock;
use bridge_core::Span;
use bridge_store::desk::Incident;
use reqwest::Method;
use serde_json::json;

use crate::harness::{ADMIN_TOKEN, Bridge, NOON};

const DAY: Span = Span(86_400_000);

/// All incidents of those days as far as the audit store knows them, oldest first.
async fn incidents(bridge: &Bridge) -> Vec<Incident> {
    bridge.look().await;
    bridge.settle().await;
    let mut incidents = bridge.stores.desk.incidents(NOON - DAY, NOON + Span(9 * DAY.0)).await.unwrap();
    incidents.reverse();
    incidents
}

async fn heartbeat(bridge: &Bridge, url: &str) {
    assert_eq!(bridge.send(bridge.http.post(url).json(&json!({}))).await.status, 200);
}

#[tokio::test]
async fn a_receiver_that_falls_silent_is_an_incident_until_it_speaks() {
    let bridge = Bridge::start().await;
    let request = bridge.request(Method::POST, "/admin/receivers").bearer_auth(ADMIN_TOKEN);
    let added = bridge.send(request.json(&json!({"name": "hall", "format": "generic"}))).await;
    let url = added.text("heartbeat_url");
    assert_eq!(incidents(&bridge).await, [], "one that was never heard of is not missed");
    for n in 0..6 {
        bridge.clock.advance(Span(if n == 0 { 0 } else { 60_000 }));
        heartbeat(&bridge, url).await;
    }
    bridge.clock.advance(Span(700_000));
    let silent = incidents(&bridge).await;
    assert_eq!(silent.len(), 1);
    let Incident { what, began_at, ended_at, .. } = &silent[0];
    assert_eq!((what.as_str(), *began_at, *ended_at), ("receiver:hall", NOON + Span(300_000), None));
    assert_eq!(incidents(&bridge).await, silent);
    heartbeat(&bridge, url).await;
    let over = incidents(&bridge).await;
    assert_eq!((over.len(), over[0].ended_at), (1, Some(NOON + Span(1_000_000))));
    bridge.stop().await;
}

#[tokio::test]
async fn a_bridge_that_was_away_says_so_when_it_is_back() {
    let bridge = Bridge::start().await;
    bridge.clock.advance(Span(5_000));
    assert_eq!(incidents(&bridge).await, []);
    let clock: Clock = bridge.clock.clone();
    let alive = bridge.folder.path().join("alive.json");
    let as_if_killed = std::fs::read(&alive).unwrap();
    let folder = bridge.stop().await;

    clock.advance(DAY);
    let bridge = Bridge::start_on(folder, clock.clone(), &[]).await;
    let stopped = incidents(&bridge).await;
    let told = |incident: &Incident| (incident.began_at, incident.ended_at, incident.detail.clone());
    let back = NOON + Span(5_000) + DAY;
    assert_eq!(
        stopped.iter().map(told).collect::<Vec<_>>(),
        [(NOON + Span(5_000), Some(back), "it was stopped".to_owned())]
    );
    let folder = bridge.stop().await;

    // Started again at once: nobody missed it.
    let bridge = Bridge::start_on(folder, clock.clone(), &[]).await;
    assert_eq!(incidents(&bridge).await, stopped);
    let folder = bridge.stop().await;

    std::fs::write(&alive, as_if_killed).unwrap();
    let bridge = Bridge::start_on(folder, clock, &[]).await;
    // The same sign of life: the incident that is known, which has ended.
    assert_eq!(incidents(&bridge).await, stopped);
    bridge.stop().await;
}
