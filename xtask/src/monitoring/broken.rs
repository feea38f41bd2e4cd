//! Bridges that are really broken, each in one way, and the alerts that must be told of it. To add a way, add a line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use test_servers::proxy::Mode;
use test_servers::{Postgres, Proxy, Redis, Server as _, postgres, programs, redis};

use super::lookout::Lookout;
use crate::bench::requests;
use crate::bench::server::{ADMIN_TOKEN, RECEIVER_KEY, Server};
use crate::client::{self, Route};
use crate::stopwatch::Stopwatch;
use crate::{Outcome, workspace};

/// Which of them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Those that take a few seconds.
    Short,
    All,
}

struct Way {
    what: &'static str,
    is_short: bool,
    play: fn(&Ground) -> Outcome,
}

/// What is told of it, in order.
const WAYS: &[Way] = &[
    Way { what: "the bridge is stopped", is_short: true, play: stopped },
    Way { what: "Redis hangs", is_short: true, play: redis_hangs },
    Way { what: "PostgreSQL hangs, and SMS come", is_short: false, play: postgres_hangs },
    Way { what: "the remote is away", is_short: false, play: remote_away },
    Way { what: "a phone falls silent", is_short: false, play: phone_silent },
    Way { what: "the disk fills", is_short: false, play: disk_fills },
    Way { what: "pages of hot.db are overwritten", is_short: false, play: damaged },
    Way { what: "the clock says 2019", is_short: false, play: clock_wrong },
    Way { what: "Redis is slow", is_short: false, play: redis_slow },
    Way { what: "nobody makes a backup", is_short: false, play: no_backup },
    Way { what: "SMS are kept for later", is_short: false, play: maintenance },
];

/// A minute of the rules is a second here; the longest of them is an hour.
const TOLD_WITHIN: Duration = Duration::from_secs(150);
const SEEN_WITHIN: Duration = Duration::from_secs(30);

/// Where a bridge is broken.
struct Ground {
    binary: PathBuf,
    folder: tempfile::TempDir,
}

/// Plays them, and prints what was told after how many seconds.
pub(super) fn told(which: Which) -> Outcome {
    let binary = workspace::built_by_tests()?;
    for way in WAYS.iter().filter(|way| which == Which::All || way.is_short) {
        println!("{}", way.what);
        let ground = Ground { binary: binary.clone(), folder: tempfile::tempdir()? };
        (way.play)(&ground).map_err(|why| format!("{}: {why}", way.what))?;
    }
    Ok(())
}

