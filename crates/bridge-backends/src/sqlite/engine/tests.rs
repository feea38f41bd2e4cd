//! Group commit: operations that share a transaction share nothing else.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc as std_mpsc};

use super::*;

const SCHEMA: Schema = Schema {
    name: "numbers",
    steps: &["CREATE TABLE number (value INTEGER PRIMARY KEY);"],
    settle: |_| Ok(()),
};

fn engine() -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let engine = Engine::open(&folder.path().join("numbers.db"), &SCHEMA).unwrap();
    (folder, engine)
}

/// Writes a number, announces it, and counts how often it ran.
async fn write(engine: &Engine, value: u8, runs: Arc<AtomicUsize>) -> Result<()> {
    let body = move |c: &Connection, changes: &mut Changes| {
        runs.fetch_add(1, Ordering::Relaxed);
        changes.push(PeerEvent::Setting(value.to_string()));
        c.execute("INSERT INTO number VALUES (?1)", [value]).map(|_| ())
    };
    engine.write("write", body).await
}

async fn numbers(engine: &Engine) -> Vec<u8> {
    let read = |c: &Connection| {
        c.prepare("SELECT value FROM number ORDER BY value")?.query_map([], |row| row.get(0))?.collect()
    };
    engine.read("numbers", read).await.unwrap()
}

#[tokio::test]
async fn a_bad_operation_harms_only_itself() {
    let (_folder, engine) = engine();
    let mut changes = engine.changes();
    let runs = Arc::new(AtomicUsize::new(0));
    let (open_gate, gate) = std_mpsc::channel::<()>();
    // The writer is kept busy until all others wait and become one batch; if it is busy again, the gate
    // is gone and it goes on at once.
    let busy = engine.write("busy", move |_, _| {
        let _ = gate.recv();
        Ok(())
    });
    let panics = engine.write("panics", |_, _| -> rusqlite::Result<()> { panic!("on purpose") });
    let fails = engine.write("fails", |c, _| c.execute_batch("INSERT INTO number VALUES (1)"));
    let damaged = engine.write("damaged", |c, _| {
        c.query_row("SELECT 'no uuid'", [], |row| row.get::<_, Json<i64>>(0).map(drop))
    });
    let (busy, first, panics, fails, damaged, last, _) = tokio::join!(
        busy,
        write(&engine, 1, runs.clone()),
        panics,
        fails,
        damaged,
        write(&engine, 2, runs.clone()),
        async move { open_gate.send(()).unwrap() },
    );
    assert!(busy.is_ok() && first.is_ok() && last.is_ok());
    for (failure, operation, kind) in [
        (panics.unwrap_err(), "panics", StoreFault::Unavailable),
        (fails.unwrap_err(), "fails", StoreFault::Unavailable),
        (damaged.unwrap_err(), "damaged", StoreFault::Damaged),
    ] {
        assert_eq!((failure.operation, failure.kind), (operation, kind));
    }
    assert_eq!(numbers(&engine).await, [1, 2]);
    assert!(runs.load(Ordering::Relaxed) > 2, "the batch was tried as a whole first");
    let announced: Vec<PeerEvent> = std::iter::from_fn(|| changes.try_recv().ok()).collect();
    assert_eq!(
        announced,
        ["1", "2"].map(|n| PeerEvent::Setting(n.to_owned())),
        "each once, and nothing of what was rolled back"
    );
}

#[tokio::test]
async fn closing_carries_out_what_waits() {
    let (folder, engine) = engine();
    let runs = Arc::new(AtomicUsize::new(0));
    {
        // Asked, and then nobody waits for the answer any more.
        let mut asked = std::pin::pin!(write(&engine, 7, runs));
        poll_once(asked.as_mut()).await;
    }
    drop(engine);
    let engine = Engine::open(&folder.path().join("numbers.db"), &SCHEMA).unwrap();
    assert_eq!(numbers(&engine).await, [7]);
}

async fn poll_once<F: Future>(mut future: std::pin::Pin<&mut F>) {
    std::future::poll_fn(|context| {
        let _ = future.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
}
