//! Migrations: once, in order, and never against a newer program.

use bridge_backends::postgres::{MigrateError, Migrated, SchemaState, migrate, open, schema_state};
use bridge_store::StoreFault;
use tokio::task::JoinSet;

use super::{ALICE, T0, fresh, judged, server};

const NEWEST: i32 = 21;

fn empty() -> (String, String) {
    let name = server().new_database().unwrap();
    (server().url_of(&name), name)
}

#[tokio::test]
async fn an_empty_database_is_refused_until_it_is_migrated() {
    let (url, _) = empty();
    assert_eq!(schema_state(&url).await.unwrap(), SchemaState::Missing);
    let store = open(&url, 2).unwrap();
    for _ in 0..2 {
        assert_eq!(store.ping().await.unwrap_err().kind, StoreFault::Schema);
        let error = store.append_sms(&[judged(ALICE, 1, T0, true)]).await.unwrap_err();
        assert_eq!(error.kind, StoreFault::Schema);
        assert!(error.source.unwrap().to_string().contains("sms-bridge migrate"));
    }
    assert_eq!(migrate(&url).await.unwrap(), Migrated { from: 0, to: NEWEST });
    assert_eq!(schema_state(&url).await.unwrap(), SchemaState::Current);
    store.ping().await.unwrap();
    assert_eq!(store.append_sms(&[judged(ALICE, 1, T0, true)]).await.unwrap(), 1);
    assert_eq!(migrate(&url).await.unwrap(), Migrated { from: NEWEST, to: NEWEST });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_that_migrate_at_once_one_does_it() {
    let (url, _) = empty();
    let mut tasks = JoinSet::new();
    for _ in 0..6 {
        let url = url.clone();
        tasks.spawn(async move { migrate(&url).await.unwrap() });
    }
    let mut done = tasks.join_all().await;
    done.sort_by_key(|migrated| migrated.from);
    assert_eq!(done[0], Migrated { from: 0, to: NEWEST });
    assert!(done[1..].iter().all(|migrated| *migrated == Migrated { from: NEWEST, to: NEWEST }));
}

#[tokio::test]
async fn an_older_schema_is_brought_up_to_date() {
    let (url, name) = empty();
    let sql = "create schema ops; create table ops.schema_version (one boolean primary key default true,
         version integer not null, migrated_at timestamptz not null default now());
         insert into ops.schema_version (version) values (1);";
    let first = include_str!("../../../migrations/postgres/0001_audit.sql");
    let quarantined = "insert into ops.quarantine (at, receiver_id, format, reason, content_type, body)
         select now(), 'x', 'x', 'x', 'x', '' from generate_series(1, 2);";
    server().sql(&name, &format!("{sql}{first}{quarantined}")).unwrap();
    assert_eq!(schema_state(&url).await.unwrap(), SchemaState::Older(1));
    let store = open(&url, 2).unwrap();
    assert_eq!(store.ping().await.unwrap_err().kind, StoreFault::Schema);
    assert_eq!(migrate(&url).await.unwrap(), Migrated { from: 1, to: NEWEST });
    let old = store.quarantined(9).await.unwrap();
    assert!(old.len() == 2 && old[0].id != old[1].id, "{old:?}");
    assert_eq!(store.append_sms(&[judged(ALICE, 1, T0, true)]).await.unwrap(), 1);
}

#[tokio::test]
async fn a_newer_schema_is_refused_by_all() {
    let name = fresh(server());
    let url = server().url_of(&name);
    let store = open(&url, 2).unwrap();
    store.ping().await.unwrap();
    server().sql(&name, "update ops.schema_version set version = 99").unwrap();
    let error = store.ping().await.unwrap_err();
    assert_eq!(error.kind, StoreFault::Schema, "also on a connection that knew better");
    assert!(error.source.unwrap().to_string().contains("99"));
    for store in [store, open(&url, 2).unwrap()] {
        for _ in 0..3 {
            assert_eq!(store.counters().await.unwrap_err().kind, StoreFault::Schema);
        }
    }
    assert_eq!(schema_state(&url).await.unwrap(), SchemaState::Newer(99));
    let Err(MigrateError::Store(error)) = migrate(&url).await else { panic!("refused") };
    assert_eq!(error.kind, StoreFault::Schema);
    assert_eq!(server().sql(&name, "select version from ops.schema_version").unwrap(), "99");
}

#[tokio::test]
async fn a_check_without_a_column_gets_one() {
    let name = fresh(server());
    let url = server().url_of(&name);
    let store = open(&url, 2).unwrap();
    store.ping().await.unwrap();
    server().sql(&name, "alter table input_sms drop column count_check").unwrap();
    assert_eq!(schema_state(&url).await.unwrap(), SchemaState::Older(NEWEST));
    let row = [judged(ALICE, 1, T0, true)];
    assert_eq!(store.append_sms(&row).await.unwrap_err().kind, StoreFault::Schema);
    migrate(&url).await.unwrap();
    assert_eq!(store.append_sms(&row).await.unwrap(), 1);
}

#[tokio::test]
async fn migrating_gives_the_bridge_its_rights_again() {
    let name = fresh(server());

    server().sql(&name, "revoke select on onboarding_mobile from bridge").unwrap();
    migrate(&server().url_of(&name)).await.unwrap();
    let store = open(&server().url_of(&name).replace("postgres@", "bridge@"), 1).unwrap();
    assert_eq!(store.newest_onboarding(ALICE).await.unwrap(), None);
}
