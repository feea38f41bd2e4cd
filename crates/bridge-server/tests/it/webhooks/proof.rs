//! The promise of webhooks, counted: many events while the bridge and the app's endpoint are killed again and again. None is
//! lost, none is invented, those of one onboarding come in their order. With every change a few hundred; as many as are asked for
//! by `SMS_BRIDGE_WEBHOOK_EVENTS` (`cargo xtask release-check --only webhooks`: 10,000), and then the time to the first try counts.
//! No step waits for a delay of the schedule: what a try comes to is decided by a pure function, and tested there.

#![expect(
    clippy::disallowed_methods,
    reason = "the time from a verdict to its first try is measured on real clocks; the knob is a test's"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use reqwest::Method;
use serde_json::{Value, json};

use super::killed::{start, validate};
use crate::harness::ADMIN_TOKEN;
use crate::process::Process;

/// Each number makes two: its SMS was judged, and it was validated.
const EVENTS: usize = 300;
const ASKED: &str = "SMS_BRIDGE_WEBHOOK_EVENTS";
/// So often the bridge is killed, just after an SMS was acknowledged.
const KILLS: usize = 6;
/// Between two looks at what was told.
const LOOK: Duration = Duration::from_millis(100);
/// Without a new event for so long, what is missing does not come any more.
const PATIENCE: Duration = Duration::from_secs(120);

/// One event as it first came, and how often.
struct Told {
    body: String,
    kind: String,
    mobile: String,
    onboarding: String,
    happened_ms: i64,
    came_ms: i64,
    times: usize,
    place: usize,
}

impl Told {
    fn first(body: String, place: usize) -> Told {
        let json: Value = serde_json::from_str(&body).unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let data = &json["data"];
        Told {
            kind: text(&json["type"]),
            mobile: text(&data["mobile_number"]),
            onboarding: text(&data["onboarding_id"]),
            happened_ms: bridge_core::Timestamp::parse(json["timestamp"].as_str().unwrap()).unwrap().0,
            came_ms: now_ms(),
            times: 0,
            place,
            body,
        }
    }
}

/// What was told, by its id, and of which numbers.
#[derive(Default)]
struct Inside {
    told: BTreeMap<String, Told>,
    judged: BTreeSet<String>,
    validated: BTreeSet<String>,
}

#[derive(Clone, Default)]
struct Book(Arc<Mutex<Inside>>);

impl Book {
    /// Were these numbers judged and validated, as far as was told? And how many events came.
    fn has_all(&self, mobiles: &BTreeSet<String>) -> (bool, usize) {
        let inside = self.0.lock().unwrap();
        (inside.judged.is_superset(mobiles) && inside.validated.is_superset(mobiles), inside.told.len())
    }
}

fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

