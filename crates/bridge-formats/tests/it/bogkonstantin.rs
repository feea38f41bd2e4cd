//! Bogkonstantin's forwarder. The signature was made with python's hmac.

use bridge_core::Timestamp;
use bridge_formats::{Content, Delivered, Reply, Report, Unsigned};
use serde_json::{Value, json};

use crate::table::{Request, Sender};

const SMS: &str = r#"{"from":"+15550100001","text":"VERIFY 482913","sentStamp":1790078591000,"receivedStamp":1790078593210,"sim":"sim1"}"#;
const KEY: &str = "test-signing-key";
const SIGNATURE: &str = "ee365778eab62f58a6615fd55b2d19802a6393f9f7859affd591507be15a8582";

fn bogkonstantin() -> Sender {
    Sender::named("bogkonstantin")
}

fn sms() -> Request {
    Request::post("application/json; charset=utf-8", SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_593_210).into()),
        device: Some("sim1".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(bogkonstantin().one(&sms()), verify_482913());
    for (pointer, value) in [
        ("/receivedStamp", json!("1790078593210")),
        ("/receivedStamp", json!("2026-09-22T14:03:13.210+02:00")),
        ("/sentStamp", json!("")),
        ("/code", json!("482913")),
    ] {
        assert_eq!(bogkonstantin().one(&sms().set(pointer, value)), verify_482913(), "{pointer}");
    }
}

#[test]
fn what_is_empty_or_not_told_stays_open() {
    let sent = Delivered { stamp: Some(Timestamp(1_790_078_591_000).into()), ..verify_482913() };
    assert_eq!(bogkonstantin().one(&sms().without("/receivedStamp")), sent);
    // A date in the phone's own zone, which it does not name.
    let local = sms().set("/receivedStamp", json!("2026-09-22 14:03:13"));
    assert_eq!(bogkonstantin().one(&local), sent);
    let timeless = local.without("/sentStamp");
    let stamp = bogkonstantin().one(&timeless).stamp.unwrap();
    assert_eq!(stamp.moment(None), None, "its operator may say the zone");
    for sim in [json!("undetected"), json!(""), Value::Null] {
        assert_eq!(bogkonstantin().one(&sms().set("/sim", sim)).device, None);
    }
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    bogkonstantin().carries(|sender, text| sms().set("/from", json!(sender)).set("/text", json!(text)));
    let halved = SMS.replace("VERIFY 482913", "a\\ud83d");
    assert_eq!(bogkonstantin().one(&sms().body(halved)).text, "a\\ud83d");
}

#[test]
fn what_is_missing_is_named() {
    assert_eq!(bogkonstantin().refuses(&sms().without("/from")), "from is missing: the sender");
    assert_eq!(bogkonstantin().refuses(&sms().without("/text")), "text is missing: the text");
    let list = bogkonstantin().one(&sms().set("/receivedStamp", json!([1]))).stamp;
    assert_eq!(list, Some(Timestamp(1_790_078_591_000).into()), "the other stamp that it carries (D40)");
    for body in ["[]", "from=%2B15550100001&text=a"] {
        let refused = bogkonstantin().refuses(&sms().body(body));
        assert!(refused.starts_with("the body is not as expected: "), "{refused}");
    }
}

#[test]
fn a_heartbeat_is_a_sign_of_life() {
    for empty in ["", " \r\n"] {
        assert_eq!(bogkonstantin().reports(&sms().body(empty)), Report::default());
    }
}

#[test]
fn a_template_may_tell_how_the_phone_is() {
    let report = |more: Value| {
        let mut request = sms();
        for (name, value) in more.as_object().unwrap() {
            request = request.set(&format!("/{name}"), value.clone());
        }
        let Content { sms, unusable, report, .. } = bogkonstantin().reads(&request).unwrap();
        assert_eq!((&sms[..], &unusable[..]), (&[verify_482913()][..], &[][..]));
        report
    };
    let told = json!({"battery": 55, "power": "usb", "network": "mobile", "version": "2.4.0"});
    let expected = Report {
        battery: Some(55),
        charging: Some(true),
        network: Some("cellular".into()),
        app_version: Some("2.4.0".into()),
    };
    assert_eq!(report(told), Some(expected));
    let quoted = json!({"battery": "7", "power": "unplugged", "network": "wifi"});
    let expected =
        Report { battery: Some(7), charging: Some(false), network: Some("wifi".into()), app_version: None };
    assert_eq!(report(quoted), Some(expected));
    assert_eq!(report(json!({"battery": -1, "power": "unknown", "network": ["x"], "version": ""})), None);
    assert_eq!(report(json!({"battery": 101})), None);
}

#[test]
fn it_is_recognised_by_its_names() {
    assert_eq!(Sender::of(&sms()), Some("bogkonstantin"));
    for name in ["/sentStamp", "/receivedStamp", "/from", "/text"] {
        assert_eq!(Sender::of(&sms().without(name)), None);
    }
}

#[test]
fn its_signature_covers_the_body_and_no_time() {
    let signed = |body: &str, signature: &str| sms().body(body).with("x-signature", signature);
    let right = signed(SMS, SIGNATURE);
    for (keys, now, expected) in [
        (&[KEY][..], 1_790_000_000, Ok(())),
        (&["new", KEY], 1_790_000_000, Ok(())),
        (&[KEY], 1_890_000_000, Ok(())),
        (&["new"], 1_790_000_000, Err(Unsigned::Wrong)),
    ] {
        assert_eq!(bogkonstantin().verifies(&right, keys, now, &[]), expected, "{keys:?}");
    }
    for wrong in [signed(&SMS.replace("482913", "482914"), SIGNATURE), signed("", SIGNATURE), signed(SMS, "")]
    {
        assert_eq!(bogkonstantin().verifies(&wrong, &[KEY], 0, &[]), Err(Unsigned::Wrong), "{wrong:?}");
    }
    assert_eq!(bogkonstantin().verifies(&sms(), &[KEY], 0, &[]), Err(Unsigned::Missing));
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(bogkonstantin().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    bogkonstantin().survives(&sms());
}
