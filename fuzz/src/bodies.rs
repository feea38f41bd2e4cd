//! What must hold for any HTTP body that claims to be an SMS, whatever a phone, a gateway or an attacker
//! sends. Run by the fuzz target on what libFuzzer invents, and by bridge-server's tests on the corpus.

use bridge_server::formats::Delivered;
use bridge_server::formats::fields::Fields;
use bridge_server::formats::generic;
use serde_json::{Map, Value};

/// One body under every content type that changes how it is read.
pub fn receive_body(body: &[u8]) {
    for content_type in [
        "application/json",
        "application/x-www-form-urlencoded",
        "text/plain",
        "",
        "application/problem+json",
    ] {
        one_body(content_type, body);
    }
}

/// Either one SMS that can be stored, or a reason that names what is wrong; the same again the next time.
pub fn one_body(content_type: &str, body: &[u8]) {
    let read = || Fields::read(content_type, body).and_then(|fields| generic::parse(&fields));
    let first = read();
    assert_eq!(first, read());
    match first {
        Ok(delivered) => {
            storable(&delivered);
            if let Ok(Value::Object(object)) = serde_json::from_slice(body)
                && !content_type.starts_with("application/x-www-form-urlencoded")
            {
                as_serde_reads_it(&delivered, &object);
            }
        }
        Err(unusable) => {
            assert!(!unusable.detail.is_empty());
            for error in &unusable.errors {
                assert!(!error.detail.is_empty(), "{unusable:?}");
            }
        }
    }
    if let Ok(fields) = Fields::read(content_type, body) {
        assert_ne!(generic::secret(&fields).as_deref(), Some("\0"), "text of a field holds no NUL");
    }
}

/// No NUL that a table refuses, no empty id that would match every other empty id.
fn storable(delivered: &Delivered) {
    let Delivered { sender, text, stamp, delivery_id, line } = delivered;
    for value in [Some(sender), Some(text), delivery_id.as_ref(), line.as_ref()].into_iter().flatten() {
        assert!(!value.contains('\0'), "{delivered:?}");
    }
    assert!(delivery_id.as_ref().is_none_or(|id| !id.is_empty()), "{delivered:?}");
    assert!(line.as_ref().is_none_or(|line| !line.is_empty()), "{delivered:?}");
    assert!(stamp.is_none_or(|stamp| (0..253_370_764_800_000).contains(&stamp.0)), "{delivered:?}");
}

/// What is plain JSON is read as any other reader of JSON reads it.
fn as_serde_reads_it(delivered: &Delivered, object: &Map<String, Value>) {
    let known = |names: &[&str]| -> Option<String> {
        let value = names.iter().find_map(|name| object.get(*name).filter(|value| !value.is_null()))?;
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