impl Ground {
    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn bridge(&self, data: &Path, environment: &[(&'static str, String)]) -> Outcome<(Server, Lookout)> {
        let server = Server::start(&self.binary, data, environment)?;
        let lookout = Lookout::over(server.addr())?;
        lookout.sees(SEEN_WITHIN)?;
        Ok((server, lookout))
    }
}

/// Waits for these, counted from now, and prints when each was told. None may have been told before.
fn expect(lookout: &Lookout, alerts: &[&str], mut meanwhile: impl FnMut()) -> Outcome {
    let broken = lookout.now();
    for alert in alerts {
        if let Some(before) = lookout.told(alert) {
            return Err(format!("{alert} was told at {before:?}, before anything was broken").into());
        }
    }
    for alert in alerts {
        let began = Stopwatch::start();
        let told = loop {
            meanwhile();
            match lookout.wait_for(alert, Duration::from_millis(200)) {
                Ok(at) => break at,
                Err(_) if began.elapsed() < TOLD_WITHIN => {}
                Err(_) => return Err(format!("{alert} was not told in {} s", TOLD_WITHIN.as_secs()).into()),
            }
        };
        println!("  {:>6.1} s  {alert}", told.saturating_sub(broken).as_secs_f64());
    }
    Ok(())
}

/// The operator asks.
fn operate(addr: SocketAddr, method: Method, path: &str, body: &str) -> Outcome<String> {
    let route = Route::new(method, addr, path, Some(ADMIN_TOKEN))?;
    let (status, answer) = client::ask(addr, &route, Bytes::copy_from_slice(body.as_bytes()))?;
    let answer = String::from_utf8_lossy(&answer).into_owned();
    if status.is_success() { Ok(answer) } else { Err(format!("{path}: {status} {answer}").into()) }
}

fn set(addr: SocketAddr, key: &str, value: &str) -> Outcome {
    operate(addr, Method::PUT, &format!("/admin/settings/{key}"), &format!("{{\"value\": {value}}}"))?;
    Ok(())
}

/// An SMS of nobody; what is answered is not asked.
fn send(addr: SocketAddr, at: usize) {
    if let Ok(route) = requests::receive(addr) {
        let _ = client::ask(addr, &route, requests::sms_body(at, "0", jiff::Timestamp::now()));
    }
}

fn stopped(ground: &Ground) -> Outcome {
    let (server, lookout) = ground.bridge(&ground.data(), &[])?;
    server.stop()?;
    expect(&lookout, &["SmsBridgeDown"], || ())
}

struct Stores {
    redis: Redis,
    proxy: Proxy,
    postgres: Postgres,
}

impl Stores {
    fn start() -> Outcome<Stores> {
        let append_only = Some(redis::Fsync::EverySecond);
        let redis = Redis::start(&redis::Options { append_only, ..Default::default() })?;
        let proxy = Proxy::start(redis.port())?;
        Ok(Stores { redis, proxy, postgres: Postgres::start(&postgres::Options::default())? })
    }

    fn environment(&self) -> [(&'static str, String); 2] {
        [
            ("SMS_BRIDGE_HOT_URL", self.proxy.url(&self.redis.url())),
            ("SMS_BRIDGE_AUDIT_URL", self.postgres.url_of("postgres")),
        ]
    }
}

fn redis_hangs(ground: &Ground) -> Outcome {
    let stores = Stores::start()?;
    let (server, lookout) = ground.bridge(&ground.data(), &stores.environment())?;
    stores.redis.pause()?;
    expect(&lookout, &["SmsBridgeHotStoreAway", "SmsBridgeRegistrationPaused"], || ())?;
    stores.redis.resume()?;
    server.stop()
}

fn postgres_hangs(ground: &Ground) -> Outcome {
    let stores = Stores::start()?;
    let (server, lookout) = ground.bridge(&ground.data(), &stores.environment())?;
    stores.postgres.pause()?;
    let mut at = 0;
    let alerts = [
        "SmsBridgeAuditStoreAway",
        "SmsBridgeDumpBehind",
        "SmsBridgeWorkerInTrouble",
        "SmsBridgeJournalGrows",
    ];
    expect(&lookout, &alerts, || {
        at += 1;
        send(server.addr(), at);
    })?;
    stores.postgres.resume()?;
    server.stop()
}

fn remote_away(ground: &Ground) -> Outcome {
    let remote = Postgres::start(&postgres::Options::default())?;
    let environment = [("SMS_BRIDGE_REMOTE_URL", remote.url_of("postgres"))];
    remote.kill()?;
    let (server, lookout) = ground.bridge(&ground.data(), &environment)?;
    let register = requests::register(server.addr())?;
    let (status, answer) = client::ask(server.addr(), &register, requests::register_body(7))?;
    let hash = requests::accept_registration(status, &answer)?.unwrap_or_default();
    let (_, answer) = client::ask(
        server.addr(),
        &requests::receive(server.addr())?,
        requests::sms_body(7, &hash, jiff::Timestamp::now()),
    )?;
    println!("           {}", String::from_utf8_lossy(&answer).chars().take(60).collect::<String>());
    expect(&lookout, &["SmsBridgeRemoteBehind"], || ())?;
    server.stop()
}

fn phone_silent(ground: &Ground) -> Outcome {
    let (server, lookout) = ground.bridge(&ground.data(), &[])?;
    let secret = format!("{RECEIVER_KEY}-of-the-hall");
    let wanted = format!(
        "{{\"name\":\"hall-phone\",\"format\":\"generic\",\"secret\":\"{secret}\",\"expected_every_seconds\":1}}"
    );
    operate(server.addr(), Method::POST, "/admin/receivers", &wanted)?;
    let heartbeat = Route::new(Method::POST, server.addr(), "/receivers/heartbeat", Some(&secret))?;
    let (status, answer) = client::ask(server.addr(), &heartbeat, Bytes::from_static(b"{}"))?;
    if !status.is_success() {
        return Err(format!("the heartbeat: {status} {}", String::from_utf8_lossy(&answer)).into());
    }
    expect(&lookout, &["SmsBridgeReceiverSilent"], || ())?;
    server.stop()
}

/// A small disk of its own, in memory.
struct SmallDisk<'a>(&'a Path);

impl SmallDisk<'_> {
    fn mount(at: &Path) -> Outcome<SmallDisk<'_>> {
        std::fs::create_dir_all(at)?;
        workspace::run(Command::new("mount").args(["-t", "tmpfs", "-o", "size=64m", "tmpfs"]).arg(at))?;
        Ok(SmallDisk(at))
    }

