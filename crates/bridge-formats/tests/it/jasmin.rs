//! Jasmin: the bytes of the network in the alphabets of SMPP.

use bridge_formats::{Delivered, Reply};

use crate::table::{Request, Sender};

/// The worked example of the research: `VERIFY` in UCS-2.
const UCS2: &str =
    "id=m1&from=15550100001&to=15550199999&coding=8&binary=005600450052004900460059&origin-connector=smpp1";

fn jasmin() -> Sender {
    Sender::named("jasmin")
}

fn verify() -> Delivered {
    Delivered {
        sender: "15550100001".into(),
        text: "VERIFY".into(),
        delivery_id: Some("m1".into()),
        number: Some("15550199999".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read_from_a_form_and_from_a_query() {
    assert_eq!(jasmin().one(&Request::form(UCS2)), verify());
    assert_eq!(jasmin().one(&Request::get(&format!("/sms/receive/jasmin?{UCS2}"))), verify());
    let gsm = "id=m1&from=15550100001&to=15550199999&origin-connector=smpp1&priority=1&coding=0&validity=None&content=VERIFY&binary=564552494659";
    assert_eq!(jasmin().one(&Request::form(gsm)), verify());
    assert_eq!(
        jasmin().one(&Request::form("from=1&content=a&id=&to=")),
        Delivered { sender: "1".into(), text: "a".into(), ..Delivered::default() }
    );
}

#[test]
fn the_text_is_in_the_alphabet_that_coding_says() {
    for (fields, text) in [
        ("coding=8&binary=0939093f00a0d83dde00", "\u{939}\u{93f}\u{a0}\u{1f600}"),
        ("coding=8&binary=d83d0061", "\\ud83da"),
        ("coding=8&content=%00V%00E", "VE"),
        ("coding=8&binary=00&content=", "\\x00"),
        ("coding=0&content=%00%02%11%1Be", "@$_\u{20ac}"),
        ("coding=0&binary=0002111b65", "@$_\u{20ac}"),
        ("coding=0&binary=636166e9", "caf\u{e9}"),
        ("coding=0&content=caf%C3%A9", "caf\u{e9}"),
        ("coding=1&binary=40245f", "@$_"),
        ("coding=3&binary=636166e9", "caf\u{e9}"),
        ("coding=4&binary=636166e9", "caf\\xe9"),
        ("coding=4&binary=636166c3a9", "caf\u{e9}"),
        ("coding=UCS2&binary=5645", "VE"),
        ("binary=5645", "VE"),
        ("content=caf%C3%A9", "caf\u{e9}"),
        ("coding=0&binary=0G&content=VE", "VE"),
        ("coding=0&binary=564&content=VE", "VE"),
        ("coding=0&binary=&content=VE", "VE"),
        ("coding=0&binary=&content=", ""),
        ("coding=0&binary=", ""),
        ("coding=0&content=", ""),
    ] {
        assert_eq!(jasmin().one(&Request::form(format!("from=1&{fields}"))).text, text, "{fields}");
    }
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    let form = |sender: &str, name: &str, text: &str, coding: &str| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("from", sender).append_pair("coding", coding).append_pair(name, text);
        Request::form(form.finish())
    };
    jasmin().carries(|sender, text| form(sender, "content", text, "4"));
    jasmin().carries(|sender, text| {
        let hex: String = text.encode_utf16().map(|unit| format!("{unit:04X}")).collect();
        form(sender, "binary", &hex, "8")
    });
}

#[test]
fn what_is_missing_is_named() {
    for (body, reason) in [
        ("coding=0&content=a", "from is missing: the sender"),
        ("from=1&coding=0", "content is missing: the text, unless `binary` holds it"),
        ("from=1&coding=0&binary=0G", "binary is not hex"),
        ("id=m1", "from is missing: the sender; content is missing: the text, unless `binary` holds it"),
    ] {
        assert_eq!(jasmin().refuses(&Request::form(body)), reason);
    }
}

#[test]
fn a_delivery_receipt_is_left_alone() {
    jasmin().leaves_alone(&Request::form(
        "id=m1&message_status=DELIVRD&level=2&connector=smpp1&id_smsc=2567&text=VERIFY",
    ));
}

#[test]
fn it_is_recognised_by_its_connector() {
    assert!(jasmin().recognises(&Request::form(UCS2)));
    assert!(!jasmin().recognises(&Request::form("id=m1&from=1&to=2&content=a")));
}

#[test]
fn it_signs_nothing_and_wants_its_acknowledgement() {
    assert!(jasmin().0.verify.is_none());
    assert_eq!(jasmin().0.reply, Reply::Fixed { content_type: "text/plain", body: "ACK/Jasmin" });
}

#[test]
fn hostile_bodies_are_survived() {
    jasmin().survives(&Request::form(UCS2));
}
