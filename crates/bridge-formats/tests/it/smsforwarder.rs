//! SmsForwarder. The signature was made with python's hmac, base64 and urllib.

use bridge_core::Timestamp;
use bridge_formats::{Delivered, Reply, Unsigned};
use serde_json::json;

use crate::table::{Request, Sender};

const KEY: &str = "test-signing-key";
const SIGN: &str = "HG4BT2BBbH8U2/nTmzoz/sSjMNUDRocevpsPHC3G9Hw=";
/// As the app writes it into a form: encoded by itself, and once more by its HTTP client.
const FORM: &str = "from=%2B15550100001&content=VERIFY+482913&timestamp=1790078593000&sign=HG4BT2BBbH8U2%252FnTmzoz%252FsSjMNUDRocevpsPHC3G9Hw%253D";
const BARE: &str = "from=%2B15550100001&content=VERIFY+482913&timestamp=1790078593000";
const SIGNED_AT: i64 = 1_790_078_593;

fn smsforwarder() -> Sender {
    Sender::named("smsforwarder")
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_593_000).into()),
        ..Delivered::default()
    }
}

/// The three ways in which the app sends the same.
fn ways() -> [Request; 3] {
    let json = json!({"from": "+15550100001", "content": "VERIFY 482913", "timestamp": "1790078593000",
        "sign": "HG4BT2BBbH8U2%2FnTmzoz%2FsSjMNUDRocevpsPHC3G9Hw%3D"});
    let query = FORM.replace("%25", "%");
    [
        Request::form(FORM),
        Request::json(json.to_string()),
        Request::get(&format!("/sms/receive/smsforwarder?{query}")),
    ]
}

#[test]
fn an_sms_is_read() {
    for way in ways() {
        assert_eq!(smsforwarder().one(&way), verify_482913(), "{way:?}");
    }
    assert_eq!(smsforwarder().one(&Request::form(BARE)), verify_482913());
    assert!(smsforwarder().0.takes_get);
}

#[test]
fn a_template_of_the_guide_tells_the_time_and_the_phone() {
    let with = |more: &str| smsforwarder().one(&Request::form(format!("{FORM}&{more}")));
    let told = with("receive_time=2026-09-22T14%3A03%3A11%2B02%3A00&card_slot=SIM1_O2&device_mark=shelf");
    let expected = Delivered {
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        device: Some("shelf/SIM1_O2".into()),
        ..verify_482913()
    };
    assert_eq!(told, expected);
    assert_eq!(with("card_slot=SIM2").device.as_deref(), Some("SIM2"));
    assert_eq!(with("card_slot=&device_mark="), verify_482913());
    // In a zone that it does not name.
    assert_eq!(with("receive_time=2026-09-22+14:03:11"), verify_482913());
}

#[test]
fn a_decorated_text_is_kept_as_it_is() {
    let decorated = "content=+15550100001%0AVERIFY+482913%0ASIM1%0A2026-09-22+14%3A03%3A11%0Ashelf";
    let read = smsforwarder().one(&Request::form(BARE.replace("content=VERIFY+482913", decorated)));
    assert_eq!(read.text, " 15550100001\nVERIFY 482913\nSIM1\n2026-09-22 14:03:11\nshelf");
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    let pairs = |sender: &str, text: &str| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("from", sender).append_pair("content", text).finish()
    };
    smsforwarder().carries(|sender, text| Request::form(pairs(sender, text)));
    smsforwarder()
        .carries(|sender, text| Request::get(&format!("/sms/receive/smsforwarder?{}", pairs(sender, text))));
    smsforwarder()
        .carries(|sender, text| Request::json(json!({"from": sender, "content": text}).to_string()));
    assert_eq!(smsforwarder().one(&Request::form("from=1&content=caf%E9")).text, "caf\\xe9");
}

#[test]
fn what_is_missing_is_named() {
    for (body, reason) in [
        ("content=a", "from is missing: the sender"),
        ("from=%2B15550100001", "content is missing: the text"),
        ("x=1", "from is missing: the sender; content is missing: the text"),
        ("from=1&content=a&content=b", "content must stand once"),
        ("", "the body is empty: send JSON or a form"),
    ] {
        assert_eq!(smsforwarder().refuses(&Request::form(body)), reason);
    }
    let stamp = smsforwarder().one(&Request::form("from=1&content=a&timestamp=soon")).stamp;
    assert_eq!(stamp, Some(bridge_core::Stamp::Unreadable("soon".into())), "it costs no SMS (D40)");
}

#[test]
fn it_is_recognised_by_its_signature() {
    for way in ways() {
        assert_eq!(Sender::of(&way), Some("smsforwarder"), "{way:?}");
    }
    assert_eq!(Sender::of(&Request::form(BARE)), None);
}

#[test]
fn its_signature_covers_a_fresh_stamp_and_not_the_body() {
    for right in ways() {
        for (keys, now, expected) in [
            (&[KEY][..], SIGNED_AT, Ok(())),
            (&["new", KEY], SIGNED_AT, Ok(())),
            (&[KEY, "new"], SIGNED_AT + 300, Ok(())),
            (&[KEY], SIGNED_AT + 301, Err(Unsigned::Stale)),
            (&[KEY], SIGNED_AT - 301, Err(Unsigned::Stale)),
            (&["new"], SIGNED_AT, Err(Unsigned::Wrong)),
            (&[], SIGNED_AT, Err(Unsigned::Wrong)),
        ] {
            assert_eq!(smsforwarder().verifies(&right, keys, now, &[]), expected, "{right:?} {keys:?} {now}");
        }
    }
    let signed = |stamp: &str, sign: &str| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        Request::form(form.append_pair("timestamp", stamp).append_pair("sign", sign).finish())
    };
    assert_eq!(smsforwarder().verifies(&signed("1790078593000", SIGN), &[KEY], SIGNED_AT, &[]), Ok(()));
    for (stamp, sign) in [
        ("1790078593001", SIGN),
        ("1790078593", SIGN),
        ("1790078593000", ""),
        ("1790078593000", "not base64"),
        ("1790078593000", "%zz%ff%"),
        ("1790078593000", &SIGN[4..]),
    ] {
        let wrong = signed(stamp, sign);
        assert_eq!(smsforwarder().verifies(&wrong, &[KEY], SIGNED_AT, &[]), Err(Unsigned::Wrong), "{sign}");
    }
    for half in [BARE, "from=1&content=a&sign=x", "", "sign[]=1"] {
        let half = Request::form(half);
        assert_eq!(
            smsforwarder().verifies(&half, &[KEY], SIGNED_AT, &[]),
            Err(Unsigned::Missing),
            "{half:?}"
        );
    }
}

#[test]
fn it_does_not_care_what_it_hears() {
    assert_eq!(smsforwarder().0.reply, Reply::Ours);
}

#[test]
fn hostile_bodies_are_survived() {
    for way in &ways()[..2] {
        smsforwarder().survives(way);
    }
}
