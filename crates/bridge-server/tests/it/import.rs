//! Back-fill over real sockets: a phone's own list in every shape, compared with what came live, taken in, cut off,
//! repeated, refused; and read from the phone itself.

mod commands;
mod killed;
pub(crate) mod lists;
mod phone;
mod pull;
mod workbooks;

use std::io::Write;

use bridge_core::{Span, Timestamp};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::{self, StreamExt};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, Bridge, NOON, RECEIVER_KEY, Sms};
use crate::raw::{self, Then};
use crate::receivers::{added, text};
use lists::{Listed, SHAPES};

const HOUR: Span = Span(3_600_000);
const DAY: Span = Span(86_400_000);

async fn import(bridge: &Bridge, query: &str, secret: &str, list: impl Into<Vec<u8>>) -> Answer {
    let request = bridge.request(Method::POST, &format!("/sms/import{query}"));
    bridge.send(request.bearer_auth(secret).body(list.into())).await
}

/// Imports what must be accepted.
async fn imported(bridge: &Bridge, query: &str, list: impl Into<Vec<u8>>) -> Value {
    let answer = import(bridge, query, ADMIN_TOKEN, list).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body
}

/// `name=count` of every count that is not 0.
fn counts(report: &Value) -> String {
    let names =
        ["rows", "judged", "passed", "redelivered", "quarantined", "late", "skipped", "stored", "missing"];
    let told =
        names.map(|name| (name, report[name].as_u64().unwrap_or_else(|| panic!("no {name} in {report}"))));
    let told = told.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name}={count}"));
    told.collect::<Vec<_>>().join(" ")
}

fn listed(sms: &Sms) -> Listed {
    Listed { sender: sms.sender.clone(), text: sms.text.clone(), received: sms.received }
}

#[tokio::test]
async fn what_came_live_is_known_in_every_shape() {
    let bridge = Bridge::start().await;
    let user = bridge.registered("+919876543210").await;
    let mut list = Vec::new();
    for sms in [
        bridge.right_sms("+919876543210", &user),
        bridge.sms("+919876543211", "line\nbreak \"quoted\", with ; and \u{1f600} & <tag>"),
        bridge.sms("57575", "short code"),
        bridge.sms("MYBANK", ""),
        bridge.sms("9876543212", "national"),
    ] {
        assert_eq!(bridge.deliver(&sms).await.status, StatusCode::OK);
        list.push(listed(&sms));
    }
    // Not one of them is in the audit store yet: the import sees to that itself.
    for (name, shape) in SHAPES {
        let report = imported(&bridge, "", shape(&list)).await;
        assert_eq!(counts(&report), "rows=5 redelivered=5", "{name}");
        let hours = json!([{"receiver_id": "default", "hour": "2026-01-31T12:00:00Z", "phone": 5, "known": 5, "missing": 0}]);
        assert_eq!(report["hours"], hours, "{name}");
    }
    for sms in &list {
        assert_eq!(bridge.rows(&sms.sender).await.len(), 1, "{}", sms.sender);
    }
    assert_eq!(bridge.status(&user).await.text("status"), "validated");
    bridge.stop().await;
}

#[tokio::test]
async fn a_list_in_every_shape_is_judged_once() {
    let bridge = Bridge::start().await;
    let mut list = Vec::new();
    for n in 0..4 {
        let mobile = format!("+91987654330{n}");
        let user = bridge.registered(&mobile).await;
        list.push(listed(&bridge.right_sms(&mobile, &user)));
    }
    // The bridge was away meanwhile: what was received in time validates, and says that it is late.
    bridge.clock.advance(HOUR);
    for (n, (name, shape)) in SHAPES.into_iter().enumerate() {
        let one = std::slice::from_ref(&list[n]);
        assert_eq!(
            counts(&imported(&bridge, "", shape(one)).await),
            "rows=1 judged=1 passed=1 late=1 missing=1",
            "{name}"
        );
        let row = bridge.rows(&list[n].sender).await.remove(0);
        assert_eq!((&row["format"], &row["receiver_id"]), (&json!("import"), &json!("default")), "{name}");
    }
    for (name, shape) in SHAPES {
        assert_eq!(counts(&imported(&bridge, "", shape(&list)).await), "rows=4 redelivered=4", "{name}");
    }
    // And the phone delivers it after all.
    let sms = Sms { message_id: Some("m1".into()), ..bridge.sms(&list[0].sender, &list[0].text) };
    let again = bridge.deliver(&Sms { received: list[0].received, ..sms }).await;
    assert_eq!(again.body["duplicate_delivery"], true, "{}", again.body);
    bridge.stop().await;
}

