//! Many tasks over few server connections: each gets its own row, whatever the pooler does.

use std::sync::Arc;

use bridge_backends::postgres::open;
use bridge_core::Span;
use bridge_store::AuditStore;
use bridge_store::finding::Level;
use serde_json::json;
use test_servers::pgbouncer::Pgbouncer;
use tokio::task::JoinSet;

use super::{T0, fresh, judged, pgbouncer_1_18, pgbouncer_new, server, through};

const TASKS: u32 = 12;
const OPERATIONS: u32 = 200;

async fn one_task(store: Arc<dyn AuditStore>, task: u32) {
    let mobile = format!("+9198765432{task:02}");
    for n in 1..=OPERATIONS / 4 {
        let row = judged(&mobile, n, T0 + Span(n.into()), n % 2 == 0);
        assert_eq!(store.append_sms(std::slice::from_ref(&row)).await.unwrap(), 1);
        let rows = store.sms_of(&mobile, None, 2).await.unwrap();
        assert_eq!((rows[0].sms_id, &rows[0].sms_message), (row.sms.sms_id, &row.sms.text));
        assert!(rows.iter().all(|row| row.mobile_number == mobile), "only its own rows");
        let counter = format!("task {task:02}");
        store.add_to_counter(T0, &counter, 1).await.unwrap();
        let counters = store.counters().await.unwrap();
        let mine = counters.iter().find(|c| c.name == counter).unwrap();
        assert_eq!(mine.value, i64::from(n));
        if n % 10 == 0 {
            // A transaction of several statements between the others.
            store.put_setting(T0, "batch_size", &json!(task + 1), &counter).await.unwrap();
        }
    }
}

async fn many_tasks(pooler: &Pgbouncer) {
    let store = open(&through(pooler, &fresh(server())), TASKS as usize).unwrap();
    // Its month is made by the first row. A statement that reads while rows move into a new month may miss those, once:
    // that is another matter than whose rows one gets.
    store.append_sms(&[judged("+919876543299", 0, T0, false)]).await.unwrap();
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        tasks.spawn(one_task(store.clone(), task));
    }
    tasks.join_all().await;
    assert_eq!(store.quarantined(9).await.unwrap(), [], "a month that is made meanwhile is no row's fault");
    let expected = usize::try_from(1 + TASKS * (OPERATIONS / 4)).unwrap();
    let judged = store.judged_since(T0, None, usize::MAX).await.unwrap();
    assert_eq!(judged.len(), expected);
    let found = store.examine().await.unwrap();
    let pooling = found.iter().find(|finding| finding.what == "pooler").unwrap();
    assert!(pooling.found.contains("transaction mode"), "{pooling:?}");
    let bad: Vec<_> = found.iter().filter(|f| f.level != Level::Good && f.what != "fsync").collect();
    assert!(bad.iter().all(|f| f.what == "full_page_writes"), "{bad:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_task_gets_its_own_rows_through_pgbouncer_1_18() {
    many_tasks(pgbouncer_1_18()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_task_gets_its_own_rows_through_a_new_pgbouncer() {
    many_tasks(pgbouncer_new()).await;
}

#[tokio::test]
async fn a_direct_connection_is_not_taken_for_a_pooler() {
    let store = open(&server().url_of(&fresh(server())), 2).unwrap();
    let found = store.examine().await.unwrap();
    let pooling = found.iter().find(|finding| finding.what == "pooler").unwrap();
    assert!(pooling.found.contains("no pooler"), "{pooling:?}");
    let role = found.iter().find(|finding| finding.what == "the bridge's role").unwrap();
    assert_eq!(role.level, Level::Warning);
}

/// Whoever is dropped in the middle of a transaction leaves nothing of it behind, and no connection in it.
#[tokio::test]
async fn an_operation_given_up_leaves_no_transaction_open() {
    let store = open(&through(pgbouncer_1_18(), &fresh(server())), 1).unwrap();
    for _ in 0..20 {
        let value = json!(7);
        let put = store.put_setting(T0, "batch_size", &value, "x");
        let given_up = tokio::select! {
            biased;
            () = tokio::task::yield_now() => true,
            _ = put => false,
        };
        let settings = store.settings().await.unwrap();
        assert_eq!(settings.is_empty(), given_up || settings.is_empty());
        store.counters().await.unwrap();
    }
}
