//! Every format, end to end: a receiver is added, a user registers, the SMS comes as that sender writes it - signed where
//! it signs - and the number is validated; the sender hears what it wants. On embedded stores here, and by the same
//! function on real ones.

mod more;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::Sha256;

use super::{added, text};
use crate::harness::{ADMIN_TOKEN, Bridge};

const KEY: &str = "0123456789abcdef0123";
const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// One SMS on its way.
struct Sms<'a> {
    /// E.164.
    sender: &'a str,
    text: &'a str,
    at: Timestamp,
    /// Unlike any other.
    id: String,
}

impl Sms<'_> {
    fn digits(&self) -> &str {
        self.sender.trim_start_matches('+')
    }

    fn form(&self, pairs: &[(&str, &str)]) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
    }
}

/// What a sender wants to hear.
enum Wants {
    /// Nothing in particular.
    Anything,
    Exactly(&'static str, &'static str),
}

/// A sender.
struct App {
    format: &'static str,
    /// It can sign, and does.
    signs: bool,
    wants: Wants,
    send: fn(&Bridge, &str, &Sms<'_>) -> RequestBuilder,
}

fn hmac(parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn post(bridge: &Bridge, url: &str, kind: &str, body: impl Into<String>) -> RequestBuilder {
    bridge.http.post(url).header("content-type", kind).body(body.into())
}

const APPS: &[App] = &[
    App {
        format: "smsgate",
        signs: true,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let body = json!({"deviceId": "d1", "event": "sms:received", "id": sms.id, "webhookId": "wh-1", "payload": {
                "message": sms.text, "messageId": "a1b2c3d4", "sender": sms.sender, "recipient": "+919000000001",
                "receivedAt": sms.at.to_string(), "simNumber": 1}})
            .to_string();
            let stamp = bridge.clock.now().epoch_seconds().to_string();
            let signature = hex(&hmac(&[body.as_bytes(), stamp.as_bytes()]));
            let agent = "me.capcom.smsgateway/1.68.0";
            post(bridge, url, JSON, body)
                .header("x-timestamp", stamp)
                .header("x-signature", signature)
                .header("user-agent", agent)
        },
    },
    App {
        format: "httpsms",
        signs: true,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let body = json!({"specversion": "1.0", "id": sms.id, "source": "/v1/messages/receive",
                "type": "message.phone.received", "datacontenttype": JSON, "time": sms.at.to_string(), "data": {
                "message_id": sms.id, "user_id": "u1", "owner": "+919000000001", "contact": sms.sender,
                "content": sms.text, "encrypted": false, "sim": "SIM1", "timestamp": sms.at.to_string()}});
            let now = bridge.clock.now().epoch_seconds();
            let encode =
                |value: Value| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value.to_string());
            let claims = json!({"aud": [url], "iss": "api.httpsms.com", "sub": "u1", "exp": now + 600, "nbf": now - 600});
            let signed = format!("{}.{}", encode(json!({"alg": "HS256", "typ": "JWT"})), encode(claims));
            let signature =
                base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(hmac(&[signed.as_bytes()]));
            post(bridge, url, JSON, body.to_string()).bearer_auth(format!("{signed}.{signature}"))
        },
    },
    App {
        format: "textbee",
        signs: true,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let body = json!({"smsId": sms.id, "message": sms.text, "deviceId": "66aa", "webhookSubscriptionId": "66bb",
                "webhookEvent": "MESSAGE_RECEIVED", "idempotencyKey": sms.id, "sender": sms.sender,
                "receivedAt": sms.at.to_string()})
            .to_string();
            let signature = hex(&hmac(&[body.as_bytes()]));
            post(bridge, url, JSON, body).header("x-signature", signature)
        },
    },
    App {
        format: "bogkonstantin",
        signs: false,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let body = json!({"from": sms.sender, "text": sms.text, "sentStamp": sms.at.0, "receivedStamp": sms.at.0 + 900,
                "sim": "sim1"});
            post(bridge, url, "application/json; charset=utf-8", body.to_string())
        },
    },
    App {
        format: "smsforwarder",
        signs: true,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let stamp = bridge.clock.now().0.to_string();
            let sign = STANDARD.encode(hmac(&[stamp.as_bytes(), b"\n", KEY.as_bytes()]));
            let sign = form_urlencoded::byte_serialize(sign.as_bytes()).collect::<String>();
            let pairs = [
                ("from", sms.sender),
                ("content", sms.text),
                ("timestamp", stamp.as_str()),
                ("sign", sign.as_str()),
            ];
            post(bridge, url, FORM, sms.form(&pairs))
        },
    },
    App {
        format: "smssync",
        signs: false,
        wants: Wants::Exactly(JSON, r#"{"payload":{"success":true,"error":null}}"#),
        send: |bridge, url, sms| {
            let stamp = sms.at.0.to_string();
            let pairs = [
                ("from", sms.sender),
                ("message", sms.text),
                ("message_id", sms.id.as_str()),
                ("sent_timestamp", stamp.as_str()),
                ("sent_to", ""),
                ("device_id", "d1"),
            ];
            post(bridge, url, FORM, sms.form(&pairs))
        },
    },
    App {
        format: "twilio",
        signs: true,
        wants: Wants::Exactly("text/xml", "<Response/>"),
        send: |bridge, url, sms| {
            // In the order of their names, as they are signed.
            let pairs = [
                ("AccountSid", "AC0"),
                ("Body", sms.text),
                ("From", sms.sender),
                ("MessageSid", sms.id.as_str()),
                ("To", "+919000000001"),
            ];
            let signed = pairs.iter().fold(url.to_owned(), |signed, (name, value)| signed + name + value);
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, KEY.as_bytes());
            let signature = STANDARD.encode(ring::hmac::sign(&key, signed.as_bytes()));
            post(bridge, url, FORM, sms.form(&pairs)).header("x-twilio-signature", signature)
        },
    },
    App {
        format: "vonage",
        signs: false,
        wants: Wants::Exactly("text/plain", ""),
        send: |bridge, url, sms| {
            let stamp = sms.at.to_string().replace('T', " ").replace('Z', "");
            let pairs = [
                ("msisdn", sms.digits()),
                ("to", "919000000001"),
                ("messageId", sms.id.as_str()),
                ("text", sms.text),
                ("type", "text"),
                ("message-timestamp", stamp.as_str()),
            ];
            bridge.http.get(format!("{url}&{}", sms.form(&pairs)))
        },
    },
    App {
        format: "plivo",
        signs: true,
        wants: Wants::Exactly("text/xml", "<Response/>"),
        send: |bridge, url, sms| {
            let pairs = [
                ("From", sms.digits()),
                ("To", "919000000001"),
                ("Text", sms.text),
                ("Type", "sms"),
                ("MessageUUID", sms.id.as_str()),
            ];
            let base = url.split('?').next().unwrap();
            let signature = STANDARD.encode(hmac(&[base.as_bytes(), b"12345"]));
            post(bridge, url, FORM, sms.form(&pairs))
                .header("x-plivo-signature-v2", signature)
                .header("x-plivo-signature-v2-nonce", "12345")
        },
    },
    App {
        format: "telnyx",
        signs: false,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let body = json!({"data": {"record_type": "event", "id": sms.id, "event_type": "message.received",
                "occurred_at": sms.at.to_string(), "payload": {"id": sms.id, "direction": "inbound", "type": "SMS",
                "from": {"phone_number": sms.sender}, "to": [{"phone_number": "+919000000001"}], "text": sms.text,
                "received_at": sms.at.to_string(), "parts": 1}}, "meta": {"attempt": 1}});
            post(bridge, url, JSON, body.to_string())
        },
    },
    App {
        format: "infobip",
        signs: false,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let stamp = sms.at.to_string().replace('Z', ".000+0000");
            let body = json!({"results": [{"messageId": sms.id, "from": sms.digits(), "to": "919000000001",
                "text": sms.text, "receivedAt": stamp, "smsCount": 1}], "messageCount": 1, "pendingMessageCount": 0});
            post(bridge, url, JSON, body.to_string())
        },
    },
    App {
        format: "africastalking",
        signs: false,
        wants: Wants::Exactly("text/plain", ""),
        send: |bridge, url, sms| {
            let stamp = sms.at.to_string();
            let pairs = [
                ("from", sms.sender),
                ("to", "12345"),
                ("text", sms.text),
                ("date", stamp.as_str()),
                ("id", sms.id.as_str()),
                ("linkId", ""),
            ];
            post(bridge, url, FORM, sms.form(&pairs))
        },
    },
    App {
        format: "jasmin",
        signs: false,
        wants: Wants::Exactly("text/plain", "ACK/Jasmin"),
        send: |bridge, url, sms| {
            let ucs2: String = sms.text.encode_utf16().map(|unit| format!("{unit:04x}")).collect();
            let pairs = [
                ("id", sms.id.as_str()),
                ("from", sms.digits()),
                ("to", "919000000001"),
                ("coding", "8"),
                ("binary", ucs2.as_str()),
                ("origin-connector", "smpp1"),
            ];
            post(bridge, url, FORM, sms.form(&pairs))
        },
    },
    App {
        format: "kannel",
        signs: false,
        wants: Wants::Exactly("text/plain", ""),
        send: |bridge, url, sms| {
            let stamp = sms.at.epoch_seconds().to_string();
            let pairs = [
                ("id", sms.id.as_str()),
                ("ts", stamp.as_str()),
                ("sender", sms.sender),
                ("message", sms.text),
            ];
            bridge.http.get(format!("{url}&{}", sms.form(&pairs)))
        },
    },
    App {
        format: "generic",
        signs: false,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let body =
                json!({"mobile_number": sms.sender, "message": sms.text, "received_at": sms.at.to_string()});
            post(bridge, url, JSON, body.to_string())
        },
    },
];

