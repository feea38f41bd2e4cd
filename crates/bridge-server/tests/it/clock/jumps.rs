//! The clock of the real program is set while it runs (libfaketime): two days back and two days ahead, at every point of a
//! journey, with stores of its own and with Redis and PostgreSQL that go on telling the right time, and on one bridge of
//! two (decisions.md D49). Every honest person is validated in the end, and nobody else. The table is at the end.

use std::path::PathBuf;

use bridge_app::base::clock::Clock;
use bridge_core::{Span, Timestamp};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use test_servers::{Postgres, Redis, Server, legs, postgres, programs, redis};
use tokio::process::Command;

use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, RECEIVER_KEY};
use crate::import::lists::{Listed, ndjson};
use crate::process::{Process, command, run};
use crate::real_stores::group::until;

const ALICE: &str = "+919876543210";
const BOB: &str = "+919876543211";
const VICTIM: &str = "+919876543212";
const LIAR: &str = "+919876543213";
const DAYS: &str = "2d";
/// Rows of a list that are nobody's: more than are taken in together, on either side of the jump.
const ROWS: i64 = 510;

/// Where in a journey the clock is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    BeforeRegistration,
    BeforeTheSms,
    InAnImport,
    BeforeTheDump,
}

const POINTS: [Point; 4] =
    [Point::BeforeRegistration, Point::BeforeTheSms, Point::InAnImport, Point::BeforeTheDump];

/// Which way it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Back,
    Ahead,
}

/// Redis and PostgreSQL, whose clock nobody sets.
struct Servers {
    redis: Redis,
    postgres: Postgres,
    database: String,
}

impl Servers {
    fn start(options: &redis::Options) -> test_servers::Result<Servers> {
        let redis = Redis::start(options)?;
        let postgres = Postgres::start(&postgres::Options::default())?;
        let database = postgres.new_database()?;
        Ok(Servers { redis, postgres, database })
    }
}

/// A machine with a bridge, and with a clock that the test sets.
struct Machine {
    bridge: Process,
    folder: TempDir,
    library: PathBuf,
    flags: Vec<(&'static str, String)>,
}

/// The command on a machine whose clock is off by what is in the file.
fn under(mut command: Command, library: &PathBuf, folder: &TempDir) -> Command {
    command
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", folder.path().join("shift"))
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command
}

impl Machine {
    async fn start(library: &PathBuf, servers: Option<&Servers>) -> Machine {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("shift"), "+0").unwrap();
        let flags = servers.map_or_else(Vec::new, |servers| {
            let database = servers.postgres.url_of(&servers.database);
            vec![("SMS_BRIDGE_HOT_URL", servers.redis.url()), ("SMS_BRIDGE_AUDIT_URL", database)]
        });
        let data = folder.path().join("data");
        let mut command = under(command(&data, &[]), library, &folder);
        command.envs(flags.iter().cloned());
        let bridge = Process::start_with(command).await.unwrap();
        Machine { bridge, folder, library: library.clone(), flags }
    }

    /// Somebody sets the clock, from one moment to the next.
    fn set_clock(&self, shift: &str) {
        let draft = self.folder.path().join("draft");
        std::fs::write(&draft, shift).unwrap();
        std::fs::rename(&draft, self.folder.path().join("shift")).unwrap();
    }

    fn jump(&self, way: Way) {
        self.set_clock(&match way {
            Way::Back => format!("-{DAYS}"),
            Way::Ahead => format!("+{DAYS}"),
        });
    }

    async fn register(&self, mobile: &str) -> Answer {
        let body = json!({"mobile_number": mobile, "device_id": "d"});
        self.bridge.ask(Method::POST, "/onboard/register", API_KEY, Some(body)).await
    }

    async fn registered(&self, mobile: &str) -> Person {
        let registered = self.register(mobile).await;
        assert_eq!(registered.status, 201, "{}", registered.body);
        Person { mobile: mobile.to_owned(), registered }
    }

    /// The SMS with the text of this person, from that number. What the bridge said to it.
    async fn send(&self, from: &str, of: &Person, stamp: Option<Timestamp>) -> Answer {
        let sms = json!({"from": from, "text": of.text(), "timestamp": stamp.map(|at| at.to_string())});
        let answer = self.bridge.ask(Method::POST, "/sms/receive", RECEIVER_KEY, Some(sms)).await;
        assert!(answer.status.is_success(), "{}", answer.body);
        answer
    }

