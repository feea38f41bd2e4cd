//! The bridge inside the lab, and its simulated phones. Everything goes through its HTTP router, so that formats are
//! really read and keys really checked. What became of an SMS is then looked up in its stores.

use std::collections::HashMap;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use bridge_core::onboarding::hex;
use bridge_core::phone::example_mobile;
use bridge_core::trace::{Step, trace};
use bridge_core::{Mobile, Span, Timestamp};
use bridge_formats::example::{self, Example};
use bridge_store::audit::SettingRow;
use bridge_store::private;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;
use uuid::Uuid;

use super::{Kit, LabError};
use bridge_app::admin::rejudge::Judgement;
use bridge_app::base::backend::{Backend, Backends};
use bridge_app::base::clock::{Clock, Entropy};
use bridge_app::base::secrets::Given;
use bridge_app::bridge::App;
use bridge_app::looking::judged;
use bridge_app::open;
use bridge_app::options::{Elsewhere, Options, ProxyHeader};
use bridge_app::state::places::PLACES_MAX;
use bridge_app::workers::supervisor;

/// The receiver that every simulated phone is.
pub const RECEIVER: &str = "test-lab";
/// More of an answer than any sender of an SMS is told.
const ANSWER_MAX_BYTES: usize = 1024 * 1024;

/// An SMS that a simulated phone hands in.
#[derive(Clone, Debug, Default)]
pub struct Sending {
    /// What it is, for people.
    pub what: String,
    /// The sender as the phone sees it.
    pub sender: String,
    /// The text.
    pub text: String,
    /// When the phone received it; now where not given.
    pub received: Option<Timestamp>,
    /// The format that delivers it; `generic` where not given.
    pub format: Option<String>,
    /// The delivery's id; a new one where not given.
    pub id: Option<String>,
    /// What should become of it: `passed`, or the check that should fail.
    pub expected: Option<&'static str>,
}

/// Something that happened in the lab.
#[derive(Clone, Debug)]
pub struct Event {
    /// Its number among the events of the lab.
    pub n: u64,
    /// When, by the clock of the sandbox.
    pub at: Timestamp,
    /// What happened, for people.
    pub what: String,
    /// Who did it: a number, or another sender.
    pub who: String,
    /// Which kind of event it is, with what belongs to it.
    pub kind: Kind,
    /// The HTTP status that was answered.
    pub status: u16,
    /// The body that was answered.
    pub said: String,
    /// What should have become of it, where somebody knows.
    pub expected: Option<&'static str>,
}

/// The kinds of events.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Somebody registered, or was refused.
    Registration,
    /// An SMS was handed in.
    Sms(Box<SmsSeen>),
    /// A row of a list is no SMS that can be used, and why.
    Unusable(String),
}

/// What became of an SMS.
#[derive(Clone, Debug)]
pub struct SmsSeen {
    /// How it was delivered.
    pub format: String,
    /// Its text.
    pub text: String,
    /// Its stamp.
    pub received: Timestamp,
    /// Its judgement; none where it waits or is unusable.
    pub judged: Option<Judgement>,
    /// It came before: this is the judgement from then.
    pub again: bool,
    /// Why it was judged so.
    pub trace: Vec<Step>,
}

impl Event {
    /// In one word: `registered` or why not; `passed` or the check that failed, `stored`, `unusable`.
    #[must_use]
    pub fn outcome(&self) -> String {
        let good = StatusCode::from_u16(self.status).is_ok_and(|status| status.is_success());
        match &self.kind {
            Kind::Registration if good => "registered".to_owned(),
            Kind::Registration => self.answer()["code"].as_str().unwrap_or("refused").to_owned(),
            Kind::Unusable(_) => "unusable".to_owned(),
            Kind::Sms(sms) => match &sms.judged {
                Some(judged) => judged.row.verdict.failed_at.map_or("passed", |at| at.as_str()).to_owned(),
                None if good && self.said.contains("quarantined") => "unusable".to_owned(),
                None if good => "stored".to_owned(),
                None => self.answer()["code"].as_str().unwrap_or("refused").to_owned(),
            },
        }
    }

    /// What was expected happened; true where nothing was.
    #[must_use]
    pub fn met(&self) -> bool {
        self.expected.is_none_or(|expected| expected == self.outcome())
    }

    /// The answer as JSON; null where it is none.
    #[must_use]
    pub fn answer(&self) -> Value {
        serde_json::from_str(&self.said).unwrap_or_default()
    }
}