#[tokio::test]
async fn a_packed_list_is_unpacked() {
    let bridge = Bridge::start().await;
    let sms = bridge.sms("+919876543211", "hello");
    let list = lists::csv(&[listed(&sms)]);
    let gzip = |bytes: &[u8]| {
        let mut writer = GzEncoder::new(Vec::new(), Compression::default());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    };
    let send = async |encoding: &str, body: Vec<u8>| {
        let request = bridge.request(Method::POST, "/sms/import").header("content-encoding", encoding);
        bridge.send(request.bearer_auth(ADMIN_TOKEN).body(body)).await
    };
    let answer = send("gzip", gzip(&list)).await;
    assert_eq!(counts(&answer.body), "rows=1 judged=1 missing=1", "{}", answer.body);
    let zstd = zstd::encode_all(&list[..], 3).unwrap();
    assert_eq!(counts(&send("zstd", zstd.clone()).await.body), "rows=1 redelivered=1");
    assert_eq!(counts(&send("zstd, gzip", gzip(&zstd)).await.body), "rows=1 redelivered=1");

    // What is cut off is not taken for the whole.
    let packed = gzip(&list);
    let cut = send("gzip", packed[..packed.len() - 4].to_vec()).await;
    assert_eq!((cut.status.as_u16(), cut.code()), (400, "invalid_request"));
    assert!(cut.text("detail").contains("its end is missing"), "{}", cut.body);
    assert_eq!(send("gzip", list.clone()).await.status, 400, "it is not packed");
    assert_eq!(send("compress", list.clone()).await.status, 415);
    let bomb = gzip(&vec![b'x'; 80 << 20]);
    assert_eq!(send("gzip", bomb).await.code(), "body_too_large");
    bridge.stop().await;
}

