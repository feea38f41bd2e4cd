//! An SMS as the sender of each format would write it: the other way round than everything else here. For the Test
//! Lab, which shows that a format is really read, and for tests. It signs nothing.

use bridge_core::Timestamp;
use http::Method;
use serde_json::{Value, json};

/// One SMS on its way.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// In E.164; a name where the sender is none.
    pub sender: &'a str,
    /// The text.
    pub text: &'a str,
    /// When the phone received it.
    pub at: Timestamp,
    /// Unlike any other: the same when it is tried again.
    pub id: &'a str,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// GET where the format prefers it.
    pub method: Method,
    /// What stands in the URL behind the `?`, besides the receiver's secret.
    pub query: String,
    /// `Content-Type` and body, unless all of it is in the URL.
    pub body: Option<(&'static str, String)>,
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";
/// The number that received it, where a format must name one.
const LINE: &str = "+919000000001";

/// The SMS in the format of that name; None for a name that no format has.
#[must_use]
pub fn write(format: &str, sms: &Example<'_>) -> Option<Written> {
    by_app(format, sms).or_else(|| by_provider(format, sms))
}

/// What apps on a phone write, and the bridge's own names.
fn by_app(format: &str, sms: &Example<'_>) -> Option<Written> {
    let stamp = sms.at.to_string();
    let millis = sms.at.0.to_string();
    Some(match format {
        "smsgate" => object(
            &json!({"deviceId": "test-lab", "event": "sms:received", "id": sms.id, "webhookId": "test-lab",
            "payload": {"message": sms.text, "messageId": sms.id, "sender": sms.sender, "recipient": LINE,
            "receivedAt": stamp, "simNumber": 1}}),
        ),
        "httpsms" => object(&json!({"specversion": "1.0", "id": sms.id, "source": "/v1/messages/receive",
            "type": "message.phone.received", "datacontenttype": JSON, "time": stamp, "data": {"message_id": sms.id,
            "user_id": "test-lab", "owner": LINE, "contact": sms.sender, "content": sms.text, "encrypted": false,
            "sim": "SIM1", "timestamp": stamp}})),
        "textbee" => object(&json!({"smsId": sms.id, "message": sms.text, "deviceId": "test-lab",
            "webhookSubscriptionId": "test-lab", "webhookEvent": "MESSAGE_RECEIVED", "idempotencyKey": sms.id,
            "sender": sms.sender, "receivedAt": stamp})),
        "bogkonstantin" => object(&json!({"from": sms.sender, "text": sms.text, "sentStamp": sms.at.0,
            "receivedStamp": sms.at.0, "sim": "sim1"})),
        "smsforwarder" => form(&[("from", sms.sender), ("content", sms.text), ("timestamp", &millis)]),
        "smssync" => form(&[
            ("from", sms.sender),
            ("message", sms.text),
            ("message_id", sms.id),
            ("sent_timestamp", &millis),
            ("sent_to", ""),
            ("device_id", "test-lab"),
        ]),
        "generic" => {
            object(&json!({"mobile_number": sms.sender, "sms_message": sms.text, "received_timestamp": stamp,
            "message_id": sms.id, "device_id": "test-lab"}))
        }
        _ => return None,
    })
}

/// What providers and the gateways of modems and of SMPP write.
fn by_provider(format: &str, sms: &Example<'_>) -> Option<Written> {
    let stamp = sms.at.to_string();
    let digits = sms.sender.trim_start_matches('+');
    let line = LINE.trim_start_matches('+');
    Some(match format {
        "twilio" => form(&[
            ("AccountSid", "AC0"),
            ("Body", sms.text),
            ("From", sms.sender),
            ("MessageSid", sms.id),
            ("To", LINE),
        ]),
        "vonage" => query(&[
            ("msisdn", digits),
            ("to", line),
            ("messageId", sms.id),
            ("text", sms.text),
            ("type", "text"),
            ("message-timestamp", &stamp.replace('T', " ").replace('Z', "")),
        ]),
        "plivo" => form(&[
            ("From", digits),
            ("To", line),
            ("Text", sms.text),
            ("Type", "sms"),
            ("MessageUUID", sms.id),
        ]),
        "telnyx" => {
            object(&json!({"data": {"record_type": "event", "id": sms.id, "event_type": "message.received",
            "occurred_at": stamp, "payload": {"id": sms.id, "direction": "inbound", "type": "SMS",
            "from": {"phone_number": sms.sender}, "to": [{"phone_number": LINE}], "text": sms.text,
            "received_at": stamp, "parts": 1}}, "meta": {"attempt": 1}}))
        }
        "infobip" => {
            object(&json!({"results": [{"messageId": sms.id, "from": digits, "to": line, "text": sms.text,
            "receivedAt": sms.at.to_rfc3339_millis().replace('Z', "+0000"), "smsCount": 1}],
            "messageCount": 1, "pendingMessageCount": 0}))
        }
        "africastalking" => form(&[
            ("from", sms.sender),
            ("to", "12345"),
            ("text", sms.text),
            ("date", &stamp),
            ("id", sms.id),
            ("linkId", ""),
        ]),
        "jasmin" => {
            // As UCS-2: whatever is in the text comes through.
            let units: String = sms.text.encode_utf16().map(|unit| format!("{unit:04x}")).collect();
            form(&[
                ("id", sms.id),
                ("from", digits),
                ("to", line),
                ("coding", "8"),
                ("binary", &units),
                ("origin-connector", "test-lab"),
            ])
        }
        "kannel" => query(&[
            ("id", sms.id),
            ("ts", &sms.at.epoch_seconds().to_string()),
            ("sender", sms.sender),
            ("message", sms.text),
        ]),
        _ => return None,
    })
}

fn object(body: &Value) -> Written {
    Written { method: Method::POST, query: String::new(), body: Some((JSON, body.to_string())) }
}

fn pairs(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

fn form(fields: &[(&str, &str)]) -> Written {
    Written { method: Method::POST, query: String::new(), body: Some((FORM, pairs(fields))) }
}

fn query(fields: &[(&str, &str)]) -> Written {
    Written { method: Method::GET, query: pairs(fields), body: None }
}
