//! SMSGate. The signature is the one of the research; the others were made with python's hmac.

use bridge_core::Timestamp;
use bridge_formats::{Content, Delivered, EventKind, Reply, Report, Unsigned};
use serde_json::{Value, json};

use crate::table::{Request, Sender};

const SMS: &str = r#"{"deviceId":"ffffffffceb0b1db0000018e937c815b","event":"sms:received","id":"Ey6ECgOkVVFjz3CL48B8C","payload":{"message":"VERIFY 482913","messageId":"a1b2c3d4","phoneNumber":"+15550100001","receivedAt":"2026-09-22T14:03:11.000+02:00","recipient":"+15550199999","sender":"+15550100001","simNumber":1},"webhookId":"wh-1"}"#;
const OLD: &str = r#"{"deviceId":"d1","event":"sms:received","id":"n1","payload":{"message":"VERIFY 482913","messageId":"a1b2c3d4","phoneNumber":"+15550100001","receivedAt":"2026-01-02T14:03:11.000+02:00","simNumber":1},"webhookId":"wh-1"}"#;
const PING: &str = r#"{"deviceId":"d1","event":"system:ping","id":"n3","payload":{"health":{"checks":{"messages:failed":{"observedValue":0},"connection:status":{"observedValue":1},"connection:transport":{"description":"Network transport type","observedUnit":"flags","observedValue":4,"status":"pass"},"battery:level":{"observedUnit":"percent","observedValue":94},"battery:charging":{"observedValue":4}},"releaseId":1,"status":"pass","version":"1.68.0"}},"webhookId":"wh-2"}"#;
const KEY: &str = "test-signing-key";
const SIGNATURE: &str = "e31093e571afb3174b9a367c25cfef42ff7ee79b15954989a19544f1c5b42fb5";
const SIGNED_AT: i64 = 1_790_000_000;

fn smsgate() -> Sender {
    Sender::named("smsgate")
}

fn sms() -> Request {
    Request::json(SMS)
}

fn verify_482913() -> Delivered {
    Delivered {
        also_sender: Vec::new(),
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("Ey6ECgOkVVFjz3CL48B8C".into()),
        number: Some("+15550199999".into()),
        device: Some("ffffffffceb0b1db0000018e937c815b/sim1".into()),
        content_id: Some("a1b2c3d4".into()),
        part: None,
    }
}

#[test]
fn an_sms_is_read() {
    assert_eq!(smsgate().one(&sms()), verify_482913());
    assert_eq!(smsgate().one(&Request::post("", SMS)), verify_482913());
    for (pointer, value) in [
        ("/payload/receivedAt", json!("2026-09-22T12:03:11Z")),
        ("/payload/receivedAt", json!(1_790_078_591)),
        ("/payload/receivedAt", json!("1790078591000")),
        ("/payload/simNumber", json!("1")),
        ("/payload/phoneNumber", json!("+15550100002")),
        ("/payload/partsCount", json!([1, {"a": 2}])),
        ("/webhookId", Value::Null),
    ] {
        assert_eq!(smsgate().one(&sms().set(pointer, value)), verify_482913(), "{pointer}");
    }
}

#[test]
fn a_version_before_1_54_names_no_sender_and_no_recipient() {
    let read = smsgate().one(&Request::json(OLD));
    assert_eq!((read.sender.as_str(), read.number), ("+15550100001", None));
    assert_eq!((read.device.as_deref(), read.content_id.as_deref()), (Some("d1/sim1"), Some("a1b2c3d4")));
    let null = sms().set("/payload/sender", Value::Null).set("/payload/recipient", Value::Null);
    assert_eq!(smsgate().one(&null), Delivered { number: None, ..verify_482913() });
}

