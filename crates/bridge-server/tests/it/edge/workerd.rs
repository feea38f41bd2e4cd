//! From end to end: the edge in real workerd, the program itself, and a phone. The box is killed and hangs, and is back.

use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::onboarding::hex;
use reqwest::{Method, Response};
use ring::hmac as ring_hmac;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use test_servers::proxy::{Mode, Proxy};
use test_servers::{legs, programs};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::{ALICE, SECRET};
use crate::harness::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY};
use crate::process::{Process, bare, command, run};

const TWILIO_KEY: &str = "twilio-auth-token-of-the-tests";
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// The edge in workerd. Dropped, it is asked to end: it ends workerd with it, which a kill would leave.
struct Edge {
    child: Child,
    url: String,
    http: reqwest::Client,
    /// Its log.
    said: Arc<Mutex<String>>,
    _state: TempDir,
}

impl Drop for Edge {
    fn drop(&mut self) {
        let pid = self.child.id().and_then(|pid| Pid::from_raw(pid.cast_signed()));
        // Fails only if it has ended by itself.
        pid.map(|pid| kill_process(pid, Signal::TERM));
    }
}

impl Edge {
    /// Where `cargo xtask test --only edge` installed it.
    async fn start(bridge_port: u16) -> Option<Edge> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../edge");
        let installed = folder.join("node_modules/miniflare").is_dir();
        let there =
            if installed { programs::find("node") } else { programs::find("the modules of edge/: npm ci") };
        let node = legs::or_skip("the edge in workerd", there)?;
        let state = tempfile::tempdir().unwrap();
        let mut serve = Command::new(node);
        serve.arg("scripts/serve.mjs").current_dir(&folder);
        serve.env("PORT", "0").env("BRIDGE_URL", format!("http://127.0.0.1:{bridge_port}"));
        serve.env("EDGE_SECRET", SECRET).env("EDGE_SPOOL", "on").env("PROBE_SECONDS", "1");
        serve.env("REGISTRATIONS_PER_MINUTE", "20").env("EDGE_STATE", state.path());
        let mut child = serve.stdout(Stdio::piped()).stdin(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = loop {
            let line = lines.next_line().await.unwrap().expect("the edge did not start");
            if let Some((_, url)) = line.split_once("listens on ") {
                break url.to_owned();
            }
        };
        // Its log goes on: nobody may wait for somebody to read it.
        let said = Arc::new(Mutex::new(String::new()));
        let log = said.clone();
        #[expect(
            clippy::disallowed_methods,
            reason = "reads what a process of the test says, until it ends"
        )]
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                *log.lock().unwrap() += &line;
            }
        });
        Some(Edge { child, url, http: reqwest::Client::new(), said, _state: state })
    }

    async fn register(&self, mobile: &str) -> Response {
        let body = json!({"mobile_number": mobile, "device_id": mobile});
        let request = self.http.post(format!("{}/onboard/register", self.url)).bearer_auth(API_KEY);
        request.header("CF-Connecting-IP", "203.0.113.9").json(&body).send().await.unwrap()
    }

    async fn registered(&self, mobile: &str) -> Value {
        let answer = self.register(mobile).await;
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }

    /// As Twilio delivers, with a signature over the address of the edge.
    async fn twilio(&self, sender: &str, text: &str) -> (u16, String) {
        let url = format!("{}/sms/receive/twilio?receiver=tw", self.url);
        let sid = hex(&Sha256::digest(text))[..32].to_owned();
        let fields = [
            ("AccountSid", "AC0"),
            ("Body", text),
            ("From", sender),
            ("MessageSid", &sid),
            ("To", "+919000000000"),
        ];
        let signed = fields.iter().fold(url.clone(), |signed, (name, value)| signed + name + value);
        let key = ring_hmac::Key::new(ring_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, TWILIO_KEY.as_bytes());
        let signature = STANDARD.encode(ring_hmac::sign(&key, signed.as_bytes()));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.http.post(url).header("X-Twilio-Signature", signature);
        let answer = request
            .header("Content-Type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    async fn get(&self, path: &str) -> Response {
        self.http.get(format!("{}{path}", self.url)).header("Accept-Language", "hi").send().await.unwrap()
    }

    async fn onboarding(&self) -> String {
        let status: Value = self.get("/status").await.json().await.unwrap();
        status["onboarding"].as_str().unwrap().to_owned()
    }

    async fn status(&self, registered: &Value) -> String {
        let path = format!(
            "/onboard/{}?token={}",
            registered["onboarding_id"].as_str().unwrap(),
            registered["token"].as_str().unwrap()
        );
        let answer: Value = self.get(&path).await.json().await.unwrap();
        answer["status"].as_str().unwrap_or_default().to_owned()
    }
}

