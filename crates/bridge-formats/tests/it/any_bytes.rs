//! Whatever bytes come, under whatever headers: no format panics, reads them differently the second time,
//! or lets something through that no table can hold.

use bridge_formats::{FORMATS, Format, generic};
use proptest::prelude::*;

use crate::table::{FORM, JSON, Request, Sender};

fn formats() -> impl Iterator<Item = &'static Format> {
    FORMATS.iter().copied().chain([&generic::FORMAT])
}

/// A body nearer to an SMS than random bytes are: the words of all formats in any order, and noise between.
fn near_miss() -> impl Strategy<Value = Vec<u8>> {
    let word = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"",
        "\\",
        "\\u",
        "\\ud83d",
        "\\udE00",
        "\\u0000",
        "null",
        "true",
        "1e999",
        "-1",
        "1769860800",
        "&",
        "=",
        "%",
        "%2B",
        "%ff",
        "%00",
        "+",
        "919876543210",
        "\u{feff}",
        "\u{e9}",
        "\0",
        " ",
        "\n",
        "\"2026-01-31T12:00:00Z\"",
        "\"sms:received\"",
        "\"message.phone.received\"",
        "{\"event\":\"sms:received\",\"payload\":{",
        "{\"event\":\"sms:batch:received\",\"payload\":{\"messages\":[{",
        "{\"type\":\"message.phone.received\",\"data\":{",
        "{\"data\":{\"event_type\":\"message.received\",\"payload\":{",
        "{\"results\":[{",
        "\"from\":",
        "\"from\":\"+15550100001\",",
        "\"sender\":\"\",",
        "\"contact\":\"\u{0}\",",
        "\"text\":\"a\",",
        "\"message\":\"a\",",
        "\"content\":\"\",",
        "\"to\":\"\",",
        "\"deviceId\":\"\",",
        "\"messageId\":\"\",",
        "\"id\":\"\",",
        "}}",
        "}]}",
        "from=",
        "text=",
        "content=",
        "message=",
        "msisdn=",
        "From=",
        "Body=",
        "id=",
        "to=",
        "coding=8",
        "binary=00",
        "concat=true",
        "concat-part=0",
        "concat-total=300",
    ]);
    let piece = prop_oneof![
        8 => word.prop_map(|word| word.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..8),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![near_miss(), prop::collection::vec(any::<u8>(), 0..2_000)]
}

proptest! {
    #[test]
    fn any_body_keeps_every_promise(body in body()) {
        for format in formats() {
            for content_type in [JSON, FORM, "text/plain", "", "application/problem+json"] {
                Sender(format).keeps_every_promise(&Request::post(content_type, &body));
            }
        }
    }

    #[test]
    fn any_query_keeps_every_promise(body in body()) {
        let query: String = body.iter().map(|byte| match byte {
            b'!'..=b'~' if !b"\"#<>\\^`{|}".contains(byte) => char::from(*byte).to_string(),
            other => format!("%{other:02x}"),
        }).collect();
        for format in formats() {
            Sender(format).keeps_every_promise(&Request::get(&format!("/sms/receive?{query}")));
        }
    }

    #[test]
    fn any_headers_are_survived(
        content_type in "[ -~]{0,40}",
        signature in "[ -~]{0,80}",
        stamp in "[0-9.-]{0,20}",
        body in body(),
    ) {
        let request = ["x-signature", "authorization", "x-twilio-signature", "telnyx-signature-ed25519", "user-agent"]
            .iter()
            .fold(Request::post(&content_type, body), |request, name| request.with(name, &signature));
        let request = ["x-timestamp", "telnyx-timestamp", "x-plivo-signature-v2-nonce"]
            .iter()
            .fold(request, |request, name| request.with(name, &stamp));
        for format in formats() {
            Sender(format).keeps_every_promise(&request);
        }
    }
}

#[test]
fn every_format_has_a_name_of_its_own_and_says_how_to_set_it_up() {
    let names: std::collections::HashSet<_> = formats().map(|format| format.name).collect();
    assert_eq!(names.len(), formats().count());
    for format in formats() {
        assert!(
            !format.steps.is_empty() && format.steps.iter().any(|step| step.contains("{url}")),
            "{}",
            format.name
        );
        assert!(
            format.verify.is_some() || !format.steps.iter().any(|s| s.contains("{signing_key}")),
            "{}",
            format.name
        );
    }
}