/// A bridge to play with.
pub struct Sandbox {
    app: Arc<App>,
    router: Router,
    secret: String,
    receiver_secret: String,
    clock: Clock,
    ahead: Span,
    used_at: Timestamp,
    events: u64,
    people: u32,
    /// The last SMS of a number with a text: the answer of one that comes again.
    last: HashMap<(String, String), (i64, Uuid)>,
    // Last: the stores in it are closed before it goes.
    _folder: TempDir,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("ahead", &self.ahead)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

/// No listener of its own, and keys that nobody else has.
fn options(folder: &TempDir, secret: &str) -> Options {
    let secrets = || vec![secret.to_owned()];
    Options {
        webhook_allow: Vec::new(),
        data_dir: folder.path().to_owned(),
        secrets: Given { api: secrets(), receiver: secrets(), admin: secrets(), edge: Vec::new() },
        public_url: None,
        trusted_proxies: Vec::new(),
        proxy_header: ProxyHeader::default(),
        connections: PLACES_MAX,
        has_private_listener: false,
        log_is_given: false,
        disk_floor_bytes: 0,
        backends: Backends { hot: Backend::Embedded, audit: Backend::Embedded },
        elsewhere: Elsewhere::default(),
        is_sandbox: false,
        built: Timestamp(0),
    }
}

impl Sandbox {
    /// A fresh one, at that time.
    pub async fn open(kit: &Kit, entropy: &Entropy, now: Timestamp) -> Result<Sandbox, LabError> {
        let folder = tempfile::Builder::new()
            .prefix("sms-bridge-lab-")
            .permissions(Permissions::from_mode(private::FOLDER_MODE))
            .tempdir()
            .map_err(LabError::Folder)?;
        let random = entropy.bytes::<24>().map_err(|error| LabError::Folder(std::io::Error::other(error)))?;
        let secret = hex(&random);
        let clock = Clock::standing_at(now);
        let (lock, stores) = (kit.open_stores)(folder.path()).map_err(LabError::Stores)?;
        let options = options(&folder, &secret);
        let opened = open::open(lock, options, stores, clock.clone(), entropy.clone());
        let app = Box::pin(opened).await?.app;
        let router = (kit.router)(&app);
        let mut sandbox = Sandbox {
            app,
            router,
            receiver_secret: String::new(),
            secret,
            clock,
            ahead: Span(0),
            used_at: now,
            events: 0,
            people: 0,
            last: HashMap::new(),
            _folder: folder,
        };
        let added = sandbox.post("/admin/receivers", &json!({"name": RECEIVER, "format": "generic"})).await?;
        let secret = added.json()["secret"].as_str().map(str::to_owned);
        sandbox.receiver_secret =
            secret.ok_or_else(|| LabError::Wrong(format!("no receiver could be added: {}", added.said)))?;
        Ok(sandbox)
    }

    /// The settings of the real bridge hold, and its time, but for what the clock was set forward.
    pub(super) fn follow(&mut self, rows: &[SettingRow], now: Timestamp) {
        self.used_at = now;
        self.app.apply_settings(rows);
        let there = now + self.ahead;
        if there > self.clock.now() {
            self.clock.advance(there - self.clock.now());
        }
    }

    /// When somebody used it last, by the clock of the real bridge.
    pub(super) fn used_at(&self) -> Timestamp {
        self.used_at
    }

    /// What time it is here.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How far its clock was set forward.
    #[must_use]
    pub fn ahead(&self) -> Span {
        self.ahead
    }

    /// The settings that hold here.
    #[must_use]
    pub fn settings(&self) -> Arc<bridge_core::Settings> {
        self.app.live.now()
    }

    /// Sets its clock forward; what workers would have done meanwhile is done.
    pub async fn forward(&mut self, by: Span) {
        self.ahead = Span(self.ahead.0.saturating_add(by.0));
        self.clock.advance(by);
        supervisor::drain_all(&self.app).await;
    }

    /// The number of somebody who was never here, in a country that may register.
    pub fn somebody(&mut self) -> Result<String, LabError> {
        let settings = self.settings();
        let code = settings.allowed_country_codes.first().map_or("91", String::as_str);
        self.somebody_of(code)
    }

    /// The same of another country.
    pub fn somebody_of(&mut self, calling_code: &str) -> Result<String, LabError> {
        self.people += 1;
        example_mobile(calling_code, self.people).map(|mobile| mobile.e164().to_owned()).ok_or_else(|| {
            LabError::Wrong(format!("no example of a number of +{calling_code} is known: give one"))
        })
    }

