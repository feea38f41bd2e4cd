//! Servers that hang, die, come back, refuse: a clear answer in time, and nothing lost.

use std::time::Duration;

use bridge_backends::postgres::{migrate, open};
use bridge_store::finding::Level;
use bridge_store::{AuditStore, Result, StoreFault};
use test_servers::pgbouncer::Pgbouncer;
use test_servers::{Postgres, Server, postgres};
use tokio::time::timeout;

use super::{ALICE, T0, judged};

const PASSWORD: &str = "s3cret-word";
/// Whatever is down, an answer comes within two seconds; one more for a machine that does other things too.
const IN_TIME: Duration = Duration::from_secs(3);

fn start(password: Option<&str>) -> Postgres {
    let options = postgres::Options { password: password.map(str::to_owned), ..Default::default() };
    Postgres::start(&options).unwrap()
}

async fn refused<T>(answer: impl Future<Output = Result<T>>, kind: StoreFault) -> String {
    let Err(error) = timeout(IN_TIME, answer).await.unwrap() else { panic!("refused") };
    assert_eq!(error.kind, kind);
    let why = format!("{error}: {}", error.source.as_ref().unwrap());
    assert!(!why.contains(PASSWORD) && !format!("{error:?}").contains(PASSWORD), "{why}");
    why
}

#[test]
fn an_unusable_address_is_an_error_at_once() {
    for (url, word) in [
        ("postgres://bridge:s3cret-word@127.0.0.1:x/audit", "read"),
        ("nonsense s3cret-word", "read"),
        ("postgres://bridge:s3cret-word@/audit", "host"),
        ("postgres://127.0.0.1/audit", "user"),
        ("postgres://bridge@127.0.0.1", "database"),
        ("postgres://bridge@127.0.0.1/audit?sslmode=sometimes", "read"),
        ("postgres://b@h/audit?sslmode=verify-full&sslrootcert=/no/such.pem", "/no/such.pem"),
    ] {
        let Err(error) = open(url, 2) else { panic!("{url}") };
        let error = error.to_string();
        assert!(error.contains(word) && !error.contains(PASSWORD), "{url}: {error}");
    }
    assert!(open("postgres://b:p%40ss@h/audit?application_name=a%20b&sslmode=require", 2).is_ok());
}

#[tokio::test]
async fn who_refuses_is_told_what_to_do() {
    let server = start(Some(PASSWORD));
    let url = server.url();
    let wrong = open(&url.replace(PASSWORD, "wrong"), 2).unwrap();
    let why = refused(wrong.ping(), StoreFault::Unavailable).await;
    assert!(why.contains("check user and password"), "{why}");
    let no_database = open(&server.url_of("no_such_database"), 2).unwrap();
    let why = refused(no_database.ping(), StoreFault::Unavailable).await;
    assert!(why.contains("create the database"), "{why}");
    let found = wrong.examine().await.unwrap();
    assert_eq!((found.len(), found[0].level), (1, Level::Problem));
    server.stop().unwrap();
    let nobody = open(&url, 2).unwrap();
    let why = refused(nobody.ping(), StoreFault::Unavailable).await;
    assert!(why.contains("refused"), "{why}");
}