    async fn cause(&self) -> Value {
        self.bridge.get("/status", "").await.body["cause"].clone()
    }

    async fn until_cause(&self, cause: Value) {
        until("the cause of the pause", async || (self.cause().await == cause).then_some(())).await;
    }

    async fn rows(&self, mobile: &str) -> Vec<Value> {
        let path = format!("/admin/sms?mobile={}", mobile.replace('+', "%2B"));
        self.bridge.get(&path, ADMIN_TOKEN).await.body["items"].as_array().cloned().unwrap_or_default()
    }

    async fn state(&self, of: &Person) -> String {
        let path = format!("/onboard/{}", of.registered.text("onboarding_id"));
        self.bridge.get(&path, API_KEY).await.body["status"].as_str().unwrap_or_default().to_owned()
    }

    async fn until_validated(&self, of: &Person) {
        until("validated", async || (self.state(of).await == "validated").then_some(())).await;
    }

    async fn doctor(&self, flags: &[&str]) -> Value {
        let arguments: Vec<&str> = ["doctor", "--json"].iter().chain(flags).copied().collect();
        let data = self.folder.path().join("data");
        let mut doctor = under(command(&data, &arguments), &self.library, &self.folder);
        doctor.envs(self.flags.iter().cloned());
        run(doctor).await.json()
    }

    /// Health page and doctor say whose clock is wrong, and one line of doctor says what this machine's clock is.
    async fn says_that_its_clock_is_wrong(&self, way: Way, is_told: bool) {
        self.until_cause(json!("clock_not_set")).await;
        let health = self.bridge.get("/health", ADMIN_TOKEN).await;
        let notes = health.body["components"]["notes"].to_string();
        assert!(notes.contains("the clock of this machine says"), "{notes}");
        let doctor = self.doctor(&[]).await;
        let lines: Vec<&Value> =
            doctor["findings"].as_array().unwrap().iter().filter(|line| line["what"] == "clock").collect();
        let found = lines.iter().map(|line| line["found"].as_str().unwrap_or_default()).collect::<String>();
        let why = match (way, is_told) {
            // The fraction of a second between two clocks is on either side.
            (Way::Back, true) => ["is 2 d ahead of it", "is 1 d 23 h ahead of it"],
            (Way::Ahead, true) => ["is 2 d behind it", "is 1 d 23 h behind it"],
            (_, false) => ["this bridge was already running at"; 2],
        };
        assert!(why.iter().any(|why| found.contains(why)), "{doctor}");
        assert_eq!((lines.len(), &lines[0]["level"]), (1, &json!("wrong")), "{doctor}");
    }
}

/// Somebody who registered.
struct Person {
    mobile: String,
    registered: Answer,
}

impl Person {
    fn text(&self) -> &str {
        self.registered.text("sms_body")
    }
}

/// The real time, which phones know.
fn right() -> Timestamp {
    Clock::system().now()
}