#[tokio::test]
async fn a_list_with_other_names_is_one_answer_and_nothing_is_kept() {
    let bridge = Bridge::start().await;
    let line =
        json!({"phone": "+919876543210", "msg": "x", "when": "2026-01-31T12:00:00Z"}).to_string() + "\n";
    let answer = import(&bridge, "", ADMIN_TOKEN, line.repeat(300)).await;
    assert_eq!((answer.status.as_u16(), answer.code()), (400, "invalid_request"));
    let detail = answer.text("detail");
    for word in ["mobile_number", "sms_message", "received_timestamp", "phone", "msg", "when"] {
        assert!(detail.contains(word), "{detail}");
    }
    let kept = bridge.get("/admin/quarantine", ADMIN_TOKEN).await;
    assert_eq!(kept.body["items"], json!([]));
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_older_than_a_day_is_judged_but_not_counted() {
    let bridge = Bridge::start().await;
    let mobile = "+919876543210";
    let old = |n: i64| Listed {
        sender: mobile.into(),
        text: format!("old {n}"),
        received: NOON - DAY - Span(n * 1000),
    };
    let list: Vec<Listed> = (1..=30).map(old).collect();
    let report = imported(&bridge, "", lists::csv(&list)).await;
    assert_eq!(counts(&report), "rows=30 judged=30 missing=30");
    let blacklist = bridge.get("/admin/blacklist", ADMIN_TOKEN).await;
    assert_eq!(blacklist.body["items"], json!([]), "an old list blacklists nobody");
    let user = bridge.registered(mobile).await;
    let answer = bridge.deliver(&bridge.right_sms(mobile, &user)).await;
    assert_eq!(answer.verdict(), "passed", "{}", answer.body);
    bridge.stop().await;
}

#[tokio::test]
async fn the_gap_report_says_what_is_missing_and_takes_nothing_in() {
    let bridge = Bridge::start().await;
    let deleted =
        Sms { received: NOON - Span(70 * 60_000), ..bridge.sms("+919876543211", "deleted on the phone") };
    bridge.deliver(&deleted).await;
    let mut list = Vec::new();
    for minute in [5, 65, 66, 67, 130] {
        let sms = Sms {
            received: NOON - Span(minute * 60_000),
            ..bridge.sms("+919876543210", &format!("at {minute}"))
        };
        if minute != 66 && minute != 130 {
            bridge.deliver(&sms).await;
        }
        list.push(listed(&sms));
    }
    for _ in 0..2 {
        let report = imported(&bridge, "?check=true", lists::inbox(&list)).await;
        assert_eq!(counts(&report), "rows=5 redelivered=3 missing=2");
        let hour = |hour: u8, phone: u8, known: u8, bridge: u8| {
            json!({"receiver_id": "default", "hour": format!("2026-01-31T{hour:02}:00:00Z"), "phone": phone,
                "known": known, "missing": phone - known, "bridge": bridge})
        };
        // Of one hour the bridge has an SMS that was deleted on the phone.
        assert_eq!(report["hours"], json!([hour(9, 1, 0, 0), hour(10, 3, 2, 3), hour(11, 1, 1, 1)]));
    }
    assert_eq!(bridge.rows("+919876543210").await.len(), 3);
    bridge.stop().await;
}

#[tokio::test]
async fn rows_that_nobody_can_use_are_kept_once_and_stop_nobody() {
    let bridge = Bridge::start().await;
    let list = "from,text,timestamp\n+919876543210,\"never closed,2026-01-31T11:00:00Z\n+919876543210,a,2026-01-31T11:00:00Z\n\
                +919876543210,no time,\n+919876543210,b,2026-01-31T11:00:01Z\n";
    // One whose time is not known is an SMS all the same (D40), and the same one when the list comes again.
    for outcome in ["judged=3 quarantined=1 missing=3", "redelivered=3 quarantined=1"] {
        let report = imported(&bridge, "", list).await;
        assert_eq!(counts(&report), format!("rows=4 {outcome}"));
        let kept = bridge.stores.audit.quarantined(100).await.unwrap();
        let mut reasons: Vec<&str> = kept.iter().map(|kept| kept.reason.as_str()).collect();
        reasons.sort_unstable();
        assert_eq!(reasons, ["line 2: the row opens a quote that is never closed"]);
        assert!(kept.iter().all(|kept| kept.format == "import" && kept.receiver_id == "default"));
    }
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_no_list_is_refused_with_a_sentence() {
    let bridge = Bridge::start().await;
    for (query, list, says) in [
        ("", "", "the file is empty"),
        ("", "hello\n", "the first line does not name the columns that a list of SMS needs"),
        ("", "PK\u{3}\u{4}xxxx", "the file is a zip archive or a workbook"),
        ("", "<html></html>", "the file is XML, but not a list of SMS"),
        ("?format=pdf", "", "format must be one of csv, ndjson, smsgate, json or xml"),
        ("?check=perhaps", "", "check must be true or false"),
        (
            "",
            &"{\"a\":1}\n".repeat(1_000),
            "the first object does not name the values that a list of SMS needs",
        ),
        (
            "",
            &"{\"from\":[],\"text\":\"x\"}\n".repeat(1_000),
            "none of the first 1000 rows is an SMS: is this the right file?",
        ),
    ] {
        let answer = import(&bridge, query, ADMIN_TOKEN, list).await;
        assert_eq!(
            (answer.status, answer.code()),
            (StatusCode::BAD_REQUEST, "invalid_request"),
            "{}",
            answer.body
        );
        assert!(answer.text("detail").starts_with(says), "{}", answer.body);
    }
    bridge.stop().await;
}

#[tokio::test]
async fn who_may_import_and_as_whom() {
    let bridge = Bridge::start().await;
    let hall =
        added(&bridge, json!({"name": "hall", "format": "generic", "numbers": ["+919000000001"]})).await;
    let row = |n: i64| {
        lists::ndjson(&[Listed { sender: "+919876543210".into(), text: format!("sms {n}"), received: NOON }])
    };
    for wrong in [API_KEY, "wrong", ""] {
        let answer = import(&bridge, "", wrong, row(0)).await;
        assert_eq!((answer.status, answer.code()), (StatusCode::UNAUTHORIZED, "unauthorized"), "{wrong}");
    }
    for (n, query, secret, receiver) in [
        (1, "", RECEIVER_KEY, "default"),
        (2, "", ADMIN_TOKEN, "default"),
        (3, "?receiver=default", ADMIN_TOKEN, "default"),
        (4, "?receiver=hall", ADMIN_TOKEN, "hall"),
        (5, "", text(&hall, "secret"), "hall"),
    ] {
        let answer = import(&bridge, query, secret, row(n)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        assert_eq!(answer.body["hours"][0]["receiver_id"], receiver);
        assert_eq!(bridge.rows("+919876543210").await[0]["receiver_id"], receiver);
    }
    let by_key = import(&bridge, &format!("?apiKey={RECEIVER_KEY}"), "", row(1)).await;
    assert_eq!(counts(&by_key.body), "rows=1 redelivered=1");
    let nobody = import(&bridge, "?receiver=cellar", ADMIN_TOKEN, row(6)).await;
    assert_eq!((nobody.status, nobody.code()), (StatusCode::NOT_FOUND, "not_found"));
    bridge.stop().await;
}

#[tokio::test]
async fn what_came_with_another_stamp_of_the_same_second_or_the_next_is_known() {
    let bridge = Bridge::start().await;
    let hall =
        added(&bridge, json!({"name": "hall", "format": "smsgate", "numbers": ["+919000000001"]})).await;
    let live = json!({"event": "sms:received", "id": "n1", "deviceId": "d1", "webhookId": "w", "payload": {
        "message": "hello", "messageId": "a1b2c3d4", "sender": "+919876543210", "recipient": "+919000000001",
        "receivedAt": "2026-01-31T11:00:00.000+00:00", "simNumber": 1}});
    let answer = bridge.send(bridge.http.post(text(&hall, "url")).json(&live)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    // The phone's own clock is three seconds ahead of the carrier's, which the webhook carries.
    let backup = "<smses count=\"1\"><sms address=\"+919876543210\" body=\"hello\" type=\"1\" date=\"1769857203100\" \
                  date_sent=\"1769857200000\" /></smses>";
    assert_eq!(counts(&imported(&bridge, "?receiver=hall", backup).await), "rows=1 redelivered=1");
    let phones =
        backup.replace("date_sent=\"1769857200000\"", "date_sent=\"0\"").replace("7203100", "7201900");
    assert_eq!(counts(&imported(&bridge, "?receiver=hall", phones).await), "rows=1 redelivered=1");
    bridge.stop().await;
}

#[tokio::test]
async fn the_hot_store_alone_knows_what_comes_twice_in_one_list() {
    let bridge = Bridge::start().await;
    let one = Listed { sender: "+919876543210".into(), text: "twice".into(), received: NOON };
    let report = imported(&bridge, "", lists::csv(&[one.clone(), one])).await;
    assert_eq!(counts(&report), "rows=2 judged=1 redelivered=1 missing=1");
    bridge.stop().await;
}

#[tokio::test]
async fn in_maintenance_a_list_is_kept_and_known() {
    let bridge = Bridge::start().await;
    bridge.set("maintenance_mode", json!(true)).await;
    let list = lists::csv(&[Listed { sender: "+919876543210".into(), text: "later".into(), received: NOON }]);
    assert_eq!(counts(&imported(&bridge, "", list.clone()).await), "rows=1 stored=1 missing=1");
    assert_eq!(counts(&imported(&bridge, "", list.clone()).await), "rows=1 redelivered=1");
    bridge.set("maintenance_mode", json!(false)).await;
    assert_eq!(bridge.rows("+919876543210").await.len(), 1);
    assert_eq!(counts(&imported(&bridge, "", list).await), "rows=1 redelivered=1");
    bridge.stop().await;
}

#[tokio::test]
async fn a_list_that_breaks_off_is_taken_in_as_far_as_it_came() {
    let bridge = Bridge::start().await;
    let list = lists::csv(&[Listed { sender: "+919876543210".into(), text: "whole".into(), received: NOON }]);
    let head = format!(
        "POST /sms/import HTTP/1.1\nHost: x\nAuthorization: Bearer {ADMIN_TOKEN}\nContent-Length: {}",
        list.len() + 1000
    );
    let answer = raw::send(&bridge, &head, &list, Then::BreaksOff).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    let says = "the list broke off after 1 rows, which were taken in: send it again";
    assert_eq!(answer.text("detail"), says);
    assert_eq!(counts(&imported(&bridge, "", list).await), "rows=1 redelivered=1");
    bridge.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bridge_that_stops_does_not_wait_for_a_list_that_does_not_come() {
    let bridge = Bridge::start().await;
    let row = |n: i64| Listed {
        sender: "57575".into(),
        text: format!("sms {n}"),
        received: NOON - Span(n * 1_000),
    };
    let list = lists::ndjson(&(0..700).map(row).collect::<Vec<_>>());
    let body = stream::iter([Ok::<_, std::io::Error>(Bytes::from(list))]).chain(stream::pending());
    let request = bridge.request(Method::POST, "/sms/import").bearer_auth(ADMIN_TOKEN);
    let request = request.header("accept", "application/x-ndjson").body(reqwest::Body::wrap_stream(body));
    let mut told = request.send().await.unwrap();
    let mut lines = told.chunk().await.unwrap().unwrap().to_vec();
    let stopped = tokio::join!(bridge.stop(), async {
        while let Ok(Some(more)) = told.chunk().await {
            lines.extend_from_slice(&more);
        }
    });
    let last: Value =
        serde_json::from_slice(lines.trim_ascii_end().rsplit(|b| *b == b'\n').next().unwrap()).unwrap();
    assert_eq!(last["error"]["code"], "unavailable", "{last}");
    drop(stopped);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_thousand_rows_are_told_as_they_go_and_known_the_second_time() {
    let bridge = Bridge::start().await;
    let list: Vec<Listed> = (0..20_000)
        .map(|n| Listed {
            sender: format!("+9198{:08}", n % 5_000),
            text: format!("sms {n}"),
            received: Timestamp(NOON.0 - n * 60_000),
        })
        .collect();
    let list = lists::csv(&list);
    for expected in ["rows=20000 judged=20000 missing=20000", "rows=20000 redelivered=20000"] {
        let request = bridge.request(Method::POST, "/sms/import").bearer_auth(ADMIN_TOKEN);
        let told = bridge.send(request.header("accept", "application/x-ndjson").body(list.clone())).await;
        assert_eq!(told.headers["content-type"], "application/x-ndjson");
        let lines: Vec<Value> = match told.body {
            Value::String(lines) => lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
            other => panic!("{other}"),
        };
        assert!(lines.len() > 30, "{} lines", lines.len());
        let rows: Vec<u64> = lines.iter().map(|line| line["rows"].as_u64().unwrap()).collect();
        assert!(rows.is_sorted(), "{rows:?}");
        let report = lines.last().unwrap();
        assert_eq!(counts(report), expected);
        assert_eq!(report["hours"].as_array().unwrap().len(), 335);
    }
    bridge.stop().await;
}
