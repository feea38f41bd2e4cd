//! The life of each server, as a client on the loopback sees it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use test_servers::{Pgbouncer, Postgres, Redis, Server, Tls, Watched, legs, pgbouncer, postgres, redis};

/// Sends bytes and answers what comes back in a second.
fn ask(port: u16, question: &[u8]) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    stream.write_all(question).ok()?;
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).ok()?;
    Some(String::from_utf8_lossy(&answer[..read]).into_owned())
}

/// Takes a server through everything. `question` is one that it answers with `answer`.
fn live(server: &dyn Server, question: &[u8], answer: &str) {
    let answers = || ask(server.port(), question).is_some_and(|got| got.starts_with(answer));
    assert!(answers(), "after start: {:?}", ask(server.port(), question));
    let first = server.pid().unwrap();

    server.pause().unwrap();
    assert!(!answers(), "paused");
    server.resume().unwrap();
    assert!(answers(), "resumed");

    server.kill().unwrap();
    assert!(!is_alive(first) && !answers(), "killed");
    assert!(server.pid().is_err() && server.stop().is_err());
    server.restart().unwrap();
    assert!(answers(), "restarted after a crash");

    server.stop().unwrap();
    assert!(!answers(), "stopped");
    server.restart().unwrap();
    server.restart().unwrap();
    assert!(answers(), "restarted while it ran");
    assert_ne!(server.pid().unwrap(), first);
    server.pause().unwrap();
}

fn is_alive(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Drops it and sees that neither process nor folder is left.
fn gone(server: impl Server) {
    let (pid, data): (u32, PathBuf) = (server.pid().unwrap(), server.data_dir());
    assert!(is_alive(pid) && data.exists());
    drop(server);
    assert!(!is_alive(pid), "the process is left");
    assert!(!data.parent().unwrap().exists(), "the folder is left");
}

const PING: &[u8] = b"PING\r\n";
/// Asks whether TLS is spoken: the shortest question that PostgreSQL and PgBouncer answer, here with no.
const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 4, 210, 22, 47];

fn redis_life(flavour: redis::Flavour) {
    let options =
        redis::Options { flavour, append_only: Some(redis::Fsync::Always), ..redis::Options::default() };
    let Some(server) = legs::or_skip(&format!("{flavour:?}"), Redis::start(&options)) else { return };
    assert_eq!(ask(server.port(), b"SET here yes\r\n").unwrap(), "+OK\r\n");
    live(&server, PING, "+PONG");
    server.resume().unwrap();
    assert_eq!(ask(server.port(), b"GET here\r\n").unwrap(), "$3\r\nyes\r\n", "the data survives all of it");
    server.pause().unwrap();
    gone(server);
}

#[test]
fn redis_lives() {
    redis_life(redis::Flavour::Redis);
}

#[test]
fn valkey_lives() {
    redis_life(redis::Flavour::Valkey);
}

#[test]
fn redis_with_a_password_and_little_memory_and_a_replica() {
    let options = redis::Options {
        password: Some("secret".into()),
        max_memory: Some(10 << 20),
        append_only: None,
        ..redis::Options::default()
    };
    let Some(server) = legs::or_skip("redis", Redis::start(&options)) else { return };
    assert!(ask(server.port(), PING).unwrap().starts_with("-NOAUTH"));
    assert_eq!(server.url(), format!("redis://:secret@127.0.0.1:{}", server.port()));
    let copy = Redis::start(&redis::Options { replica_of: Some(server.port()), ..options }).unwrap();
    assert!(ask(copy.port(), b"AUTH secret\r\nINFO replication\r\n").is_some());
    gone(copy);
    gone(server);
}

#[test]
fn servers_speak_tls() {
    let tls = Some(Tls::self_signed().unwrap());
    let options = redis::Options { tls: tls.clone(), ..redis::Options::default() };
    let Some(server) = legs::or_skip("redis", Redis::start(&options)) else { return };
    assert!(!ask(server.port(), PING).unwrap_or_default().starts_with("+PONG"));
    assert_eq!(server.url(), format!("rediss://127.0.0.1:{}", server.port()));
    gone(server);
    let options = postgres::Options { tls, ..postgres::Options::default() };
    let Some(server) = legs::or_skip("postgres", Postgres::start(&options)) else { return };
    assert_eq!(ask(server.port(), SSL_REQUEST).unwrap(), "S");
    gone(server);
}

#[test]
fn postgres_lives_and_keeps_its_data() {
    let Some(server) = legs::or_skip("postgres", Postgres::start(&postgres::Options::default())) else {
        return;
    };
    let database = server.new_database().unwrap();
    server.sql(&database, "create table t as select 'ü' as word").unwrap();
    live(&server, SSL_REQUEST, "N");
    server.resume().unwrap();
    assert_eq!(server.sql(&database, "select word, length(word) from t").unwrap(), "ü|1");
    assert!(server.sql(&database, "select nonsense").unwrap_err().to_string().contains("nonsense"));
    gone(server);
}

#[test]
fn postgres_asks_for_its_password() {
    let options = postgres::Options { password: Some("secret".into()), ..postgres::Options::default() };
    let Some(server) = legs::or_skip("postgres", Postgres::start(&options)) else { return };
    assert_eq!(server.sql("postgres", "select 1").unwrap(), "1");
    assert_eq!(server.url(), format!("postgres://postgres:secret@127.0.0.1:{}/postgres", server.port()));
    server.pause().unwrap();
    gone(server);
}

fn pgbouncer_life(options: &pgbouncer::Options) {
    let password = postgres::Options { password: Some("secret".into()), ..postgres::Options::default() };
    for database in [postgres::Options::default(), password] {
        let Some(behind) = legs::or_skip("postgres", Postgres::start(&database)) else { return };
        let name = format!("pgbouncer {:?}", options.version);
        let Some(server) = legs::or_skip(&name, Pgbouncer::start(&behind, options)) else { return };
        live(&server, SSL_REQUEST, "N");
        gone(server);
    }
}

#[test]
fn pgbouncer_lives() {
    pgbouncer_life(&pgbouncer::Options::default());
}

#[test]
fn pgbouncer_that_follows_prepared_statements_lives() {
    let options = pgbouncer::Options {
        version: pgbouncer::Version::V1_24,
        max_prepared_statements: Some(100),
        ..pgbouncer::Options::default()
    };
    pgbouncer_life(&options);
}

#[test]
fn three_sentinels_promote_the_replica_of_a_primary_that_died() {
    for flavour in [redis::Flavour::Redis, redis::Flavour::Valkey] {
        let options =
            redis::Options { flavour, password: Some("secret".into()), ..redis::Options::default() };
        let started = Watched::start(&options);
        let Some(watched) = legs::or_skip(&format!("{flavour:?} Sentinel"), started) else { continue };
        assert_eq!(watched.primary(), Some(0));
        watched.nodes[0].kill().unwrap();
        assert!(watched.promoted_instead_of(0, Duration::from_secs(30)));
        let [one, ..] = &watched.sentinels[..] else { panic!("no Sentinel") };
        assert_eq!(one.primary(), Some(watched.nodes[1].port()));
        one.kill().unwrap();
        one.restart().unwrap();
        assert_eq!(one.primary(), Some(watched.nodes[1].port()), "it remembers");
    }
}