/// One row of the table.
async fn journey(library: &PathBuf, point: Point, way: Way, servers: Option<&Servers>) {
    println!("{point:?}, {way:?}, {}", if servers.is_some() { "Redis and PostgreSQL" } else { "embedded" });
    let machine = Machine::start(library, servers).await;
    // A clock that is ahead, with nobody to ask, cannot be known to be wrong: all goes on, by it.
    let is_known = way == Way::Back || servers.is_some();
    let is_told = servers.is_some();
    let victim = machine.registered(VICTIM).await;
    let mut honest = Vec::new();
    match point {
        Point::BeforeRegistration => {
            machine.jump(way);
            let first = machine.register(ALICE).await;
            if is_known {
                assert_eq!(first.code(), "onboarding_paused", "{}", first.body);
            } else {
                let alice = Person { mobile: ALICE.to_owned(), registered: first };
                machine.send(ALICE, &alice, Some(right())).await;
                machine.until_validated(&alice).await;
                honest.push(alice);
            }
        }
        Point::BeforeTheSms => {
            let (alice, bob) = (machine.registered(ALICE).await, machine.registered(BOB).await);
            machine.jump(way);
            // Before anybody has looked at the clock, and after.
            machine.send(ALICE, &alice, None).await;
            if is_known {
                machine.says_that_its_clock_is_wrong(way, is_told).await;
            } else {
                machine.until_validated(&alice).await;
                let path = format!("/onboard/{}", bob.registered.text("onboarding_id"));
                let waits = machine.bridge.get(&path, API_KEY).await;
                let deadline = Timestamp::parse(waits.text("user_deadline")).unwrap();
                assert!(deadline - right() > Span(86_400_000), "it moves with the clock: {}", waits.body);
            }
            machine.send(BOB, &bob, Some(right())).await;
            honest.extend([alice, bob]);
        }
        Point::InAnImport => {
            let (alice, bob) = (machine.registered(ALICE).await, machine.registered(BOB).await);
            import(&machine, way, &alice, &bob).await;
            honest.extend([alice, bob]);
        }
        Point::BeforeTheDump => {
            let alice = machine.registered(ALICE).await;
            assert_eq!(machine.send(ALICE, &alice, Some(right())).await.text("validation_status"), "passed");
            machine.jump(way);
            honest.push(alice);
        }
    }
    machine.send(LIAR, &victim, Some(right())).await;
    if is_known {
        machine.until_cause(json!("clock_not_set")).await;
    }

    // Somebody sets it right.
    machine.set_clock("+0");
    if !is_known {
        machine.says_that_its_clock_is_wrong(way, is_told).await;
        machine.doctor(&["--accept-clock"]).await;
    }
    machine.until_cause(json!(null)).await;
    if honest.is_empty() {
        let alice = machine.registered(ALICE).await;
        machine.send(ALICE, &alice, Some(right())).await;
        honest.push(alice);
    }
    let carol = machine.registered("+919876543214").await;
    machine.send(&carol.mobile, &carol, None).await;
    honest.push(carol);
    machine.bridge.set("local_sync_interval_seconds", json!(1)).await;
    for person in &honest {
        machine.until_validated(person).await;
        let row = async || machine.rows(&person.mobile).await.pop();
        let row = until("the row of an honest SMS", row).await;
        assert_eq!(row["validation_status"], "passed", "{row}");
        assert_eq!(machine.rows(&person.mobile).await.len(), 1, "{row}");
    }
    let lie = until("the row of the lie", async || machine.rows(LIAR).await.pop()).await;
    assert_eq!(lie["validation_status"], "failed", "{lie}");
    assert_ne!(machine.state(&victim).await, "validated");
    machine.bridge.stop().await;
}

/// A phone's list, with the jump in the middle: the first person's row is judged before, the second's after.
async fn import(machine: &Machine, way: Way, first: &Person, second: &Person) {
    let row = |person: &Person| Listed {
        sender: person.mobile.clone(),
        text: person.text().to_owned(),
        received: right(),
    };
    let nobodys = |from: i64| {
        let row = move |n: i64| Listed {
            sender: format!("+9198{:08}", from + n),
            text: format!("sms {n}"),
            received: right() - Span(n * 1_000),
        };
        (0..ROWS).map(row)
    };
    let before = ndjson(&std::iter::once(row(first)).chain(nobodys(0)).collect::<Vec<_>>());
    let after = ndjson(&nobodys(ROWS).chain([row(second)]).collect::<Vec<_>>());
    let (jumped, waits) = tokio::sync::oneshot::channel::<()>();
    let half = stream::iter([Bytes::from(before)]);
    let rest = stream::once(async move {
        waits.await.unwrap();
        Bytes::from(after)
    });
    let body = reqwest::Body::wrap_stream(half.chain(rest).map(Ok::<_, std::io::Error>));
    let request = reqwest::Client::new().post(format!("{}/sms/import", machine.bridge.url));
    let jumping = async {
        machine.until_validated(first).await;
        machine.jump(way);
        jumped.send(()).unwrap();
    };
    let (answer, ()) = tokio::join!(request.bearer_auth(ADMIN_TOKEN).body(body).send(), jumping);
    let answer = answer.unwrap();
    let (status, report) = (answer.status(), answer.json::<Value>().await.unwrap());
    assert_eq!((status.as_u16(), &report["rows"]), (200, &json!(2 * ROWS + 2)), "{report}");
}

async fn every_point(name: &str, way: Way, on_servers: bool) {
    let Some(library) = legs::or_skip(name, programs::faketime()) else { return };
    for point in POINTS {
        let servers = if on_servers {
            let servers = Servers::start(&redis::Options::default());
            let Some(servers) = legs::or_skip(name, servers) else { return };
            Some(servers)
        } else {
            None
        };
        journey(&library, point, way, servers.as_ref()).await;
    }
}