/// After a kill nothing that was acknowledged is missing, and the store goes on by itself.
#[tokio::test]
async fn a_server_that_was_killed_is_used_again_when_it_is_back() {
    let server = start(Some(PASSWORD));
    migrate(&server.url()).await.unwrap();
    let pooler = Pgbouncer::start(&server, &Default::default()).unwrap();
    for url in [server.url(), pooler.url()] {
        let store = open(&url, 3).unwrap();
        let n = u32::from(url == pooler.url());
        assert_eq!(store.append_sms(&[judged(ALICE, n, T0, true)]).await.unwrap(), 1);
        server.kill().unwrap();
        let sms = judged(ALICE, n + 10, T0, true).sms;
        refused(store.store_for_later(&sms), StoreFault::Unavailable).await;
        server.restart().unwrap();
        let mut tries = 0;
        while let Err(error) = store.append_sms(&[judged(ALICE, n + 10, T0, true)]).await {
            tries += 1;
            assert!(tries < 50, "{error:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let rows = store.sms_of(ALICE, None, 99).await.unwrap();
        assert_eq!(rows.len(), 2 * (1 + usize::try_from(n).unwrap()));
    }
}

async fn hangs_and_goes_on(store: &dyn AuditStore, server: &dyn Server) {
    store.store_for_later(&judged(ALICE, 1, T0, true).sms).await.unwrap();
    server.pause().unwrap();
    for n in 2..4 {
        let sms = judged(ALICE, n, T0, true).sms;
        let why = refused(store.store_for_later(&sms), StoreFault::Unavailable).await;
        assert!(why.contains("in time"), "{why}");
        refused(store.ping(), StoreFault::Unavailable).await;
    }
    server.resume().unwrap();
    let mut tries = 0;
    while let Err(error) = store.ping().await {
        tries += 1;
        assert!(tries < 50, "{error:?}");
    }
    // Those that were given up may have been stored or not; none is there twice.
    for _ in 0..2 {
        for n in 1..5 {
            store.store_for_later(&judged(ALICE, n, T0, true).sms).await.unwrap();
        }
    }
    assert_eq!(store.waiting_sms(None, 99).await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_hanging_server_is_answered_for_in_time() {
    let server = start(None);
    migrate(&server.url()).await.unwrap();
    hangs_and_goes_on(&*open(&server.url(), 2).unwrap(), &server).await;
}

#[tokio::test]
async fn a_hanging_pooler_is_answered_for_in_time() {
    let server = start(None);
    migrate(&server.url()).await.unwrap();
    let pooler = Pgbouncer::start(&server, &Default::default()).unwrap();
    hangs_and_goes_on(&*open(&pooler.url(), 2).unwrap(), &pooler).await;
}

/// One connection, and somebody who holds it: the next is told, and does not wait for ever.
#[tokio::test]
async fn a_lock_that_somebody_holds_is_not_waited_for() {
    let server = start(None);
    migrate(&server.url()).await.unwrap();
    let store = open(&server.url(), 2).unwrap();
    let (client, connection) = tokio_postgres::connect(&server.url(), tokio_postgres::NoTls).await.unwrap();
    let work = async {
        client.batch_execute("begin; lock table power_down_store").await.unwrap();
        let sms = judged(ALICE, 1, T0, true).sms;
        refused(store.store_for_later(&sms), StoreFault::Unavailable).await;
        store.ping().await.unwrap();
        drop(client);
    };
    let _ = tokio::join!(work, connection);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn tls_is_spoken_where_the_address_asks_for_it() {
    let tls = test_servers::Tls::self_signed().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, &tls.certificate).unwrap();
    let options =
        postgres::Options { tls: Some(tls), password: Some(PASSWORD.to_owned()), ..Default::default() };
    let server = Postgres::start(&options).unwrap();
    let sql = "select not ssl from pg_stat_ssl join pg_stat_activity using (pid) where application_name = 'sms-bridge'";
    let gone = || {
        let gone = || server.sql("postgres", sql).unwrap().is_empty().then_some(());
        test_servers::poll::until(Duration::from_secs(10), gone).unwrap();
    };
    migrate(&server.url()).await.unwrap();
    for (query, is_plain) in [
        ("sslmode=disable".to_owned(), "t"),
        ("sslmode=require".to_owned(), "f"),
        ("sslmode=require&channel_binding=require".to_owned(), "f"),
        (format!("sslmode=verify-full&sslrootcert={}", authority.display()), "f"),
    ] {
        let store = open(&format!("{}?{query}", server.url()), 1).unwrap();
        gone();
        store.ping().await.unwrap();
        assert_eq!(server.sql("postgres", sql).unwrap(), is_plain, "{query}");
    }
    let no_trust = open(&format!("{}?sslmode=verify-full", server.url()), 1).unwrap();
    let why = refused(no_trust.ping(), StoreFault::Unavailable).await;
    assert!(why.contains("certificate"), "{why}");
}