/// Asks until it is so.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let asked = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    assert!(tokio::time::timeout(PATIENCE, asked).await.is_ok(), "never: {what}");
}

fn port_of(url: &str) -> u16 {
    reqwest::Url::parse(url).unwrap().port().unwrap()
}

/// While the box is away: everything says so, and the SMS of who registered before is kept.
async fn away(edge: &Edge, registered: &Value, mobile: &str) {
    until("paused", async || edge.onboarding().await == "paused").await;
    let refused = edge.register("+919876500099").await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    let problem: Value = refused.json().await.unwrap();
    assert_eq!(problem["code"], "onboarding_paused");
    assert!(problem["since"].is_string(), "{problem}");
    let page = edge.get("/v/id.token").await;
    assert_eq!(page.status(), 503);
    assert!(page.text().await.unwrap().contains("lang=\"hi\""));
    let kept = edge.twilio(mobile, registered["sms_body"].as_str().unwrap()).await;
    assert_eq!(kept, (200, "<Response/>".to_owned()));
}

#[tokio::test]
async fn a_number_is_validated_through_the_edge_while_the_box_comes_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let start = |bind: &str| {
        let mut command = command(folder.path(), &[]);
        command.env("SMS_BRIDGE_BIND", bind).env("SMS_BRIDGE_EDGE_SECRET", SECRET);
        Process::start_with(command)
    };
    let bridge = start("127.0.0.1:0").await.unwrap();
    let bind = format!("127.0.0.1:{}", port_of(&bridge.url));
    let proxy = Proxy::start(port_of(&bridge.url)).unwrap();
    let Some(edge) = Edge::start(proxy.port()).await else { return bridge.stop().await };
    let receiver = json!({"name": "tw", "format": "twilio", "signing_key": TWILIO_KEY});
    let added = bridge.ask(Method::POST, "/admin/receivers", ADMIN_TOKEN, Some(receiver)).await;
    assert!(added.status.is_success(), "{}", added.body);

    let first = edge.registered(ALICE).await;
    let sms = json!({"mobile_number": ALICE, "sms_message": first["sms_body"]});
    let sent = edge.http.post(format!("{}/sms/receive", edge.url)).bearer_auth(RECEIVER_KEY).json(&sms);
    let judged: Value = sent.send().await.unwrap().json().await.unwrap();
    assert_eq!(judged["validation_status"], "passed", "{judged}");
    assert_eq!(edge.status(&first).await, "validated");
    let forged = edge.http.post(format!("{}/onboard/register", edge.url)).bearer_auth(API_KEY);
    let forged =
        forged.header("X-Edge-Client", "10.0.0.1 XX").json(&json!({"mobile_number": "+919876500001"}));
    assert_eq!(forged.send().await.unwrap().status(), 201, "what a client writes there is thrown away");
    assert_eq!(edge.get("/admin").await.status(), 404);
    assert!(
        !edge.said.lock().unwrap().contains("blocklist_not_read"),
        "the edge's own questions are signed too"
    );

    // The box is killed; another one starts on its folder.
    let second = edge.registered("+919876500002").await;
    bridge.kill9().await;
    away(&edge, &second, "+919876500002").await;
    let bridge = start(&bind).await.unwrap();
    until("validated after the kill", async || edge.status(&second).await == "validated").await;
    until("accepting again", async || edge.onboarding().await == "accepting").await;

    // The tunnel hangs instead of refusing.
    let third = edge.registered("+919876500003").await;
    proxy.set(Mode::Hang).unwrap();
    away(&edge, &third, "+919876500003").await;
    proxy.set(Mode::Pass).unwrap();
    proxy.cut();
    until("validated after the hang", async || edge.status(&third).await == "validated").await;
    let rows = bridge.ask(Method::GET, "/admin/sms?mobile=%2B919876500003", ADMIN_TOKEN, None).await;
    until("the SMS is in the table once", async || {
        let rows = bridge.ask(Method::GET, "/admin/sms?mobile=%2B919876500003", ADMIN_TOKEN, None).await;
        rows.body["items"].as_array().is_some_and(|items| items.len() == 1)
    })
    .await;
    assert!(rows.status.is_success());

    let mut doctor = bare(folder.path(), &["doctor", "--json", "--public-url", &edge.url]);
    doctor.env("SMS_BRIDGE_ADMIN_TOKEN", ADMIN_TOKEN);
    let doctor = run(doctor).await.json();
    let outside = doctor["findings"].as_array().unwrap().iter().find(|one| one["what"] == "outside").unwrap();
    assert_eq!(outside["level"], "ok", "{outside}");
    assert!(outside["found"].as_str().unwrap().contains("through the edge"), "{outside}");
    let said = edge.said.lock().unwrap().clone();
    assert!(said.contains("sms_kept") && said.contains("bridge_dark"), "{said}");
    assert!(
        !said.contains("98765") && !said.contains("ONBOARD"),
        "no number and no text is in the log: {said}"
    );
    bridge.stop().await;
}

