//! What must hold for any HTTP request that claims to carry an SMS, whatever a phone, a gateway or an attacker
//! sends. Run by the fuzz targets on what libFuzzer invents, and by bridge-formats' tests on the corpus.

use bridge_core::Timestamp;
use bridge_formats::{Content, Delivered, Format, Incoming, Signing, Unusable, generic, named};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde_json::{Map, Value};

/// A request of that format, written as in HTTP: `POST /path?query`, headers, an empty line, the body.
pub fn format(name: &str, input: &[u8]) {
    let format = named(name).expect("a fuzz target is named after its format");
    let (method, uri, headers, body) = request(input);
    keeps_every_promise(format, &Incoming::new(&method, &uri, &headers, body));
}

/// One body in the generic format, under every content type that changes how it is read.
pub fn receive_body(body: &[u8]) {
    for content_type in [
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
        "",
        "application/problem+json",
    ] {
        let headers =
            HeaderMap::from_iter([(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        let (method, uri) = (Method::POST, Uri::from_static("/sms/receive"));
        let incoming = Incoming::new(&method, &uri, &headers, body);
        keeps_every_promise(&generic::FORMAT, &incoming);
        if let Ok(content) = (generic::FORMAT.parse)(&incoming)
            && let Ok(Value::Object(object)) = serde_json::from_slice(body)
            && !content_type.ends_with("urlencoded")
        {
            content.sms.iter().for_each(|delivered| as_serde_reads_it(delivered, &object));
        }
    }
}

/// Whatever cannot be read of the head is left out: the fuzzer is free to write nonsense.
fn request(input: &[u8]) -> (Method, Uri, HeaderMap, &[u8]) {
    let end = input.windows(2).position(|two| two == b"\n\n");
    let (head, body) = end.map_or((input, &b""[..]), |end| (&input[..end], &input[end + 2..]));
    let mut lines = head.split(|byte| *byte == b'\n');
    let first = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let (method, uri) = first.split_once(' ').unwrap_or(("POST", &first));
    let mut headers = HeaderMap::new();
    for line in lines {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(value.trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), value) {
            headers.insert(name, value);
        }
    }
    (method.parse().unwrap_or(Method::POST), uri.parse().unwrap_or_default(), headers, body)
}

/// It is read the same way twice, whatever is read can be stored, what is refused says why, and nobody signs
/// with a key that they do not know.
pub fn keeps_every_promise(format: &Format, incoming: &Incoming<'_>) {
    let read = (format.parse)(incoming);
    assert_eq!(read, (format.parse)(incoming), "{incoming:?}");
    match &read {
        Err(unusable) => says_why(unusable),
        Ok(Content { sms, unusable, report: _, events }) => {
            sms.iter().for_each(storable);
            unusable.iter().for_each(says_why);
            for message in events.iter().filter_map(|event| event.message.as_ref()) {
                assert!(!message.sender.contains('\0') && !message.text.contains('\0'), "{message:?}");
            }
        }
    }
    if let Some(verify) = format.verify {
        let keys = ["a key that nobody", "was ever given"].map(str::to_owned);
        let urls = ["https://sms.example.org/sms/receive".to_owned()];
        let signing =
            Signing { keys: &keys, now: Timestamp(1_790_000_000_000), any_time: false, urls: &urls };
        assert!(verify(incoming, &signing).is_err(), "{incoming:?}");
    }
    let _ = (format.recognises.map(|is_it| is_it(incoming)), format.secret.map(|of| of(incoming)));
    if let (Some(version), Some(warning)) = (format.version, format.warning) {
        let _ = version(incoming).map(|version| warning(&version));
    }
}

fn says_why(unusable: &Unusable) {
    assert!(!unusable.detail.is_empty(), "{unusable:?}");
    for error in &unusable.errors {
        assert!(!error.detail.is_empty(), "{unusable:?}");
    }
}

/// No NUL that a table refuses, no empty id that would match every other empty id, no time outside the calendar.
fn storable(delivered: &Delivered) {
    let Delivered { sender, text, stamp, delivery_id, number, device, content_id, part, also_sender } =
        delivered;
    let optional = [delivery_id, number, device, content_id].map(Option::as_deref);
    assert!(!optional.contains(&Some("")), "{delivered:?}");
    for value in optional
        .into_iter()
        .flatten()
        .chain([sender.as_str(), text])
        .chain(also_sender.iter().map(String::as_str))
    {
        assert!(!value.contains('\0'), "{delivered:?}");
    }
    if let Some(part) = part {
        assert!((1..=part.total).contains(&part.number) && !part.reference.contains('\0'), "{delivered:?}");
    }
    if let Some(stamp) = stamp {
        let settled = stamp.settle(None, bridge_core::Timestamp(1_769_860_800_000));
        assert!(settled.at.is_some() || settled.raw.is_some(), "{delivered:?}");
        assert!(
            settled.raw.is_none_or(|raw| raw.chars().count() <= 64 && !raw.contains('\0')),
            "{delivered:?}"
        );
    }
}

/// What is plain JSON is read as any other reader of JSON reads it.
fn as_serde_reads_it(delivered: &Delivered, object: &Map<String, Value>) {
    let known = |names: &[&str]| -> Option<String> {
        let all = || names.iter().filter_map(|name| object.get(*name).filter(|value| !value.is_null()));
        let value = all().find(|value| *value != "").or_else(|| all().next())?;
        value.as_str().map(|text| text.replace('\0', "\\u0000"))
    };
    let texts = ["sms_message", "message", "text", "body", "content"];
    let senders =
        ["mobile_number", "sender_number", "sender", "from", "number", "phoneNumber", "msisdn", "originator"];
    for (names, ours) in [(&texts[..], &delivered.text), (&senders[..], &delivered.sender)] {
        if let Some(theirs) = known(names) {
            assert_eq!(*ours, theirs);
        }
    }
}
