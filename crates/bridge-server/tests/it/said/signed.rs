//! A signature is for one thing: what it was made over, read as its signer writes it, delivered and not imported.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_app::base::clock::Clock;
use bridge_core::onboarding::hex;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Method;
use ring::hmac as ring_hmac;
use serde_json::json;
use sha2::Sha256;

use super::{ALICE, added};
use crate::harness::{ADMIN_TOKEN, Answer, Bridge, NOON, RECEIVER_KEY};

const KEY: &str = "signing-key-of-the-tests";

fn signature(parts: &[&[u8]]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    hex(&mac.finalize().into_bytes())
}

#[tokio::test]
async fn the_signature_of_nothing_carries_no_list_and_no_query() {
    let bridge = Bridge::start().await;
    let now = bridge.clock.now().epoch_seconds().to_string();
    let list = "from,text,timestamp\n+919876543210,forged,2026-01-31T11:59:00Z\n";
    for format in ["generic", "smsgate", "textbee", "bogkonstantin", "twilio"] {
        let given = added(&bridge, json!({"name": format, "format": format, "signing_key": KEY})).await;
        let secret = given["secret"].as_str().unwrap();
        let nothing = match format {
            "textbee" | "bogkonstantin" => signature(&[b""]),
            _ => signature(&[b"", now.as_bytes()]),
        };
        let ask = |method: Method, path: String, body: &'static str| {
            let request =
                bridge.request(method, &path).header("x-signature", &nothing).header("x-timestamp", &now);
            bridge.send(request.header("content-type", "text/csv").bearer_auth(secret).body(body))
        };
        let imported = ask(Method::POST, format!("/sms/import?receiver={format}"), list).await;
        assert_eq!((imported.status.as_u16(), imported.code()), (401, "unauthorized"), "{format}");
        let query = format!(
            "receiver={format}&sender=%2B919876543210&message=forged&from=%2B919876543210&content=forged&id=1"
        );
        for path in ["kannel", "jasmin", "smsforwarder", "vonage", "generic"] {
            let answer = ask(Method::GET, format!("/sms/receive/{path}?{query}"), "").await;
            assert!(answer.status.is_client_error(), "{format} by {path}: {} {}", answer.status, answer.body);
        }
    }
    assert_eq!(bridge.rows(ALICE).await.len(), 0);
    let by_operator = bridge.request(Method::POST, "/sms/import?receiver=textbee").bearer_auth(ADMIN_TOKEN);
    assert_eq!(
        bridge.send(by_operator.header("content-type", "text/csv").body(list)).await.body["judged"],
        1
    );
    bridge.stop().await;
}

/// Signed as Twilio signs.
async fn twilio(bridge: &Bridge, signed_url: &str, host: &str, signed: &str, form: &str) -> Answer {
    let mut mac = ring_hmac::Context::with_key(&ring_hmac::Key::new(
        ring_hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        KEY.as_bytes(),
    ));
    mac.update(signed_url.as_bytes());
    mac.update(signed.as_bytes());
    let request = bridge
        .request(Method::POST, "/sms/receive/twilio?receiver=twilio")
        .header("x-forwarded-host", host)
        .header("x-twilio-signature", STANDARD.encode(mac.sign()))
        .header("content-type", "application/x-www-form-urlencoded");
    bridge.send(request.body(form.to_owned())).await
}

#[tokio::test]
async fn a_twilio_signature_is_for_these_names_and_this_address() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let flags = ["--public-url", "https://sms.example.org"];
    let bridge = Bridge::start_on(folder, Clock::standing_at(NOON), &flags).await;
    added(&bridge, json!({"name": "twilio", "format": "twilio", "signing_key": KEY})).await;
    let path = "/sms/receive/twilio?receiver=twilio";
    let right = format!("https://sms.example.org{path}");
    let signed = "AccountSidAC0BodyhelloFrom+919876543210MessageSidSM1";
    let form = "AccountSid=AC0&Body=hello&From=%2B919876543210&MessageSid=SM1";
    assert_eq!(twilio(&bridge, &right, "sms.example.org", signed, form).await.status, 200);
    // The same bytes, split anew: the text becomes part of a name.
    let split = "AccountSid=AC0&BodyhelloFrom%2B91987=6543210&MessageSid=SM1";
    assert_eq!(twilio(&bridge, &right, "sms.example.org", signed, split).await.status, 401);
    let other = format!("https://other.example.org{path}");
    assert_eq!(twilio(&bridge, &other, "other.example.org", signed, form).await.status, 401);
    assert_eq!(bridge.rows(ALICE).await.len(), 1);
    bridge.stop().await;
}

#[tokio::test]
async fn a_head_delivers_nothing() {
    let bridge = Bridge::start().await;
    for (path, allowed) in
        [("kannel", "GET, POST"), ("vonage", "GET, POST"), ("smsgate", "POST"), ("generic", "POST")]
    {
        let query =
            format!("apiKey={RECEIVER_KEY}&sender=%2B919876543210&message=a&msisdn=919876543210&text=a");
        for slash in ["", "/"] {
            let head = bridge.request(Method::HEAD, &format!("/sms/receive/{path}{slash}?{query}"));
            let answer = bridge.send(head).await;
            assert_eq!(
                (answer.status.as_u16(), &answer.headers["allow"]),
                (405, &allowed.parse().unwrap()),
                "{path}"
            );
        }
    }
    assert_eq!(bridge.send(bridge.request(Method::HEAD, "/sms/receive")).await.status, 405);
    // Exotel asks so before its first SMS, and delivers nothing by it either.
    let query = format!("apiKey={RECEIVER_KEY}&SmsSid=1&From=%2B919876543210&To=1&Date=&Body=a");
    let head = bridge.request(Method::HEAD, &format!("/sms/receive/exotel?{query}")).send().await.unwrap();
    assert_eq!(
        (head.status().as_u16(), &head.headers()["content-type"]),
        (200, &"text/plain".parse().unwrap())
    );
    assert_eq!(bridge.rows(ALICE).await.len(), 0);
    bridge.stop().await;
}