    /// Writes until so many MiB are free at most.
    fn fill(&self, name: &str, mib: usize) -> Outcome {
        let mut file = std::fs::File::create(self.0.join(name))?;
        let some = vec![1; 64 * 1024];
        for _ in 0..mib * 16 {
            if std::io::Write::write_all(&mut file, &some).is_err() {
                break;
            }
        }
        Ok(())
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

fn disk_fills(ground: &Ground) -> Outcome {
    let mount = ground.folder.path().join("small");
    let disk = SmallDisk::mount(&mount)?;
    let floor = [("SMS_BRIDGE_DISK_FLOOR_MIB", "0".to_owned())];
    let (server, lookout) = ground.bridge(&mount.join("data"), &floor)?;
    let free = rustix::fs::statvfs(&mount)?;
    let free_mib = usize::try_from(free.f_bavail * free.f_frsize / (1024 * 1024))?;
    disk.fill("much", free_mib - 5)?;
    expect(&lookout, &["SmsBridgeDiskFilling"], || ())?;
    disk.fill("all", 64)?;
    let mut at = 0;
    expect(&lookout, &["SmsBridgeRefusesSms", "SmsBridgeNothingWritable"], || {
        at += 1;
        send(server.addr(), at);
    })?;
    drop(server);
    Ok(())
}

fn damaged(ground: &Ground) -> Outcome {
    const PAGE: usize = 4096;
    // Stopped and started again: what the bridge needs it must read.
    Server::start(&ground.binary, &ground.data(), &[])?.stop()?;
    let (server, lookout) = ground.bridge(&ground.data(), &[])?;
    let file = std::fs::File::options().write(true).open(ground.data().join("hot.db"))?;
    let pages = usize::try_from(file.metadata()?.len())? / PAGE;
    std::os::unix::fs::FileExt::write_all_at(&file, &vec![0xa5; (pages - 1) * PAGE], PAGE as u64)?;
    let mut at = 0;
    expect(&lookout, &["SmsBridgeStoreDamaged"], || {
        at += 1;
        send(server.addr(), at);
    })?;
    drop(server);
    Ok(())
}

fn clock_wrong(ground: &Ground) -> Outcome {
    let library = programs::faketime()?.to_string_lossy().into_owned();
    let clock = [("LD_PRELOAD", library), ("FAKETIME", "@2019-01-01 00:00:00".to_owned())];
    let server = Server::start(&ground.binary, &ground.data(), &clock)?;
    let lookout = Lookout::over(server.addr())?;
    expect(&lookout, &["SmsBridgeClockWrong"], || ())?;
    server.stop()
}

fn redis_slow(ground: &Ground) -> Outcome {
    let stores = Stores::start()?;
    let (server, lookout) = ground.bridge(&ground.data(), &stores.environment())?;
    for at in 0..50 {
        send(server.addr(), at);
    }
    stores.proxy.set(Mode::Delay(Duration::from_millis(150)))?;
    let mut at = 50;
    expect(&lookout, &["SmsBridgeVerdictsSlow"], || {
        at += 1;
        send(server.addr(), at);
    })?;
    stores.proxy.set(Mode::Pass)?;
    server.stop()
}

fn no_backup(ground: &Ground) -> Outcome {
    let (server, lookout) = ground.bridge(&ground.data(), &[])?;
    set(server.addr(), "backup_wanted_every_hours", "1")?;
    expect(&lookout, &["SmsBridgeBackupOverdue"], || ())?;
    server.stop()
}

fn maintenance(ground: &Ground) -> Outcome {
    let (server, lookout) = ground.bridge(&ground.data(), &[])?;
    set(server.addr(), "maintenance_mode", "true")?;
    send(server.addr(), 1);
    expect(&lookout, &["SmsBridgeSmsWait"], || ())?;
    server.stop()
}