fn apps() -> impl Iterator<Item = &'static App> {
    APPS.iter().chain(more::MORE)
}

/// The journey of one user by each format, and each again as a retry; then the rows.
pub(crate) async fn every_format_delivers(bridge: &Bridge) {
    let mut senders = Vec::new();
    for (n, app) in apps().enumerate() {
        let sender = format!("+9198765001{n:02}");
        let mut receiver = json!({"name": format!("by-{}", app.format), "format": app.format});
        if app.signs {
            receiver["signing_key"] = json!(KEY);
        }
        let given = added(bridge, receiver).await;
        let registered = bridge.registered(&sender).await;
        let text_of = registered.text("sms_body").to_owned();
        let sms =
            Sms { sender: &sender, text: &text_of, at: bridge.clock.now(), id: format!("delivery-{n}") };
        for attempt in ["first", "retry"] {
            let what = format!("{}, {attempt}", app.format);
            let answer = (app.send)(bridge, text(&given, "url"), &sms).send().await.unwrap();
            let kind = answer.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
            let status = answer.status().as_u16();
            let body = answer.text().await.unwrap();
            assert_eq!(status, 200, "{what}: {body}");
            match app.wants {
                Wants::Anything => {
                    let read: Value = serde_json::from_str(&body).unwrap();
                    let one = if read["sms"].is_array() { &read["sms"][0] } else { &read };
                    assert_eq!(one["validation_status"], "passed", "{what}: {body}");
                    assert_eq!(one["duplicate_delivery"], attempt == "retry", "{what}: {body}");
                }
                Wants::Exactly(wanted_kind, wanted) => {
                    assert_eq!((kind.as_deref(), body.as_str()), (Some(wanted_kind), wanted), "{what}");
                }
            }
        }
        assert_eq!(bridge.status(&registered).await.text("status"), "validated", "{}", app.format);
        senders.push((app.format, sender));
    }
    for (format, sender) in senders {
        let rows = bridge.rows(&sender).await;
        assert_eq!(rows.len(), 1, "{format}: {rows:?}");
        assert_eq!(
            (&rows[0]["format"], &rows[0]["receiver_id"]),
            (&json!(format), &json!(format!("by-{format}")))
        );
    }
}

