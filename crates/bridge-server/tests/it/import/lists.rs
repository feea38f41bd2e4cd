//! The same SMS as each kind of export writes them.

use std::fmt::Write;

use bridge_core::Timestamp;
use serde_json::json;

/// An SMS on a phone's list.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    pub(crate) sender: String,
    pub(crate) text: String,
    pub(crate) received: Timestamp,
}

type Shape = (&'static str, fn(&[Listed]) -> Vec<u8>);

pub(crate) const SHAPES: [Shape; 4] =
    [("csv", csv), ("ndjson", ndjson), ("smsgate", inbox), ("xml", backup_xml)];

/// As the predecessor's table is exported.
pub(crate) fn csv(list: &[Listed]) -> Vec<u8> {
    let mut out = "sender_number,sms_message,received_timestamp\r\n".to_owned();
    for Listed { sender, text, received } in list {
        let _ = write!(out, "{sender},\"{}\",{received}\r\n", text.replace('"', "\"\""));
    }
    out.into_bytes()
}

pub(crate) fn ndjson(list: &[Listed]) -> Vec<u8> {
    let line = |sms: &Listed| {
        json!({"from": sms.sender, "text": sms.text, "timestamp": sms.received.0}).to_string() + "\n"
    };
    list.iter().map(line).collect::<String>().into_bytes()
}

/// One entry of SMSGate's inbox.
pub(crate) fn entry(sms: &Listed) -> serde_json::Value {
    json!({
        "id": format!("text:{}", sms.received.0 % 1_000_000), "type": "SMS", "sender": sms.sender, "recipient": null,
        "contentPreview": sms.text, "createdAt": sms.received.to_rfc3339_millis(), "attachments": []
    })
}

/// As the app answers: newest first.
pub(crate) fn inbox(list: &[Listed]) -> Vec<u8> {
    let mut entries: Vec<&Listed> = list.iter().collect();
    entries.sort_by_key(|sms| std::cmp::Reverse(sms.received));
    json!(entries.into_iter().map(entry).collect::<Vec<_>>()).to_string().into_bytes()
}

/// As the app writes it: each half of an emoji is a reference of its own.
pub(crate) fn backup_xml(list: &[Listed]) -> Vec<u8> {
    let mut out = format!(
        "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n<smses count=\"{}\">\n",
        list.len()
    );
    for Listed { sender, text, received } in list {
        let body: String = text
            .encode_utf16()
            .map(|unit| match unit {
                32..=126 if !matches!(unit, 34 | 38 | 60 | 62) => {
                    char::from_u32(unit.into()).unwrap().to_string()
                }
                other => format!("&#{other};"),
            })
            .collect();
        let _ = writeln!(
            out,
            "  <sms protocol=\"0\" address=\"{sender}\" date=\"{}\" type=\"1\" subject=\"null\" body=\"{body}\" read=\"1\" date_sent=\"0\" />",
            received.0
        );
    }
    out.push_str("</smses>\n");
    out.into_bytes()
}