#[tokio::test]
async fn the_measurement_ends_with_a_sentence_where_the_bridge_cannot_be_started() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../edge");
    let Some(node) = legs::or_skip("node", programs::find("node")) else { return };
    // One that is not there, one that is no program, and one that ends at once.
    for (binary, why) in [
        ("/nonexistent/sms-bridge", "cannot be started"),
        ("package.json", "cannot be started"),
        ("false", "ended before it said where it listens"),
    ] {
        let mut measure = Command::new(&node);
        measure.arg("scripts/overhead.mjs").current_dir(&folder).env("BRIDGE_BINARY", binary);
        let ended = tokio::time::timeout(PATIENCE, measure.kill_on_drop(true).output()).await;
        let ended = ended.unwrap_or_else(|_| panic!("{binary}: it waits for ever")).unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(1), "{binary}: {said}");
        assert!(said.contains(why) && said.contains("BRIDGE_BINARY"), "{binary}: {said}");
        assert!(!said.contains("    at "), "a sentence, no stack: {said}");
    }
}

#[tokio::test]
async fn a_bridge_that_is_open_to_the_outside_is_told_by_the_doctor() {
    let folder = tempfile::tempdir().unwrap();
    let bridge = Process::start(folder.path()).await;
    let ask = async |url: &str| {
        let mut doctor = bare(folder.path(), &["doctor", "--json", "--public-url", url]);
        doctor.env("SMS_BRIDGE_ADMIN_TOKEN", ADMIN_TOKEN);
        let findings = run(doctor).await.json()["findings"].clone();
        let outside = findings.as_array().unwrap().iter().filter(|one| one["what"] == "outside");
        outside.map(|one| one["found"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let found = ask(&bridge.url).await;
    assert!(found[0].contains("without an edge"), "{found:?}");
    assert!(found[1].contains("everybody can reach /admin"), "{found:?}");
    let found = ask("http://127.0.0.1:1").await;
    assert!(found[0].contains("nothing answers"), "{found:?}");
    bridge.stop().await;
}