#[test]
fn no_format_is_forgotten() {
    let mut ours: Vec<&str> = apps().map(|app| app.format).collect();
    let mut theirs: Vec<&str> =
        bridge_formats::FORMATS.iter().map(|format| format.name).chain(["generic"]).collect();
    ours.sort_unstable();
    theirs.sort_unstable();
    assert_eq!(ours, theirs);
}

#[tokio::test]
async fn every_format_delivers_on_embedded_stores() {
    let bridge = Bridge::start().await;
    every_format_delivers(&bridge).await;
    bridge.stop().await;
}

#[tokio::test]
async fn a_signature_of_another_key_is_refused_by_every_format_that_signs() {
    let bridge = Bridge::start().await;
    for app in apps().filter(|app| app.signs) {
        let name = format!("by-{}", app.format);
        let given =
            added(&bridge, json!({"name": name, "format": app.format, "signing_key": "another-key"})).await;
        let sms = Sms { sender: "+919876500100", text: "hello", at: bridge.clock.now(), id: "d1".into() };
        let answer = bridge.send((app.send)(&bridge, text(&given, "url"), &sms)).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (401, "unauthorized"),
            "{}: {}",
            app.format,
            answer.body
        );
    }
    assert_eq!(bridge.rows("+919876500100").await, Vec::<Value>::new());
    bridge.stop().await;
}

#[tokio::test]
async fn the_generic_route_recognises_what_can_be_told() {
    let bridge = Bridge::start().await;
    for (n, app) in
        apps().enumerate().filter(|(_, app)| bridge_formats::named(app.format).unwrap().recognises.is_some())
    {
        let sender = format!("+9198765002{n:02}");
        let sms = Sms { sender: &sender, text: "hello", at: bridge.clock.now(), id: format!("delivery-{n}") };
        let url = format!("{}/sms/receive?apiKey={}", bridge.url, crate::harness::RECEIVER_KEY);
        let request = (app.send)(&bridge, &url, &sms).build().unwrap();
        if request.method() == reqwest::Method::GET {
            continue;
        }
        let answer = bridge.http.execute(request).await.unwrap();
        assert_eq!(answer.status(), 200, "{}", app.format);
        let rows = bridge.rows(&sender).await;
        assert_eq!(rows[0]["format"], app.format);
    }
    bridge.stop().await;
}