#[test]
fn what_is_empty_or_not_told_stays_open() {
    for (pointer, expected) in [
        ("/payload/recipient", Delivered { number: None, ..verify_482913() }),
        ("/payload/messageId", Delivered { content_id: None, ..verify_482913() }),
        ("/payload/receivedAt", Delivered { stamp: None, ..verify_482913() }),
        ("/id", Delivered { delivery_id: None, ..verify_482913() }),
        ("/deviceId", Delivered { device: None, ..verify_482913() }),
        (
            "/payload/simNumber",
            Delivered { device: Some("ffffffffceb0b1db0000018e937c815b".into()), ..verify_482913() },
        ),
    ] {
        assert_eq!(smsgate().one(&sms().without(pointer)), expected, "{pointer}");
        assert_eq!(smsgate().one(&sms().set(pointer, Value::Null)), expected, "{pointer}");
        assert_eq!(smsgate().one(&sms().set(pointer, json!(""))), expected, "{pointer}");
    }
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    smsgate().carries(|sender, text| {
        sms().set("/payload/sender", json!(sender)).set("/payload/message", json!(text))
    });
    let halved = SMS.replace("VERIFY 482913", "a\\ud83d");
    assert_eq!(smsgate().one(&Request::json(halved)).text, "a\\ud83d");
    let (before, after) = SMS.split_once("VERIFY 482913").unwrap();
    let latin1 = [before.as_bytes(), b"caf\xe9", after.as_bytes()].concat();
    assert_eq!(smsgate().one(&Request::json(latin1)).text, "caf\\xe9");
}

