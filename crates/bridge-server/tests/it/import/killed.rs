//! A bridge that dies in the middle of an import: what it had judged is known when the list comes again.

use bridge_app::base::clock::Clock;
use bridge_core::{Span, Timestamp};
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use reqwest::Method;
use serde_json::Value;

use super::lists::{self, Listed};
use crate::harness::ADMIN_TOKEN;
use crate::process::Process;

const NUMBERS: i64 = 10;
const ROWS: i64 = 3_000;

fn list() -> Vec<u8> {
    let noon = Clock::system().now() - Span(3_600_000);
    let row = |n: i64| Listed {
        sender: format!("+91987654321{}", n % NUMBERS),
        text: format!("sms {n}"),
        received: Timestamp(noon.0 - n * 1_000),
    };
    lists::ndjson(&(0..ROWS).map(row).collect::<Vec<_>>())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_nothing_is_judged_twice() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path()).await;
    let list = list();
    let http = reqwest::Client::new();
    let half = Bytes::copy_from_slice(&list[..list.len() / 2]);
    // The second half never comes: the bridge dies while it waits for it.
    let body = stream::iter([Ok::<_, std::io::Error>(half)]).chain(stream::pending());
    let request = http.post(format!("{}/sms/import", process.url)).bearer_auth(ADMIN_TOKEN);
    let request = request.header("accept", "application/x-ndjson").body(reqwest::Body::wrap_stream(body));
    let mut told = request.send().await.unwrap();
    let mut lines = Vec::new();
    while lines.iter().filter(|byte| **byte == b'\n').count() < 2 {
        lines.extend_from_slice(&told.chunk().await.unwrap().unwrap());
    }
    process.kill9().await;
    let first: Value = serde_json::from_slice(lines.split(|b| *b == b'\n').nth(1).unwrap()).unwrap();
    assert!(first["judged"].as_u64().unwrap() >= 500, "{first}");

    let process = Process::start(folder.path()).await;
    let import = async |query: &str| -> Value {
        let request = http.post(format!("{}/sms/import{query}", process.url)).bearer_auth(ADMIN_TOKEN);
        request.body(list.clone()).send().await.unwrap().json().await.unwrap()
    };
    let report = import("").await;
    let count = |name: &str| report[name].as_i64().unwrap();
    assert!(count("redelivered") >= first["judged"].as_i64().unwrap(), "{first} then {report}");
    assert_eq!(count("judged") + count("redelivered"), ROWS, "{report}");
    assert_eq!(import("?check=true").await["missing"], 0);
    for n in 0..NUMBERS {
        let path = format!("/admin/sms?mobile=%2B91987654321{n}&limit=500");
        let rows = process.ask(Method::GET, &path, ADMIN_TOKEN, None).await;
        let mut texts: Vec<String> =
            rows.body["items"].as_array().unwrap().iter().map(|row| row["sms_message"].to_string()).collect();
        texts.sort_unstable();
        texts.dedup();
        let rows = rows.body["items"].as_array().unwrap().len();
        assert_eq!((rows, texts.len()), (300, 300), "each once");
    }
    process.stop().await;
}
