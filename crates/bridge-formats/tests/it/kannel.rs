//! Kannel: a GET by template, and a POST whose body is the text.

use bridge_core::Timestamp;
use bridge_core::sms::Part;
use bridge_formats::{Delivered, Reply};

use crate::table::{Request, Sender};

fn kannel() -> Sender {
    Sender::named("kannel")
}

fn get(query: &str) -> Request {
    Request::get(&format!("/sms/receive/kannel?apiKey=s3cret&{query}"))
}

/// As smsbox posts it, in UTF-8.
fn post(body: impl AsRef<[u8]>) -> Request {
    Request::post("text/plain; charset=\"UTF-8\"", body)
        .with("user-agent", "Kannel/1.4.5")
        .with("x-kannel-from", "+15550100001")
        .with("x-kannel-to", "15550199999")
        .with("x-kannel-time", "2026-09-22 12:03:11")
        .with("x-kannel-smsc", "smpp1")
        .with("x-kannel-coding", "0")
        .with("x-kannel-service", "default")
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        number: Some("15550199999".into()),
        device: Some("smpp1".into()),
        ..Delivered::default()
    }
}

const TEMPLATE: &str = "sender=%2B15550100001&to=15550199999&message=VERIFY%20482913&ts=1790078591&id=f1a8&smsc=smpp1&coding=0&charset=UTF-8&udh=";

#[test]
fn an_sms_is_read_from_the_template() {
    let expected = Delivered { delivery_id: Some("f1a8".into()), ..verify_482913() };
    assert_eq!(kannel().one(&get(TEMPLATE)), expected);
    let couriers = kannel().one(&get("id=f1a8&ts=1790078591&sender=%2B15550100001&message=VERIFY+482913"));
    assert_eq!(couriers, Delivered { number: None, device: None, ..expected });
    for ts in ["2026-09-22+12:03:11", "1790078591000"] {
        assert_eq!(
            kannel().one(&get(&format!("sender=1&message=a&ts={ts}"))).stamp,
            verify_482913().stamp,
            "{ts}"
        );
    }
    let bare = kannel().one(&get("sender=1&message=&ts=&id=&to=&smsc="));
    assert_eq!(bare, Delivered { sender: "1".into(), ..Delivered::default() });
    let by_header = get("message=a").with("x-kannel-from", "+15550100001");
    assert_eq!(kannel().one(&by_header).sender, "+15550100001");
}

#[test]
fn an_sms_is_read_from_a_post() {
    assert_eq!(kannel().one(&post("VERIFY 482913")), verify_482913());
    let bare = Request::post("", "a").with("x-kannel-from", "1");
    assert_eq!(
        kannel().one(&bare),
        Delivered { sender: "1".into(), text: "a".into(), ..Delivered::default() }
    );
    assert_eq!(kannel().one(&post("from=+1&text=a&message=b")).text, "from=+1&text=a&message=b");
}

#[test]
fn the_text_is_in_the_alphabet_that_it_says() {
    for (fields, text) in [
        ("charset=UTF-16BE&coding=2&message=%00V%00E%09%28%d8%3d%de%00", "VE\u{928}\u{1f600}"),
        ("charset=UTF16-BE&message=%00V%00E", "VE"),
        ("coding=2&message=%00V%00E", "VE"),
        ("charset=&coding=2&message=%00V%00E", "VE"),
        ("charset=ISO-8859-1&message=caf%e9", "caf\u{e9}"),
        ("charset=UTF-8&coding=2&message=caf%c3%a9", "caf\u{e9}"),
        ("charset=8-BIT&coding=1&message=caf%e9", "caf\\xe9"),
        ("message=caf%e9%00", "caf\\xe9\\u0000"),
    ] {
        assert_eq!(kannel().one(&get(&format!("sender=1&{fields}"))).text, text, "{fields}");
    }
    for (kind, body, text) in [
        ("text/plain; charset=\"UTF-16BE\"", &b"\x00V\x00E\x09\x28"[..], "VE\u{928}"),
        ("text/plain; Charset=iso-8859-1", b"caf\xe9", "caf\u{e9}"),
        ("text/plain", b"caf\xc3\xa9", "caf\u{e9}"),
        ("application/octet-stream", b"caf\xe9\x00", "caf\\xe9\\u0000"),
        ("text/plain", b"", ""),
    ] {
        assert_eq!(kannel().one(&post(body).with("content-type", kind)).text, text, "{kind}");
    }
}

#[test]
fn a_part_says_which_it_is() {
    let second_of_two = Some(Part { reference: "161".into(), total: 2, number: 2 });
    for (header, expected) in [
        ("%05%00%03%a1%02%02", &second_of_two),
        ("050003A10202", &second_of_two),
        ("%06%05%04%15%81%15%81", &None),
        ("", &None),
    ] {
        assert_eq!(
            &kannel().one(&get(&format!("sender=1&message=a&udh={header}"))).part,
            expected,
            "{header}"
        );
        assert_eq!(&kannel().one(&post("a").with("x-kannel-udh", header)).part, expected, "{header}");
    }
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    kannel().carries(|sender, text| {
        let mut form = form_urlencoded::Serializer::new("ts=1790078591".to_owned());
        get(&form.append_pair("sender", sender).append_pair("message", text).finish())
    });
    kannel().carries(|sender, text| post(text).with("x-kannel-from", sender));
}

#[test]
fn the_coding_tells_the_letters_where_no_charset_does() {
    for (said, text) in [
        ("coding=2", "\u{6162}"),
        ("charset=&coding=2", "\u{6162}"),
        ("charset=UTF-8&coding=2", "ab"),
        ("coding=0", "ab"),
        ("charset=", "ab"),
    ] {
        assert_eq!(kannel().one(&get(&format!("sender=1&message=ab&{said}"))).text, text, "{said}");
    }
}

#[test]
fn what_is_missing_is_named() {
    for (query, reason) in [
        ("message=a", "sender is missing: the sender, as sender=%p"),
        ("sender=1", "message is missing: the text, as message=%b"),
        ("sender=1&sender=2&message=a", "sender must stand once"),
    ] {
        assert_eq!(kannel().refuses(&get(query)), reason);
    }
    let stamp = kannel().one(&get("sender=1&message=a&ts=%25T")).stamp;
    assert_eq!(stamp, Some(bridge_core::Stamp::Unreadable("%T".into())), "it costs no SMS (D40)");
    assert_eq!(
        kannel().refuses(&Request::post("text/plain", "a").with("x-kannel-to", "2")),
        "X-Kannel-From is missing: the sender: set `send-sender = true` in Kannel's sms-service"
    );
    let stamp = kannel().one(&post("a").with("x-kannel-time", "noon")).stamp;
    assert_eq!(stamp, Some(bridge_core::Stamp::Unreadable("noon".into())), "it costs no SMS (D40)");
}

#[test]
fn it_is_recognised_by_its_headers() {
    assert!(kannel().recognises(&post("a")));
    assert!(kannel().recognises(&get("a=1").with("user-agent", "Kannel/svn-r5313")));
    assert!(kannel().recognises(&Request::post("", "a").with("x-kannel-to", "1")));
    assert!(!kannel().recognises(&get(TEMPLATE)));
}

#[test]
fn it_signs_nothing_and_sends_every_word_it_hears_to_the_user() {
    assert!(kannel().0.verify.is_none());
    assert_eq!(kannel().0.reply, Reply::Fixed { content_type: "text/plain", body: "" });
}

#[test]
fn hostile_bodies_are_survived() {
    kannel().survives(&post("VERIFY 482913"));
}
