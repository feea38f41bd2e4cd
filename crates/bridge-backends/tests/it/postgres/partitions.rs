//! The months of `input_sms`: made as they are needed, dropped whole, made and dropped by a role that may do
//! neither by itself.

use std::sync::Arc;

use bridge_backends::postgres::open;
use bridge_core::{Span, Timestamp};
use bridge_store::AuditStore;

use super::{ALICE, DAYS, T0, fresh, judged, pgbouncer_1_18, server, through};

/// The store as the bridge's role, and the name of its database.
fn store() -> (Arc<dyn AuditStore>, String) {
    let name = fresh(server());
    (open(&through(pgbouncer_1_18(), &name), 2).unwrap(), name)
}

fn rows_in(name: &str, table: &str) -> String {
    server().sql(name, &format!("select count(*) from only {table}")).unwrap()
}

fn months(name: &str) -> Vec<String> {
    let sql = "select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
         where inhparent = 'input_sms'::regclass and relname like 'input_sms_y202%' order by relname";
    server().sql(name, sql).unwrap().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_row_of_a_month_that_was_not_made_ahead_makes_it() {
    let (store, name) = store();
    assert_eq!(store.append_sms(&[judged(ALICE, 1, T0, true)]).await.unwrap(), 1);
    assert!(months(&name).contains(&"input_sms_y2026m01".to_owned()));
    assert_eq!(
        (rows_in(&name, "input_sms_default"), rows_in(&name, "input_sms_y2026m01")),
        ("0".into(), "1".into())
    );
    // Told again, it is known where it moved to.
    assert_eq!(store.append_sms(&[judged(ALICE, 1, T0, true)]).await.unwrap(), 0);
    assert_eq!(store.sms_of(ALICE, None, 9).await.unwrap().len(), 1);
    let unsynced = store.unsynced(9).await.unwrap();
    store.mark_synced(T0, &unsynced).await.unwrap();
    assert_eq!(store.unsynced(9).await.unwrap(), []);
}

#[tokio::test]
async fn a_month_that_cannot_be_made_now_fails_nothing() {
    let (store, name) = store();
    // Somebody reads the default partition and does not end.
    let (client, connection) =
        tokio_postgres::connect(&server().url_of(&name), tokio_postgres::NoTls).await.unwrap();
    let reading = async {
        client.batch_execute("begin; select from input_sms_default").await.unwrap();
        assert_eq!(store.append_sms(&[judged(ALICE, 1, T0, true)]).await.unwrap(), 1);
        assert_eq!(rows_in(&name, "input_sms_default"), "1");
        client.batch_execute("rollback").await.unwrap();
        // The next time it can, and what is there already moves along.
        assert_eq!(store.append_sms(&[judged(ALICE, 2, T0, true)]).await.unwrap(), 1);
        assert_eq!(
            (rows_in(&name, "input_sms_default"), rows_in(&name, "input_sms_y2026m01")),
            ("0".into(), "2".into())
        );
        drop(client);
    };
    let (_, ended) = tokio::join!(reading, connection);
    ended.unwrap();
}

#[tokio::test]
async fn a_month_past_retention_goes_whole_unless_something_in_it_waits() {
    let (store, name) = store();
    let next_month = T0 + Span(2 * DAYS.0);
    let batch: Vec<_> = (1..=30).map(|n| judged(ALICE, n, T0, n == 30)).collect();
    store.append_sms(&batch).await.unwrap();
    store.append_sms(&[judged(ALICE, 31, next_month, false)]).await.unwrap();

    let a_year_later = T0 + Span(365 * DAYS.0);
    assert_eq!(store.purge(next_month, 5, true).await.unwrap(), 5, "the push of one waits: row by row");
    assert!(months(&name).contains(&"input_sms_y2026m01".to_owned()));
    store.mark_synced(T0, &store.unsynced(9).await.unwrap()).await.unwrap();
    assert_eq!(store.purge(next_month, 5, true).await.unwrap(), 25);
    assert!(!months(&name).contains(&"input_sms_y2026m01".to_owned()));
    assert_eq!(store.purge(a_year_later, 5, true).await.unwrap(), 1);
    assert_eq!(store.sms_of(ALICE, None, 99).await.unwrap(), []);
    assert_eq!(store.validated_pairs(None, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn without_a_remote_nothing_waits_for_it() {
    let (store, name) = store();
    store.append_sms(&[judged(ALICE, 1, T0, true)]).await.unwrap();
    assert_eq!(store.purge(T0 + Span(40 * DAYS.0), 5, false).await.unwrap(), 1);
    assert!(!months(&name).contains(&"input_sms_y2026m01".to_owned()));
}

#[tokio::test]
async fn ids_are_unique_across_months_and_strange_times_are_kept() {
    let (store, _) = store();
    let times = [Timestamp(0), T0, T0 + Span(40 * DAYS.0), Timestamp(253_370_764_799_999)];
    for (n, at) in (1..).zip(times) {
        store.append_sms(&[judged(ALICE, n, at, false)]).await.unwrap();
    }
    let rows = store.sms_of(ALICE, None, 9).await.unwrap();
    assert!(rows.is_sorted_by(|newer, older| newer.id > older.id));
    assert!(rows.iter().rev().map(|row| row.server_received_at).eq(times));
    let judged = store.judged_since(Timestamp(0), None, 9).await.unwrap();
    assert!(judged.iter().map(|(place, _)| place.at).eq(times));
}

#[tokio::test]
async fn the_bridges_role_can_neither_create_nor_drop() {
    let (_, name) = store();
    let url = server().url_of(&name).replace("postgres@", "bridge@");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
    let work = async {
        for sql in [
            "create table public.x ()",
            "create table ops.x ()",
            "drop table public.input_sms_default",
            "alter table public.input_sms add column x int",
            "select ops.grant_to('bridge')",
            "select ops.drop_partition('public.input_sms_default', false)",
            "update ops.schema_version set version = 1",
            "truncate public.input_sms",
        ] {
            let error = client.batch_execute(sql).await.unwrap_err();
            assert_eq!(
                error.code().map(tokio_postgres::error::SqlState::code),
                Some("42501"),
                "{sql}: {error:?}"
            );
        }
        drop(client);
    };
    let _ = tokio::join!(work, connection);
}
