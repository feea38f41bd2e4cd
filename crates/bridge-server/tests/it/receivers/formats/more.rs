//! What the rest of the senders write, as in the file above this one.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{App, FORM, JSON, Sms, Wants, hex, hmac, post};
use crate::harness::Bridge;

const TEXT: &str = "text/plain";

fn without_zone(sms: &Sms<'_>) -> String {
    sms.at.to_string().replace('T', " ").replace('Z', "")
}

fn now(bridge: &Bridge) -> String {
    bridge.clock.now().epoch_seconds().to_string()
}

fn jwt(claims: &Value) -> String {
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encode(&json!({"alg": "HS256", "typ": "JWT"})), encode(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(hmac(&[signed.as_bytes()])))
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub(super) const MORE: &[App] = &[
    App {
        format: "termux",
        signs: false,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let body = json!([{"threadid": 1, "type": "inbox", "read": true, "address": sms.sender,
                "number": sms.sender, "received": without_zone(sms), "body": sms.text, "_id": sms.id}]);
            post(bridge, url, JSON, body.to_string())
        },
    },
    App {
        format: "vonage_messages",
        signs: true,
        wants: Wants::Exactly(TEXT, ""),
        send: |bridge, url, sms| {
            let body =
                json!({"channel": "sms", "message_uuid": sms.id, "to": "919000000001", "from": sms.digits(),
                "timestamp": sms.at.to_string(), "text": sms.text, "message_type": "text",
                "sms": {"num_messages": "1"}, "usage": {"currency": "EUR", "price": "0.0333"}})
                .to_string();
            let iat = bridge.clock.now().epoch_seconds();
            let token = jwt(&json!({"iat": iat, "iss": "Vonage", "payload_hash": digest(body.as_bytes())}));
            post(bridge, url, JSON, body).bearer_auth(token)
        },
    },
    App {
        format: "sinch",
        signs: true,
        wants: Wants::Exactly(TEXT, ""),
        send: |bridge, url, sms| {
            let body = json!({"type": "mo_text", "id": sms.id, "from": sms.digits(), "to": "919000000001",
                "body": sms.text, "received_at": sms.at.to_string(), "operator_id": "40470"})
            .to_string();
            let stamp = now(bridge);
            let signature = STANDARD.encode(hmac(&[body.as_bytes(), b".nonce.", stamp.as_bytes()]));
            post(bridge, url, JSON, body)
                .header("x-sinch-webhook-signature", signature)
                .header("x-sinch-webhook-signature-nonce", "nonce")
                .header("x-sinch-webhook-signature-timestamp", stamp)
        },
    },
    App {
        format: "bandwidth",
        signs: false,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let stamp = sms.at.to_string();
            let body = json!([{"type": "message-received", "time": stamp, "description": "", "to": "+919000000001",
                "message": {"id": sms.id, "owner": "+919000000001", "applicationId": "a1", "time": stamp,
                "segmentCount": 1, "direction": "in", "to": ["+919000000001"], "from": sms.sender, "text": sms.text}}]);
            post(bridge, url, JSON, body.to_string())
        },
    },
    App {
        format: "clickatell",
        signs: false,
        wants: Wants::Exactly(TEXT, ""),
        send: |bridge, url, sms| {
            let body = json!({"integrationName": "i", "messageId": "m0", "replyMessageId": sms.id,
                "fromNumber": sms.digits(), "toNumber": "919000000001", "timestamp": sms.at.0, "text": sms.text,
                "charset": "UTF-8", "udh": "", "network": "", "keyword": ""});
            post(bridge, url, JSON, body.to_string())
        },
    },
    App {
        format: "messagebird",
        signs: true,
        wants: Wants::Exactly(TEXT, "OK"),
        send: |bridge, url, sms| {
            let stamp = sms.at.to_string();
            let body = sms.form(&[
                ("id", sms.id.as_str()),
                ("recipient", "919000000001"),
                ("originator", sms.digits()),
                ("body", sms.text),
                ("createdDatetime", stamp.as_str()),
            ]);
            let at = bridge.clock.now().epoch_seconds();
            let claims = json!({"iss": "MessageBird", "nbf": at - 60, "exp": at + 60,
                "url_hash": digest(url.as_bytes()), "payload_hash": digest(body.as_bytes())});
            post(bridge, url, FORM, body).header("messagebird-signature-jwt", jwt(&claims))
        },
    },
    App {
        format: "bird",
        signs: true,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let body = json!({"service": "channels", "event": "sms.inbound", "payload": {"id": sms.id,
                "channelId": "c1", "sender": {"contact": {"id": "k1", "identifierKey": "phonenumber",
                "identifierValue": sms.sender}}, "body": {"type": "text", "text": {"text": sms.text}},
                "direction": "incoming", "createdAt": sms.at.to_string()}})
            .to_string();
            let stamp = now(bridge);
            let parts: [&[u8]; 5] =
                [stamp.as_bytes(), b"\n", url.as_bytes(), b"\n", &Sha256::digest(body.as_bytes())];
            post(bridge, url, JSON, body.clone())
                .header("messagebird-signature", STANDARD.encode(hmac(&parts)))
                .header("messagebird-request-timestamp", &stamp)
        },
    },
    App {
        format: "msg91",
        signs: false,
        wants: Wants::Exactly(TEXT, ""),
        send: |bridge, url, sms| {
            let pairs = [("number", sms.digits()), ("message", sms.text), ("requestId", sms.id.as_str())];
            post(bridge, url, FORM, sms.form(&pairs))
        },
    },
    App {
        format: "exotel",
        signs: false,
        wants: Wants::Exactly(TEXT, ""),
        send: |bridge, url, sms| {
            let date = without_zone(sms);
            let pairs = [
                ("SmsSid", sms.id.as_str()),
                ("From", sms.sender),
                ("To", "+919000000001"),
                ("Date", date.as_str()),
                ("Body", sms.text),
            ];
            bridge.http.get(format!("{url}&{}", sms.form(&pairs)))
        },
    },
    App {
        format: "rapidpro",
        signs: false,
        wants: Wants::Exactly(JSON, r#"{"message":"Message Accepted","data":[]}"#),
        send: |bridge, url, sms| {
            let stamp = sms.at.to_string();
            let pairs = [("from", sms.sender), ("text", sms.text), ("date", stamp.as_str())];
            post(bridge, url, FORM, sms.form(&pairs))
        },
    },
    App {
        format: "playsms",
        signs: false,
        wants: Wants::Exactly(TEXT, ""),
        send: |bridge, url, sms| {
            let date = without_zone(sms);
            let pairs = [
                ("sms_datetime", date.as_str()),
                ("sms_sender", sms.sender),
                ("sms_receiver", ""),
                ("smsc", "g1"),
                ("message", sms.text),
            ];
            bridge.http.get(format!("{url}&{}", sms.form(&pairs)))
        },
    },
    App {
        format: "raspisms",
        signs: true,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let id = format!("{}-0f0e", now(bridge));
            let signature = hex(&hmac(&[id.as_bytes()]));
            let stamp = sms.at.epoch_seconds().to_string();
            let body = json!({"id": sms.id, "at": without_zone(sms), "text": sms.text, "destination": 1,
                "origin": sms.sender, "command": false, "mms": false, "medias": []})
            .to_string();
            let pairs = [
                ("webhook_timestamp", stamp.as_str()),
                ("webhook_type", "receive_sms"),
                ("webhook_random_id", id.as_str()),
                ("webhook_signature", signature.as_str()),
                ("body", body.as_str()),
            ];
            post(bridge, url, FORM, sms.form(&pairs))
        },
    },
    App {
        format: "smseagle",
        signs: false,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let stamp = without_zone(sms).replace(['-', ' ', ':'], "");
            let pairs = [
                ("sender", sms.digits()),
                ("timestamp", stamp.as_str()),
                ("msgid", sms.id.as_str()),
                ("text", sms.text),
            ];
            post(bridge, url, FORM, sms.form(&pairs))
        },
    },
    App {
        format: "smstool",
        signs: false,
        wants: Wants::Anything,
        send: |bridge, url, sms| {
            let body = json!({"msg": [{"index": 0, "sender": sms.sender, "timestamp": without_zone(sms),
                "content": sms.text}]});
            post(bridge, url, JSON, body.to_string())
        },
    },
];