    /// Registers as an app does, with the fields that an app sends; somebody new where they name no number.
    pub async fn register(&mut self, fields: &Value, what: &str) -> Result<Event, LabError> {
        let mut fields = fields.clone();
        if fields["mobile_number"].as_str().is_none_or(str::is_empty) {
            fields["mobile_number"] = Value::from(self.somebody()?);
        }
        self.another_phone();
        let answer = self.post("/onboard/register", &fields).await?;
        let who = fields["mobile_number"].as_str().unwrap_or_default().to_owned();
        Ok(self.event(what, who, Kind::Registration, answer))
    }

    /// Hands an SMS in as a phone, a modem or a provider does.
    pub async fn send(&mut self, sending: Sending) -> Result<Event, LabError> {
        let Sending { what, sender, text, received, format, id, expected } = sending;
        let received = received.unwrap_or_else(|| self.now());
        let format = format.unwrap_or_else(|| "generic".to_owned());
        let id = id.unwrap_or_else(|| format!("test-lab-{}", self.events + 1));
        let sms = Example { sender: &sender, text: &text, at: received, id: &id };
        let written = example::write(&format, &sms)
            .ok_or_else(|| LabError::Wrong(format!("there is no format {format:?}: see /admin/lab")))?;
        let path = format!("/sms/receive/{format}?apiKey={}&{}", self.receiver_secret, written.query);
        let mut request = Request::builder().method(written.method).uri(path);
        let body = match written.body {
            Some((kind, body)) => {
                request = request.header(header::CONTENT_TYPE, kind);
                Body::from(body)
            }
            None => Body::empty(),
        };
        self.another_phone();
        let before = judged::newest(&self.app).await?;
        let answer = self.ask(request.body(body)).await?;
        let (judged, again) = self.found(before, &sender, &text).await?;
        let trace =
            judged.as_ref().map(|judged| trace(&judged.record(), &self.settings())).unwrap_or_default();
        let seen = SmsSeen { format, text, received, judged, again, trace };
        let event = self.event(&what, sender, Kind::Sms(Box::new(seen)), answer);
        Ok(Event { expected, ..event })
    }

    /// Every SMS may come from another phone, so none is late because its clock is slow; and whoever is heard of is not
    /// silent: registration goes on however far the clock was set.
    fn another_phone(&self) {
        self.app.receivers.seen().forget(RECEIVER);
        self.app.receivers.seen().mark_seen(RECEIVER, self.now());
    }

    /// A row that is no SMS.
    pub(super) fn unusable(&mut self, what: &str, reason: String) -> Event {
        self.event(
            what,
            String::new(),
            Kind::Unusable(reason),
            Answer { status: StatusCode::OK, said: String::new() },
        )
    }

    /// The judgement of the SMS that was just handed in: whoever was judged since then; or it came before.
    async fn found(
        &mut self,
        before: i64,
        sender: &str,
        text: &str,
    ) -> Result<(Option<Judgement>, bool), LabError> {
        let country = self.settings().default_country_code.clone();
        let number = Mobile::parse(sender, &country, bridge_core::phone::BareDigits::NationalFirst);
        let name = (number.map_or_else(|_| sender.to_owned(), |m| m.e164().to_owned()), text.to_owned());
        let newest = judged::newest(&self.app).await?;
        if newest > before
            && let Some(judged) = judged::waiting(&self.app, newest).await?
        {
            self.last.insert(name, (judged.row.id, judged.row.sms.sms_id));
            return Ok((Some(judged), false));
        }
        let Some((id, sms_id)) = self.last.get(&name).copied() else { return Ok((None, false)) };
        let judged = judged::one(&self.app, id, sms_id).await?;
        let again = judged.is_some();
        Ok((judged, again))
    }

    fn event(&mut self, what: &str, who: String, kind: Kind, answer: Answer) -> Event {
        self.events += 1;
        Event {
            n: self.events,
            at: self.now(),
            what: what.to_owned(),
            who,
            kind,
            status: answer.status.as_u16(),
            said: answer.said,
            expected: None,
        }
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Answer, LabError> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.secret))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()));
        self.ask(request).await
    }

    async fn ask(&self, request: Result<Request<Body>, axum::http::Error>) -> Result<Answer, LabError> {
        let wrong = |error: String| LabError::Wrong(format!("this makes no request: {error}"));
        let request = request.map_err(|error| wrong(error.to_string()))?;
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let limited = http_body_util::Limited::new(response.into_body(), ANSWER_MAX_BYTES);
        let body = limited.collect().await.map_err(|error| wrong(error.to_string()))?.to_bytes();
        Ok(Answer { status, said: String::from_utf8_lossy(&body).into_owned() })
    }
}

/// What the bridge inside answered.
struct Answer {
    status: StatusCode,
    said: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.said).unwrap_or_default()
    }
}
