//! The remote is away, hangs, comes back, or is not set up: nothing counts against a row.

use std::time::Duration;

use bridge_backends::remote;
use bridge_store::Remote;
use bridge_store::remote::Pushed;
use test_servers::proxy::Mode;
use test_servers::{Postgrest, Proxy, Server, poll, supabase};

use super::stage::{Stage, reason, row};

/// The remote hangs: an answer must come all the same.
async fn push_within_ten_seconds(remote: &dyn Remote) -> String {
    let answer = tokio::time::timeout(Duration::from_secs(10), remote.push(&[row("+441", "", 1)])).await;
    reason(answer.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_that_is_away_or_hangs_pauses_and_comes_back() {
    let Some(stage) = Stage::open("remote: outages") else { return };
    for (way, remote) in stage.ways() {
        assert_eq!(remote.push(&[row("+441", "", 1)]).await.unwrap(), [Pushed::Stored], "{way}");
        stage.database.restart().unwrap();
        // PostgREST and the pooler need a moment to notice; a direct connection is made anew at once.
        if way == "postgres" {
            assert_eq!(remote.push(&[row("+442", "", 1)]).await.unwrap(), [Pushed::Stored], "{way}");
        }
        let mut back = false;
        for _ in 0..100 {
            back = remote.push(&[row("+442", "", 1)]).await.is_ok();
            if back {
                break;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!(back, "{way} comes back");
    }
    stage.database.kill().unwrap();
    for (way, remote) in stage.ways() {
        let why = push_within_ten_seconds(&*remote).await;
        assert!(!why.is_empty(), "{way}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_hangs_or_breaks_half_way_pauses() {
    let Some(stage) = Stage::open("remote: connections") else { return };
    let direct = stage.database.url_of("postgres");
    let gateway = stage.rest.url();
    let gateway_port = gateway.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    let key = stage.rest.key(supabase::SERVICE_ROLE).unwrap();
    for (way, url, port) in
        [("postgres", &direct, stage.database.port()), ("postgrest", &gateway, gateway_port)]
    {
        let proxy = Proxy::start(port).unwrap();
        let remote = remote::open(&proxy.url(url), Some(&key)).unwrap();
        let rows = [row("+441", "", 1)];
        assert_eq!(remote.push(&rows).await.unwrap(), [Pushed::Stored], "{way}");
        // The one that was kept is cut: the next push makes another.
        proxy.cut();
        assert_eq!(remote.push(&rows).await.unwrap(), [Pushed::Stored], "{way}");
        for bytes in [0, 5, 30] {
            proxy.set(Mode::CutAfter(bytes)).unwrap();
            assert!(remote.push(&rows).await.is_err(), "{way}: cut after {bytes} bytes");
        }
        proxy.set(Mode::Refuse).unwrap();
        proxy.cut();
        assert!(reason(remote.push(&rows).await).contains("refused"), "{way}");
        proxy.set(Mode::Hang).unwrap();
        assert!(push_within_ten_seconds(&*remote).await.contains("did not answer"), "{way}");
        proxy.set(Mode::Pass).unwrap();
        assert_eq!(remote.push(&rows).await.unwrap(), [Pushed::Stored], "{way}: as if nothing had been");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_remote_without_the_sql_says_what_to_run() {
    let Some(stage) = Stage::open("remote: not set up") else { return };
    stage.sql("drop function public.push_validated_mobiles; notify pgrst, 'reload schema'");
    for (way, remote) in stage.ways() {
        let missing = || {
            let answer =
                tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(remote.ping()));
            answer.err().filter(|paused| paused.reason.contains("migrate --remote-sql"))
        };
        assert!(poll::until(Duration::from_secs(10), missing).is_some(), "{way}: {:?}", remote.ping().await);
    }
    // The function without its table.
    let Some(stage) = Stage::open("remote: not set up") else { return };
    stage.sql("drop table public.validated_mobiles");
    for (way, remote) in stage.ways() {
        assert!(
            reason(remote.ping().await).contains("migrate --remote-sql"),
            "{way}: {:?}",
            remote.ping().await
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_or_password_that_is_wrong_pauses_and_is_not_told() {
    let Some(stage) = Stage::open("remote: secrets") else { return };
    let foreign: &Postgrest = &stage.rest;
    for key in ["nonsense-key", &foreign.key(supabase::SERVICE_ROLE).unwrap().replace('.', ".x")] {
        let remote = remote::open(&foreign.url(), Some(key)).unwrap();
        let reason = reason(remote.ping().await);
        assert!(reason.contains("401") && !reason.contains(key), "{reason}");
    }
    stage.sql("create role other login password 'right'");
    let url = stage.database.url_of("no_such_database").replace("postgres@", "other:wrong-password@");
    let reason = reason(remote::open(&url, None).unwrap().ping().await);
    assert!(reason.contains("no_such_database") && !reason.contains("wrong-password"), "{reason}");
}