#[test]
fn what_is_missing_is_named() {
    let neither = sms().without("/payload/sender").without("/payload/phoneNumber");
    assert_eq!(smsgate().refuses(&neither), "payload.sender is missing: the sender");
    assert_eq!(smsgate().refuses(&sms().without("/payload/message")), "payload.message is missing: the text");
    assert_eq!(
        smsgate().refuses(
            &sms()
                .set("/payload/message", json!(["a"]))
                .without("/payload/sender")
                .without("/payload/phoneNumber")
        ),
        "payload.sender is missing: the sender; payload.message must be a text, not a list",
    );
    let stamp = smsgate().one(&sms().set("/payload/receivedAt", json!("noon"))).stamp;
    assert_eq!(stamp, Some(bridge_core::Stamp::Unreadable("noon".into())), "it costs no SMS (D40)");
    assert_eq!(smsgate().refuses(&sms().without("/event")), "event is missing: which event this is");
    for body in
        ["", "[]", "7", r#"{"event":"sms:received"}"#, r#"{"event":"sms:received","payload":7}"#, "event=x"]
    {
        let refused = smsgate().refuses(&Request::json(body));
        assert!(refused.starts_with("the body is not as expected: "), "{refused}");
    }
    let twice = SMS.replace(r#""simNumber":1"#, r#""sender":"+15550100002""#);
    assert!(smsgate().refuses(&Request::json(twice)).contains("duplicate field `sender`"));
}

#[test]
fn a_batch_is_read_row_by_row() {
    let row = json!({"messageId": "a1", "message": "one", "sender": "+15550100001", "receivedAt": "2026-09-22T14:03:11.000+02:00"});
    let messages = json!([row, {"messageId": "a2", "message": "two"}, 7, {"message": "", "phoneNumber": "+15550100002"}]);
    let batch = json!({"deviceId": "d1", "event": "sms:batch:received", "id": "n2", "payload": {"messages": messages}, "webhookId": "wh-1"});
    let Content { sms, unusable, report, .. } = smsgate().reads(&Request::json(batch.to_string())).unwrap();
    let expected = Delivered {
        sender: "+15550100001".into(),
        text: "one".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("n2/0".into()),
        device: Some("d1".into()),
        content_id: Some("a1".into()),
        ..Delivered::default()
    };
    assert_eq!(sms[0], expected);
    assert_eq!((sms[1].text.as_str(), sms[1].delivery_id.as_deref()), ("", Some("n2/3")));
    let reasons: Vec<_> = unusable.iter().map(bridge_formats::Unusable::reason).collect();
    assert_eq!(
        reasons,
        ["payload.messages[1].sender is missing: the sender", "payload.messages[2] is no object"]
    );
    assert_eq!((sms.len(), report), (2, None));
    let empty = batch.to_string().replace(&messages.to_string(), "[]");
    smsgate().leaves_alone(&Request::json(empty));
}

#[test]
fn a_ping_is_a_sign_of_life() {
    let healthy = Report {
        battery: Some(94),
        charging: Some(true),
        network: Some("wifi".into()),
        app_version: Some("1.68.0".into()),
    };
    assert_eq!(smsgate().reports(&Request::json(PING)), healthy);
    let named = Request::json(PING).with("user-agent", "me.capcom.smsgateway/1.67.1");
    assert_eq!(smsgate().reports(&named), Report { app_version: Some("1.67.1".into()), ..healthy.clone() });
    for (flag, network) in
        [(0, Some("none")), (1, None), (2, Some("cellular")), (8, Some("ethernet")), (6, None)]
    {
        let ping =
            PING.replace(r#""observedValue":4,"status""#, &format!(r#""observedValue":{flag},"status""#));
        assert_eq!(smsgate().reports(&Request::json(ping)).network.as_deref(), network);
    }
    let away = Request::json(PING.replace(r#"ging":{"observedValue":4}"#, r#"ging":{"observedValue":0}"#));
    assert_eq!(smsgate().reports(&away).charging, Some(false));
    for (level, battery) in
        [("0", Some(0)), ("100", Some(100)), ("300", Some(100)), ("-1", None), ("\"9\"", None)]
    {
        let ping = PING.replace(r#""observedValue":94"#, &format!(r#""observedValue":{level}"#));
        assert_eq!(smsgate().reports(&Request::json(ping)).battery, battery, "{level}");
    }
    for payload in
        [json!({}), json!({"health": 7}), json!(null), json!([]), json!({"health": {"checks": []}})]
    {
        let bare = Request::json(PING).set("/payload", payload);
        assert_eq!(smsgate().reports(&bare), Report::default());
    }
}

#[test]
fn a_start_of_the_app_is_a_sign_of_life_and_the_rest_is_left_alone() {
    let event = |name: &str, payload: Value| sms().set("/event", json!(name)).set("/payload", payload);
    let started = event("app:started", json!({"simCards": [{"slotIndex": 0}]}));
    assert_eq!(smsgate().reports(&started), Report::default());
    assert_eq!(smsgate().reports(&started.without("/payload")), Report::default());
    for name in [
        "sms:sent",
        "sms:delivered",
        "sms:failed",
        "sms:cancelled",
        "sms:data-received",
        "sms:batch:data-received",
        "mms:received",
        "mms:downloaded",
        "mms:batch:received",
        "something:new",
    ] {
        for payload in [
            json!({"messageId": "a1", "data": "aGk=", "phoneNumber": "+15550100001"}),
            json!([]),
            Value::Null,
        ] {
            smsgate().leaves_alone(&event(name, payload));
        }
    }
}

#[test]
fn a_message_that_is_no_sms_is_kept_with_its_sender_and_text() {
    let event = |name: &str, payload: Value| sms().set("/event", json!(name)).set("/payload", payload);
    let mms = json!({"messageId": "a1", "sender": "+1", "phoneNumber": "+1", "subject": "hi", "size": 7});
    let downloaded = json!({"messageId": "a1", "sender": "+1", "body": "ONBOARD:a06f", "subject": "hi", "attachments": []});
    let both = json!({"messages": [mms, downloaded]});
    smsgate().tells(&event("mms:received", mms), EventKind::Mms, Some(("+1", "hi")));
    smsgate().tells(&event("mms:downloaded", downloaded), EventKind::Mms, Some(("+1", "ONBOARD:a06f")));
    smsgate().tells(&event("mms:downloaded", Value::Null), EventKind::Mms, Some(("", "")));
    let batch = smsgate().reads(&event("mms:batch:received", both)).unwrap();
    assert_eq!(batch.events.len(), 2);
    let data = json!({"sender": "+1", "data": "aGk="});
    smsgate().tells(&event("sms:data-received", data), EventKind::Binary, Some(("+1", "")));
    let rcs = json!({"sender": "+1", "body": "x"});
    smsgate().tells(&event("rcs:received", rcs.clone()), EventKind::Rcs, Some(("+1", "x")));
    smsgate().tells(&event("new:data", rcs.clone()), EventKind::Other, None);
    smsgate().tells(&event("sms:new", rcs), EventKind::Other, None);
    smsgate().tells(&event("sms:delivered", json!([])), EventKind::DeliveryReport, None);
    smsgate().tells(&event("something:new", json!([])), EventKind::Other, None);
}

#[test]
fn it_is_recognised_by_its_user_agent_and_its_names() {
    assert_eq!(Sender::of(&sms()), Some("smsgate"));
    assert_eq!(Sender::of(&Request::json(PING)), Some("smsgate"));
    assert!(smsgate().recognises(&Request::json("{}").with("user-agent", "me.capcom.smsgateway/1.68.0")));
    for other in [sms().without("/webhookId"), sms().without("/event"), sms().without("/payload")] {
        assert!(!smsgate().recognises(&other.clone().with("user-agent", "okhttp/4.12")), "{other:?}");
    }
}

#[test]
fn a_version_that_loses_sms_is_warned_of() {
    let version = |agent: &str| sms().with("user-agent", agent).incoming(smsgate().0.version.unwrap());
    assert_eq!(version("me.capcom.smsgateway/1.66.2 Ktor client").as_deref(), Some("1.66.2"));
    assert_eq!((version("okhttp/4.12"), version("me.capcom.smsgateway/")), (None, None));
    let warning = smsgate().0.warning.unwrap();
    for (version, word) in [
        ("1.0.0", Some("forgets")),
        ("1.51.9", Some("forgets")),
        ("1.52.0", None),
        ("1.65.1", None),
        ("1.65.2", Some("drops")),
        ("1.66.0-beta1", Some("drops")),
        ("1.66.1", Some("drops")),
        ("1.66.2", None),
        ("1.67", None),
        ("2.0.0", None),
        ("", None),
        ("dev", None),
        ("99999999999.1.1", None),
    ] {
        assert_eq!(
            warning(version).map(|text| text.contains(word.unwrap_or("?"))),
            word.map(|_| true),
            "{version}"
        );
    }
}

#[test]
fn its_signature_covers_the_body_and_a_fresh_stamp() {
    let signed = |body: &str, signature: &str, stamp: &str| {
        Request::json(body).with("x-signature", signature).with("x-timestamp", stamp)
    };
    let right = signed(SMS, SIGNATURE, "1790000000");
    for (keys, now, expected) in [
        (&[KEY][..], SIGNED_AT, Ok(())),
        (&["new", KEY], SIGNED_AT, Ok(())),
        (&[KEY, "new"], SIGNED_AT + 300, Ok(())),
        (&[KEY], SIGNED_AT - 300, Ok(())),
        (&[KEY], SIGNED_AT + 301, Err(Unsigned::Stale)),
        (&[KEY], SIGNED_AT - 301, Err(Unsigned::Stale)),
        (&["new", ""], SIGNED_AT, Err(Unsigned::Wrong)),
        (&[], SIGNED_AT, Err(Unsigned::Wrong)),
    ] {
        assert_eq!(smsgate().verifies(&right, keys, now, &[]), expected, "{keys:?} {now}");
    }
    for wrong in [
        signed(&SMS.replace("482913", "482914"), SIGNATURE, "1790000000"),
        signed(SMS, SIGNATURE, "1790000001"),
        signed(SMS, "", "1790000000"),
        signed(SMS, &SIGNATURE[..63], "1790000000"),
    ] {
        assert_eq!(smsgate().verifies(&wrong, &[KEY], SIGNED_AT, &[]), Err(Unsigned::Wrong), "{wrong:?}");
    }
    for half in [sms(), sms().with("x-signature", SIGNATURE), sms().with("x-timestamp", "1790000000")] {
        assert_eq!(smsgate().verifies(&half, &[KEY], SIGNED_AT, &[]), Err(Unsigned::Missing));
    }
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(smsgate().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    for valid in [SMS, PING] {
        smsgate().survives(&Request::json(valid));
    }
}