async fn take(State(book): State<Book>, headers: HeaderMap, body: String) -> StatusCode {
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    let inside = &mut *book.0.lock().unwrap();
    let place = inside.told.len();
    let known = inside.told.entry(id).or_insert_with(|| Told::first(body.clone(), place));
    known.times += 1;
    assert_eq!(known.body, body, "one id, one event");
    match known.kind.as_str() {
        "sms.judged" => drop(inside.judged.insert(known.mobile.clone())),
        "onboarding.validated" => drop(inside.validated.insert(known.mobile.clone())),
        _ => {}
    }
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

/// The bridge, and the webhook that it tells.
struct Bridge {
    process: Process,
    http: reqwest::Client,
}

impl Bridge {
    async fn start(folder: &Path, http: &reqwest::Client) -> Bridge {
        Bridge { process: start(folder, &[]).await.unwrap(), http: http.clone() }
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.process.url));
        let answer = request.bearer_auth(ADMIN_TOKEN).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    async fn add_webhook(&self, endpoint: &Endpoint) -> String {
        let url = format!("http://{}/hook", endpoint.address);
        let added = self.ask(Method::POST, "/admin/webhooks", json!({"url": url})).await;
        added["id"].as_str().unwrap().to_owned()
    }

    /// An app that is well again says so: what waits for it is tried at once, and not when the schedule says.
    async fn is_well_again(&self, webhook: &str) {
        let path = format!("/admin/webhooks/{webhook}");
        self.ask(Method::PATCH, &path, json!({"description": "well again"})).await;
    }

    /// Waits until these numbers were judged and validated, as far as was told.
    async fn wait_until_told(&self, book: &Book, mobiles: &BTreeSet<String>, webhook: &str) {
        let (mut since, mut came) = (Instant::now(), 0);
        loop {
            let (all, now) = book.has_all(mobiles);
            if all {
                return;
            }
            if now > came {
                (since, came) = (Instant::now(), now);
            }
            if since.elapsed() > PATIENCE {
                let path = format!("/admin/webhooks/{webhook}/deliveries");
                let deliveries = self.ask(Method::GET, &path, Value::Null).await;
                panic!("{now} events came, and some never: {deliveries}");
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

#[test]
fn none_is_lost_none_is_invented_and_each_onboarding_s_come_in_order() {
    let asked = std::env::var(ASKED).ok().map(|asked| asked.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let book = Book::default();
    let first = Endpoint::start(&book, "127.0.0.1:0".parse().unwrap());
    let address = first.address;
    let folder = tempfile::tempdir().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::new();
    let numbers = asked.unwrap_or(EVENTS) / 2;
    // The last third is left in peace: by it the time to the first try is measured.
    let disturbed = numbers * 2 / 3;
    let begin = || runtime.block_on(Bridge::start(folder.path(), &http));
    let mut bridge = Some(begin());
    let webhook = runtime.block_on(bridge.as_ref().unwrap().add_webhook(&first));
    let mut endpoint = Some(first);

    // The bridge is killed at the end of each of these; the endpoint is away for a third of each of its own, which are
    // shorter: so the one is killed while the other is up, away, and just back.
    let life = (disturbed / KILLS).max(2);
    let app_life = (life * 3 / 4).max(3);
    let (mut acknowledged, mut bridge_kills, mut endpoint_kills) = (BTreeSet::new(), 0, 0);
    for number in 0..disturbed {
        match number % app_life {
            place if place == app_life / 3 => {
                endpoint.take().unwrap().kill();
                endpoint_kills += 1;
            }
            place if place == app_life * 2 / 3 => endpoint = Some(Endpoint::start(&book, address)),
            _ => {}
        }
        let url = bridge.get_or_insert_with(begin).process.url.clone();
        acknowledged.extend(runtime.block_on(validate(&http, &url, number)));
        if number % life == life - 1 {
            runtime.block_on(bridge.take().unwrap().process.kill9());
            bridge_kills += 1;
        }
    }
    let endpoint = endpoint.unwrap_or_else(|| Endpoint::start(&book, address));
    let bridge = bridge.unwrap_or_else(begin);
    runtime.block_on(async {
        bridge.is_well_again(&webhook).await;
        bridge.wait_until_told(&book, &acknowledged, &webhook).await;
    });

    let quiet_from = now_ms();
    runtime.block_on(async {
        for number in disturbed..numbers {
            acknowledged.extend(validate(&http, &bridge.process.url, number).await);
        }
        bridge.wait_until_told(&book, &acknowledged, &webhook).await;
        bridge.process.kill9().await;
    });
    endpoint.kill();

    let told = &book.0.lock().unwrap().told;
    let mut ids: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut judged: BTreeMap<&str, usize> = BTreeMap::new();
    let mut late: Vec<i64> = Vec::new();
    let tried: BTreeSet<String> = (0..numbers).map(|number| format!("+9198765{number:05}")).collect();
    for event in told.values() {
        assert!(tried.contains(&event.mobile), "nobody sent it: {}", event.body);
        *ids.entry((&event.kind, &event.onboarding)).or_default() += 1;
        if event.kind == "sms.judged" {
            judged.insert(&event.onboarding, event.place);
        }
        if event.happened_ms >= quiet_from {
            late.push(event.came_ms - event.happened_ms);
        }
    }
    assert!(ids.values().all(|count| *count == 1), "one event, one id");
    for event in told.values().filter(|event| event.kind == "onboarding.validated") {
        let before = judged[event.onboarding.as_str()];
        assert!(before < event.place, "judged before it is validated: {}", event.body);
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
    assert_eq!(late.len(), 2 * (numbers - disturbed), "each of a number in peace is told twice");
    if asked.is_some() {
        assert!(at(99).is_some_and(|ms| ms < 1_000), "within a second");
    }
}
