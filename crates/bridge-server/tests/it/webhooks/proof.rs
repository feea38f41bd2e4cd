//! The promise of webhooks, counted: many events while the bridge and the app's endpoint are killed again and again. None is
//! lost, none is invented, those of one onboarding come in their order. With every change a few hundred; as many as are asked for
//! by `SMS_BRIDGE_WEBHOOK_EVENTS` (`cargo xtask release-check --only webhooks`: 10,000), and then the time to the first try counts.

#![expect(
    clippy::disallowed_methods,
    reason = "kills, and how long an app was away, are measured on real clocks; the knob is a test's"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::killed::{start, validate};
use crate::harness::ADMIN_TOKEN;

/// Each number makes two: its SMS was judged, and it was validated.
const EVENTS: usize = 300;
const ASKED: &str = "SMS_BRIDGE_WEBHOOK_EVENTS";
/// Of all numbers one in so many is sent just before the bridge is killed, and another while the endpoint is.
const KILLS: usize = 6;
/// An endpoint that is killed comes back before its second try: the third is minutes later.
const AWAY: Duration = Duration::from_millis(1_500);
const PATIENCE: Duration = Duration::from_secs(120);

/// One event as it first came, and how often.
struct Told {
    body: String,
    came_ms: i64,
    times: usize,
    place: usize,
}

#[derive(Clone, Default)]
struct Book(Arc<Mutex<BTreeMap<String, Told>>>);

fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

async fn take(State(book): State<Book>, headers: HeaderMap, body: String) -> StatusCode {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let mut told = book.0.lock().unwrap();
    let place = told.len();
    let first = || Told { body: body.clone(), came_ms: now_ms(), times: 0, place };
    let known = told.entry(id).or_insert_with(first);
    known.times += 1;
    assert_eq!(known.body, body, "one id, one event");
    StatusCode::NO_CONTENT
}

/// An endpoint in a runtime of its own: killed, it leaves every connection as it is.
struct Endpoint {
    runtime: tokio::runtime::Runtime,
    address: SocketAddr,
}

impl Endpoint {
    fn start(book: &Book, address: SocketAddr) -> Endpoint {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(async {
            loop {
                match tokio::net::TcpListener::bind(address).await {
                    Ok(listener) => return listener,
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            }
        });
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(take).with_state(book.clone());
        drop(runtime.spawn(async move { axum::serve(listener, router).await.unwrap() }));
        Endpoint { runtime, address }
    }

    fn kill(self) -> SocketAddr {
        self.runtime.shutdown_background();
        self.address
    }
}

fn of(told: &Told) -> (String, String, String, i64) {
    let body: Value = serde_json::from_str(&told.body).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let happened = bridge_core::Timestamp::parse(body["timestamp"].as_str().unwrap()).unwrap().0;
    let data = &body["data"];
    (text(&body["type"]), text(&data["mobile_number"]), text(&data["onboarding_id"]), happened)
}

#[test]
fn none_is_lost_none_is_invented_and_each_onboarding_s_come_in_order() {
    let asked = std::env::var(ASKED).ok().map(|asked| asked.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let book = Book::default();
    let mut endpoint = Some(Endpoint::start(&book, "127.0.0.1:0".parse().unwrap()));
    let folder = tempfile::tempdir().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::new();
    let numbers = asked.unwrap_or(EVENTS) / 2;
    // The last third is left in peace: by it the time to the first try is measured.
    let disturbed = numbers * 2 / 3;
    let (mut bridge, mut acknowledged, mut quiet_from) = (None, BTreeSet::new(), i64::MAX);
    let (mut bridge_kills, mut endpoint_kills, mut back) = (0, 0, None::<(Instant, SocketAddr)>);
    for number in 0..numbers {
        if bridge.is_none() {
            let process = runtime.block_on(start(folder.path(), &[])).unwrap();
            if number == 0 {
                let url = format!("http://{}/hook", endpoint.as_ref().unwrap().address);
                let add = http.post(format!("{}/admin/webhooks", process.url)).bearer_auth(ADMIN_TOKEN);
                let added = runtime.block_on(add.json(&json!({"url": url})).send()).unwrap();
                assert_eq!(added.status(), 201);
            }
            bridge = Some(process);
        }
        if back.is_some_and(|(since, _)| since.elapsed() > AWAY) || number == disturbed {
            endpoint = back.take().map(|(_, address)| Endpoint::start(&book, address)).or(endpoint);
        }
        if number == disturbed {
            quiet_from = now_ms() + 10_000;
        }
        let process = bridge.as_ref().unwrap();
        acknowledged.extend(runtime.block_on(validate(&http, &process.url, number)));
        let every = (disturbed / KILLS).max(2);
        if number < disturbed && number % every == every - 1 {
            runtime.block_on(bridge.take().unwrap().kill9());
            bridge_kills += 1;
        } else if number < disturbed
            && number % every == every / 2
            && let Some(up) = endpoint.take()
        {
            back = Some((Instant::now(), up.kill()));
            endpoint_kills += 1;
        }
    }
    let is_told = || {
        let told = book.0.lock().unwrap();
        let both: BTreeSet<(String, String)> =
            told.values().map(of).map(|(kind, mobile, _, _)| (kind, mobile)).collect();
        acknowledged.iter().all(|mobile| {
            ["sms.judged", "onboarding.validated"]
                .iter()
                .all(|kind| both.contains(&((*kind).to_owned(), mobile.clone())))
        })
    };
    let begun = Instant::now();
    while !is_told() {
        assert!(begun.elapsed() < PATIENCE, "some were never told");
        std::thread::sleep(Duration::from_millis(200));
    }
    runtime.block_on(bridge.take().unwrap().kill9());
    if let Some(up) = endpoint.take() {
        up.kill();
    }

    let told = book.0.lock().unwrap();
    let mut ids: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut judged: BTreeMap<String, usize> = BTreeMap::new();
    let mut late: Vec<i64> = Vec::new();
    let tried: BTreeSet<String> = (0..numbers).map(|number| format!("+9198765{number:05}")).collect();
    for event in told.values() {
        let (kind, mobile, onboarding, happened) = of(event);
        assert!(tried.contains(&mobile), "nobody sent it: {}", event.body);
        *ids.entry((kind.clone(), onboarding.clone())).or_default() += 1;
        if kind == "sms.judged" {
            judged.insert(onboarding, event.place);
        }
        if happened >= quiet_from {
            late.push(event.came_ms - happened);
        }
    }
    assert!(ids.values().all(|count| *count == 1), "one event, one id");
    for event in told.values() {
        let (kind, _, onboarding, _) = of(event);
        if kind == "onboarding.validated" {
            assert!(judged[&onboarding] < event.place, "judged before it is validated: {}", event.body);
        }
    }
    late.sort_unstable();
    let at = |share: usize| late.get((late.len() * share / 100).min(late.len().saturating_sub(1))).copied();
    let repeated: usize = told.values().map(|event| event.times - 1).sum();
    println!(
        "events {}, acknowledged numbers {}, repeated tries {repeated}, kills of the bridge {bridge_kills}, of the endpoint \
         {endpoint_kills}; verdict to first try of {} in peace: p50 {:?} ms, p99 {:?} ms, worst {:?} ms",
        told.len(),
        acknowledged.len(),
        late.len(),
        at(50),
        at(99),
        late.last()
    );
    assert!(acknowledged.len() * 10 > numbers * 9 && bridge_kills > 1 && endpoint_kills > 1);
    if asked.is_some() {
        assert!(at(99).is_some_and(|ms| ms < 1_000), "within a second");
    }
}
