//! The whole HTTP surface under requests that mean no good: made of the API's own description and of the list of formats,
//! bent in every part, sent over real sockets to the real program. Not what each of them is answered: only what must hold
//! of all. The same requests every time; `HTTP_FUZZ_SEED` and `HTTP_FUZZ_REQUESTS` try others, and more.

mod requests;

use std::net::SocketAddr;

use bridge_app::base::clock::Clock;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use self::requests::{Known, Request};
use crate::harness::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY};
use crate::process::Process;

const SEED: u64 = 20_261_130;
const REQUESTS: usize = 2_400;
/// What may be in memory at the end of the second half that was not at its beginning.
const GROWTH_MAX_KIB: u64 = 24 * 1024;
/// Nobody that the hostile requests speak of.
const HONEST: &str = "+919811122233";

#[expect(clippy::disallowed_methods, reason = "the knob of a test, not configuration")]
fn given<T: std::str::FromStr>(variable: &str, default: T) -> T {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config { failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// What came back, as far as it can be read.
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

/// Sends it and reads the answer: of one that is no problem, the head is enough. None: the connection was closed without any.
async fn sent(addr: SocketAddr, request: &Request) -> Option<Answer> {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    // The bridge may answer and close before all of it is out.
    let _ = stream.write_all(&request.bytes).await;
    if request.breaks_off {
        let _ = stream.shutdown().await;
    }
    let mut all = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = stream.read(&mut piece).await.unwrap_or(0);
        all.extend_from_slice(&piece[..length]);
        let head_end = all.windows(4).position(|window| window == b"\r\n\r\n");
        let status = all.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
        match (head_end, status) {
            (Some(end), Some(status)) if length == 0 || status < 400 => {
                let head = String::from_utf8_lossy(&all[..end]).to_ascii_lowercase();
                return Some(Answer { status, head, body: all.split_off(end + 4) });
            }
            _ if length == 0 => return None,
            _ => {}
        }
    }
}

/// What must hold of every answer. `whole`: the request was HTTP, so that the bridge itself answered, and not the library
/// under it.
fn assert_holds(request: &Request, answer: &Answer) {
    let shown = || {
        let said = String::from_utf8_lossy(&request.bytes[..request.bytes.len().min(1_500)]).into_owned();
        format!("{}\n{}\nafter\n{said}", answer.head, String::from_utf8_lossy(&answer.body))
    };
    if answer.status < 400 {
        return;
    }
    let is_problem = answer.head.contains("content-type: application/problem+json");
    let is_bare = answer.body.is_empty() && matches!(answer.status, 400 | 414 | 431);
    assert!(is_problem || (is_bare && !request.is_http), "no problem: {}", shown());
    if !is_problem || request.is_head {
        return;
    }
    let problem: Value =
        serde_json::from_slice(&answer.body).unwrap_or_else(|why| panic!("{why}: {}", shown()));
    assert_eq!(problem["status"], answer.status, "{}", shown());
    for member in ["type", "title", "detail", "code", "request_id"] {
        assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "no {member}: {}", shown());
    }
    if answer.status >= 500 {
        let code = problem["code"].as_str().unwrap();
        let known = [(503, "unavailable"), (503, "onboarding_paused"), (502, "receiver_away")];
        assert!(known.contains(&(answer.status, code)), "{}", shown());
        let waits = answer.status != 503 || answer.head.contains("retry-after: ");
        assert!(waits, "when to come again: {}", shown());
    }
}

async fn honest_journey(bridge: &Process, device: &str) -> Value {
    let registration = json!({"mobile_number": HONEST, "email": "h@example.com", "device_id": device, "client_ip": "198.51.100.9"});
    let registered =
        bridge.ask(reqwest::Method::POST, "/onboard/register", API_KEY, Some(registration)).await;
    assert!(registered.status.is_success(), "{}", registered.body);
    let sms = json!({"mobile_number": HONEST, "sms_message": registered.text("sms_body"), "message_id": device,
        "received_timestamp": Clock::system().now().to_string()});
    let judged = bridge.ask(reqwest::Method::POST, "/sms/receive", RECEIVER_KEY, Some(sms)).await;
    assert_eq!(judged.verdict(), "passed", "{}", judged.body);
    registered.body
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn metric(text: &str, name: &str) -> f64 {
    let line = text
        .lines()
        .find(|line| line.starts_with(&format!("{name} ")))
        .unwrap_or_else(|| panic!("no {name}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn whatever_is_asked_it_answers_as_described_and_serves_the_honest() {
    let (seed, count) = (given("HTTP_FUZZ_SEED", SEED), given("HTTP_FUZZ_REQUESTS", REQUESTS));
    eprintln!("HTTP_FUZZ_SEED={seed} HTTP_FUZZ_REQUESTS={count}");
    let folder = tempfile::tempdir().unwrap();
    let bridge = Process::start(folder.path()).await;
    let addr: SocketAddr = bridge.url.trim_start_matches("http://").parse().unwrap();
    let registered = honest_journey(&bridge, "before").await;
    let description = bridge.get("/openapi.json", "").await.body;
    let known = Known::of(&description, &registered);
    let any = requests::all(known);
    let mut runner = runner(seed);
    let (mut at_half, mut unanswered) = (0, 0);
    for n in 0..count {
        if n == count / 2 {
            at_half = resident_kib(bridge.pid);
        }
        let request = any.new_tree(&mut runner).unwrap().current();
        match sent(addr, &request).await {
            Some(answer) => assert_holds(&request, &answer),
            None => {
                assert!(request.breaks_off || !request.is_http, "no answer: {request:?}");
                unanswered += 1;
            }
        }
    }
    assert!(unanswered < count / 3, "{unanswered} of {count} were too broken to be answered");
    let grown = resident_kib(bridge.pid).saturating_sub(at_half);
    assert!(grown < GROWTH_MAX_KIB, "{grown} KiB more in the second half");
    let metrics = bridge.get("/metrics", ADMIN_TOKEN).await.body;
    let metrics = metrics.as_str().unwrap();
    assert!(metric(metrics, "sms_bridge_connections_open") < 10.0, "connections stay open");
    assert!(metric(metrics, "sms_bridge_panics_total") < 1.0);
    honest_journey(&bridge, "after").await;
    let ended = bridge.sigterm_and_wait().await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    for word in ["panicked", "this is a bug"] {
        assert!(!ended.stderr.contains(word), "{}", ended.stderr);
    }
}
