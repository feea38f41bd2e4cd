//! However a body is packed, cut into parts or written, its SMS passes.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::json;

use super::{ALICE, post, reason};
use crate::bad_input::quarantine;
use crate::harness::{Bridge, RECEIVER_KEY};

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::default());
    writer.write_all(body).unwrap();
    writer.finish().unwrap()
}

fn smsgate(text: &str, id: &str) -> Vec<u8> {
    let body = json!({"deviceId": "d1", "event": "sms:received", "id": id, "webhookId": "1", "payload": {"message": text,
        "sender": ALICE, "receivedAt": "2026-01-31T12:00:00Z", "messageId": id}});
    body.to_string().into_bytes()
}

#[tokio::test]
async fn a_packed_body_is_read_and_what_is_not_known_is_told() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    let send = |encoding: &str, body: Vec<u8>| {
        let request = bridge.request(Method::POST, "/sms/receive/smsgate").bearer_auth(RECEIVER_KEY);
        bridge.send(
            request
                .header("content-type", "application/json")
                .header("content-encoding", encoding)
                .body(body),
        )
    };
    let refused = send("lz4", b"x".to_vec()).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (415, "unsupported_encoding"));
    assert_eq!(refused.headers["accept-encoding"], "gzip, deflate, br, zstd");
    let bomb = send("gzip", gzip(&vec![b' '; 3 << 20])).await;
    assert_eq!((bomb.status.as_u16(), bomb.code()), (413, "body_too_large"));
    assert_eq!(send("gzip", b"no gzip".to_vec()).await.status, 200);
    let kept = bridge.stores.audit.quarantined(9).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert!(kept[0].reason.contains("Content-Encoding: gzip, and is not that"), "{}", kept[0].reason);
    assert_eq!(send("gzip", gzip(&smsgate(registered.text("sms_body"), "1"))).await.status, 200);
    assert_eq!(reason(&bridge, ALICE).await.0, "passed");
    let list = bridge
        .request(Method::POST, "/sms/import")
        .bearer_auth(RECEIVER_KEY)
        .header("content-encoding", "gzip");
    // A list too: it is unpacked as it is read.
    let answer = bridge.send(list.body(gzip(b"from,text,timestamp\n"))).await;
    assert_eq!((answer.status.as_u16(), &answer.body["rows"]), (200, &json!(0)), "{}", answer.body);
    bridge.stop().await;
}

#[tokio::test]
async fn parts_other_letters_raw_line_breaks_and_a_slash_are_read() {
    let bridge = Bridge::start().await;
    let text = |n: usize| format!("hello {n}");
    let parts = |n| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\n{ALICE}\r\n--b\r\nContent-Disposition: form-data; \
             name=\"text\"\r\n\r\n{}\r\n--b\r\nContent-Disposition: form-data; name=\"sentStamp\"\r\n\r\n1769860800000\r\n--b--\r\n",
            text(n)
        )
    };
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let utf32 = |text: &str| text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>();
    let json = "application/json";
    let body = |n| json!({"from": ALICE, "text": text(n)}).to_string();
    for (n, (path, kind, sent)) in [
        ("/sms/receive", "multipart/form-data; boundary=b", parts(0).into_bytes()),
        ("/sms/receive/", json, body(1).into_bytes()),
        ("/sms/receive/generic/", json, body(2).into_bytes()),
        ("/sms/receive", json, utf16(&body(3))),
        ("/sms/receive", "application/json; charset=utf-16le", utf16(&body(4))),
        ("//sms/receive", json, body(5).into_bytes()),
        ("//sms/receive/generic", json, body(6).into_bytes()),
        ("/sms/receive", json, utf32(&body(7))),
        ("/sms/receive", "application/json; charset=UTF-32LE", utf32(&body(8))),
        ("/sms/receive", "application/x-www-form-urlencoded", body(9).into_bytes()),
        ("/sms/receive//generic", json, body(10).into_bytes()),
        ("/sms/receive", json, [body(11).into_bytes(), vec![0]].concat()),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = post(&bridge, path, kind, sent).await;
        assert_eq!(answer.status, 200, "{path} {kind}: {}", answer.body);
        assert_eq!(bridge.rows(ALICE).await[0]["sms_message"], text(n), "{path} {kind}");
    }
    let raw = format!(
        "{{\"from\":\"{ALICE}\",\"text\":\"a\r\nb\",\"sentStamp\":1,\"receivedStamp\":1769860800000}}"
    );
    post(&bridge, "/sms/receive/bogkonstantin", json, raw).await;
    assert_eq!(bridge.rows(ALICE).await[0]["sms_message"], "a\r\nb");
    let latin = b"{\"from\":\"+919876543210\",\"text\":\"caf\xe9\"}".to_vec();
    post(&bridge, "/sms/receive", "application/json; charset=iso-8859-1", latin).await;
    assert_eq!(bridge.rows(ALICE).await[0]["sms_message"], "caf\u{e9}");
    assert!(quarantine(&bridge).await.is_empty());
    // What cannot be read says why, and keeps what came.
    let cut = parts(12)[..60].to_owned();
    post(&bridge, "/sms/receive/smssync", "multipart/form-data; boundary=b", cut).await;
    post(
        &bridge,
        "/sms/receive/smssync",
        "application/x-www-form-urlencoded; charset=klingon",
        "from=1&message=a",
    )
    .await;
    let kept = bridge.stores.audit.quarantined(9).await.unwrap();
    let reasons: Vec<&str> = kept.iter().map(|entry| entry.reason.as_str()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("multipart")), "{reasons:?}");
    assert!(reasons.iter().any(|reason| reason.contains("klingon")), "{reasons:?}");
    bridge.stop().await;
}

#[tokio::test]
async fn kannels_utf16_is_told_by_its_zeros() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    let bytes = registered.text("sms_body").encode_utf16().flat_map(u16::to_le_bytes);
    let text: String = bytes.map(|byte| format!("%{byte:02x}")).collect();
    let path = format!("/sms/receive/kannel?apiKey={RECEIVER_KEY}&sender=%2B919876543210&message={text}");
    assert_eq!(bridge.send(bridge.request(Method::GET, &path)).await.status, 200);
    assert_eq!(reason(&bridge, ALICE).await.0, "passed");
    bridge.stop().await;
}