#[tokio::test]
async fn what_a_named_route_cannot_use_is_kept_and_answered_as_its_sender_wants() {
    let bridge = Bridge::start().await;
    for app in apps() {
        let url =
            format!("{}/sms/receive/{}?apiKey={}", bridge.url, app.format, crate::harness::RECEIVER_KEY);
        for body in ["[]", "{", "\u{0}", "a=1"] {
            let answer = post(&bridge, &url, JSON, body).send().await.unwrap();
            let status = answer.status().as_u16();
            let text = answer.text().await.unwrap();
            assert_eq!(status, 200, "{} {body:?}: {text}", app.format);
            if let Wants::Exactly(_, wanted) = app.wants {
                assert_eq!(text, wanted, "{} {body:?}", app.format);
            }
        }
    }
    let kept = bridge.stores.audit.quarantined(1000).await.unwrap();
    let of = |format: &str| kept.iter().filter(|entry| entry.format == format).count();
    for app in apps() {
        assert_eq!(of(app.format), 4, "{}: {kept:?}", app.format);
    }
    assert!(kept.iter().all(|entry| !entry.reason.is_empty()));
    let unknown = bridge
        .send(bridge.http.post(format!("{}/sms/receive/pigeon", bridge.url)).bearer_auth(ADMIN_TOKEN))
        .await;
    assert_eq!((unknown.status.as_u16(), unknown.code()), (404, "not_found"));
    let get = bridge.send(bridge.http.get(format!("{}/sms/receive/smsgate", bridge.url))).await;
    assert_eq!((get.status.as_u16(), get.code()), (405, "method_not_allowed"));
    bridge.stop().await;
}

#[tokio::test]
async fn one_sms_by_two_ways_of_one_app_is_one() {
    let bridge = Bridge::start().await;
    let body = |id: &str, device: &str, message: &str| {
        json!({"deviceId": device, "event": "sms:received", "id": id, "webhookId": "wh-1", "payload": {
            "message": message, "messageId": "a1b2c3d4", "phoneNumber": "+919876543210",
            "receivedAt": bridge.clock.now().to_string(), "simNumber": 1}})
        .to_string()
    };
    let url = format!("{}/sms/receive/smsgate?apiKey={}", bridge.url, crate::harness::RECEIVER_KEY);
    for (n, (id, device, message)) in
        [("local-1", "d-local", "hello"), ("cloud-1", "d-cloud", "hello"), ("local-1", "d-local", "another")]
            .into_iter()
            .enumerate()
    {
        let answer = bridge.send(post(&bridge, &url, JSON, body(id, device, message))).await;
        assert_eq!(answer.body["duplicate_delivery"], n == 1, "{}", answer.body);
    }
    assert_eq!(bridge.rows("+919876543210").await.len(), 2);
    bridge.stop().await;
}

#[tokio::test]
async fn a_long_sms_in_parts_is_joined_and_judged_once() {
    let bridge = Bridge::start().await;
    let sender = "+919876543210";
    let registered = bridge.registered(sender).await;
    let whole = registered.text("sms_body").to_owned();
    let stamp = bridge.clock.now().to_string().replace('T', " ").replace('Z', "");
    let part = |number: usize, from: usize, to: usize| {
        json!({"msisdn": "919876543210", "to": "919000000001", "messageId": format!("m{number}"), "text": &whole[from..to],
            "type": "text", "message-timestamp": stamp, "concat": "true", "concat-ref": "7", "concat-total": "3",
            "concat-part": number.to_string()})
    };
    let url = format!("{}/sms/receive/vonage?apiKey={}", bridge.url, crate::harness::RECEIVER_KEY);
    for (number, from, to) in [(3, 60, whole.len()), (1, 0, 30), (1, 0, 30)] {
        let answer = bridge.http.post(&url).json(&part(number, from, to)).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, ""));
    }
    bridge.settle().await;
    assert_eq!(bridge.status(&registered).await.text("status"), "pending", "one part is missing");
    // It holds nobody up: another SMS of this number is judged at once.
    assert_eq!(bridge.text(sender, "hello").await.status, 200);
    bridge.http.post(&url).json(&part(2, 30, 60)).send().await.unwrap();
    bridge.settle().await;
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    // A part that comes again after that waits for nobody.
    bridge.http.post(&url).json(&part(2, 30, 60)).send().await.unwrap();
    let rows = bridge.rows(sender).await;
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert!(rows.iter().any(|row| row["sms_message"] == whole.as_str()));
    assert_eq!(bridge.stores.audit.waiting_sms(None, 10).await.unwrap().len(), 0);
    bridge.stop().await;
}
