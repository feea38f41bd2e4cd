//! SMSSync.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, Reply};
use serde_json::json;

use crate::table::{Request, Sender};

const FORM: &str = "secret=s3cret&from=%2B15550100001&message=VERIFY+482913&sent_timestamp=1790078591000&sent_to=%2B15550199999&message_id=5c4e6e1e&device_id=d1";

fn smssync() -> Sender {
    Sender::named("smssync")
}

fn json() -> Request {
    let body = json!({"secret": "s3cret", "from": "+15550100001", "message": "VERIFY 482913",
        "sent_timestamp": "1790078591000", "sent_to": "+15550199999", "message_id": "5c4e6e1e", "device_id": "d1"});
    Request::json(body.to_string())
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("5c4e6e1e".into()),
        number: Some("+15550199999".into()),
        device: Some("d1".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    for request in [
        Request::form(FORM),
        Request::post("", FORM),
        json(),
        json().set("/sent_timestamp", json!(1_790_078_591_000_u64)),
        json().set("/sent_timestamp", json!("2026-09-22T12:03:11Z")),
        json().set("/more", json!({"a": 1})),
    ] {
        assert_eq!(smssync().one(&request), verify_482913(), "{request:?}");
    }
}

/// As `DataFormatUtil.makeXMLString` of the app writes it.
#[test]
fn its_data_format_may_be_xml() {
    let xml = Request::post(
        "application/xml",
        "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?><payload><secret>s3cret</secret>\
         <from>+15550100001</from><message>VERIFY 482913</message><sent_timestamp>1790078591000</sent_timestamp>\
         <sent_to>+15550199999</sent_to><message_id>5c4e6e1e</message_id><device_id>d1</device_id></payload>",
    );
    assert_eq!(smssync().one(&xml), verify_482913());
    assert_eq!(xml.incoming(smssync().0.secret.unwrap()).as_deref(), Some("s3cret"));
    assert_eq!(Sender::of(&xml), Some("smssync"));
    smssync().carries(|sender, text| {
        let escaped =
            text.replace('&', "&amp;").replace('<', "&lt;").replace('\r', "&#13;").replace('\0', "&#0;");
        Request::post("", format!("<payload><from>{sender}</from><message>{escaped}</message></payload>"))
    });
    smssync().survives(&xml);
}

#[test]
fn what_is_empty_or_not_told_stays_open() {
    for (pointer, expected) in [
        ("/sent_timestamp", Delivered { stamp: None, ..verify_482913() }),
        ("/sent_to", Delivered { number: None, ..verify_482913() }),
        ("/message_id", Delivered { delivery_id: None, ..verify_482913() }),
        ("/device_id", Delivered { device: None, ..verify_482913() }),
        ("/secret", verify_482913()),
    ] {
        assert_eq!(smssync().one(&json().without(pointer)), expected, "{pointer}");
        assert_eq!(smssync().one(&json().set(pointer, json!(""))), expected, "{pointer}");
        assert_eq!(smssync().one(&json().set(pointer, json!(null))), expected, "{pointer}");
    }
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    smssync().carries(|sender, text| json().set("/from", json!(sender)).set("/message", json!(text)));
    smssync().carries(|sender, text| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        Request::form(form.append_pair("from", sender).append_pair("message", text).finish())
    });
}

#[test]
fn what_is_missing_is_named() {
    for (body, reason) in [
        ("message=a", "from is missing: the sender"),
        ("from=%2B15550100001", "message is missing: the text"),
        ("from=1&message=a&from=2", "from must stand once"),
        ("", "the body is empty: send JSON or a form"),
    ] {
        assert_eq!(smssync().refuses(&Request::form(body)), reason);
    }
    let stamp = smssync().one(&Request::form("from=1&message=a&sent_timestamp=soon")).stamp;
    assert_eq!(stamp, Some(bridge_core::Stamp::Unreadable("soon".into())), "it costs no SMS (D40)");
    let xml = "<?xml version='1.0'?><payload><from>1</from></payload>";
    assert_eq!(smssync().refuses(&Request::post("application/xml", xml)), "message is missing: the text");
}

#[test]
fn its_secret_stands_in_the_body() {
    let secret = |request: &Request| request.incoming(smssync().0.secret.unwrap());
    assert_eq!(secret(&Request::form(FORM)).as_deref(), Some("s3cret"));
    assert_eq!(secret(&json()).as_deref(), Some("s3cret"));
    assert_eq!(secret(&json().without("/secret")), None);
    assert_eq!(secret(&Request::form("\u{0}")), None);
    assert!(smssync().0.verify.is_none());
}

#[test]
fn it_is_recognised_by_its_names() {
    assert_eq!(Sender::of(&Request::form(FORM)), Some("smssync"));
    assert_eq!(Sender::of(&json()), Some("smssync"));
    for name in ["/sent_timestamp", "/message_id", "/from", "/message"] {
        assert_eq!(Sender::of(&json().without(name)), None);
    }
}

#[test]
fn it_hears_that_it_was_received() {
    let Reply::Fixed { content_type, body } = smssync().0.reply else { panic!("{:?}", smssync().0.reply) };
    let heard: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (content_type, heard),
        ("application/json", json!({"payload": {"success": true, "error": null}}))
    );
}

#[test]
fn hostile_bodies_are_survived() {
    smssync().survives(&Request::form(FORM));
    smssync().survives(&json());
}