/// Of two bridges on the same stores one goes wrong: the other judges, and what the wrong one keeps is judged when it is right.
async fn one_of_two(name: &str, way: Way) {
    let Some(library) = legs::or_skip(name, programs::faketime()) else { return };
    let Some(servers) = legs::or_skip(name, Servers::start(&redis::Options::default())) else { return };
    let wrong = Machine::start(&library, Some(&servers)).await;
    let other = Machine::start(&library, Some(&servers)).await;
    let (alice, bob) = (wrong.registered(ALICE).await, other.registered(BOB).await);
    let victim = other.registered(VICTIM).await;
    wrong.jump(way);
    wrong.send(ALICE, &alice, None).await;
    wrong.send(LIAR, &victim, Some(right())).await;
    wrong.says_that_its_clock_is_wrong(way, true).await;
    assert_eq!(other.cause().await, json!(null), "the clock of the other is right");
    let health = other.bridge.get("/health", ADMIN_TOKEN).await.body.to_string();
    assert!(!health.contains("clock of this machine"), "{health}");
    assert_eq!(other.send(BOB, &bob, None).await.text("validation_status"), "passed");
    assert_eq!(wrong.register("+919876543214").await.code(), "onboarding_paused");
    let carol = other.registered("+919876543214").await;
    assert_eq!(other.send(&carol.mobile, &carol, Some(right())).await.text("validation_status"), "passed");

    wrong.set_clock("+0");
    wrong.until_cause(json!(null)).await;
    for person in [&alice, &bob, &carol] {
        other.until_validated(person).await;
    }
    assert_ne!(other.state(&victim).await, "validated");
    wrong.bridge.stop().await;
    other.bridge.stop().await;
}

/// Redis alone is wrong. Nobody can know that of two clocks: the bridge says what each says, the operator says which is right,
/// and then it needs no right clock of Redis.
async fn redis_of_another_opinion(name: &str, way: Way) {
    let Some(library) = legs::or_skip(name, programs::faketime()) else { return };
    let clock = match way {
        Way::Back => format!("-{DAYS}"),
        Way::Ahead => format!("+{DAYS}"),
    };
    let environment = vec![
        ("LD_PRELOAD".to_owned(), library.display().to_string()),
        ("FAKETIME".to_owned(), clock),
        ("FAKETIME_DONT_FAKE_MONOTONIC".to_owned(), "1".to_owned()),
    ];
    let options =
        redis::Options { flavour: redis::Flavour::Valkey, environment, ..redis::Options::default() };
    let Some(servers) = legs::or_skip(name, Servers::start(&options)) else { return };
    let machine = Machine::start(&library, Some(&servers)).await;
    // What Redis has too much, this machine has too little.
    machine.says_that_its_clock_is_wrong(if way == Way::Ahead { Way::Back } else { Way::Ahead }, true).await;
    assert_eq!(machine.register(ALICE).await.code(), "onboarding_paused");
    let doctor = machine.doctor(&["--accept-clock"]).await.to_string();
    assert!(doctor.contains("PostgreSQL and this machine agree, so this one is wrong"), "{doctor}");
    machine.until_cause(json!(null)).await;
    let (alice, victim) = (machine.registered(ALICE).await, machine.registered(VICTIM).await);
    assert_eq!(machine.send(ALICE, &alice, None).await.text("validation_status"), "passed");
    assert_eq!(machine.send(LIAR, &victim, None).await.text("validation_status"), "failed");
    machine.bridge.set("local_sync_interval_seconds", json!(1)).await;
    let row = until("the row of an honest SMS", async || machine.rows(ALICE).await.pop()).await;
    assert_eq!(row["validation_status"], "passed", "{row}");
    machine.until_validated(&alice).await;
    machine.bridge.stop().await;
}

/// Way, stores, and in each row every point of a journey.
macro_rules! rows {
    ($($name:ident: $row:ident($($argument:expr),*);)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            $row(stringify!($name), $($argument),*).await;
        }
    )*};
}

rows! {
    back_at_every_point_on_stores_of_its_own: every_point(Way::Back, false);
    ahead_at_every_point_on_stores_of_its_own: every_point(Way::Ahead, false);
    back_at_every_point_beside_redis_and_postgresql: every_point(Way::Back, true);
    ahead_at_every_point_beside_redis_and_postgresql: every_point(Way::Ahead, true);
    one_bridge_of_two_goes_back: one_of_two(Way::Back);
    one_bridge_of_two_goes_ahead: one_of_two(Way::Ahead);
    redis_alone_is_back: redis_of_another_opinion(Way::Back);
    redis_alone_is_ahead: redis_of_another_opinion(Way::Ahead);
}
