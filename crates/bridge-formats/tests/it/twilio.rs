//! Twilio. The first signature is the worked example of the research; the others were made with python's hmac.

use bridge_formats::{Delivered, EventKind, Reply, Unsigned};

use crate::table::{FORM, Request, Sender};

const URL: &str = "https://sms.example.org/sms/receive?source=twilio";
const TOKEN: &str = "authtoken";
const SMS: &str = "AccountSid=AC0&Body=VERIFY+482913&From=%2B15550100001&MessageSid=SM1&To=%2B15550199999";
const SIGNATURE: &str = "674HO0y8giAs0EbQBgOWz6BcQRo=";
const NOW: i64 = 1_790_000_000;

fn twilio() -> Sender {
    Sender::named("twilio")
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "+15550100001".into(),
        text: "VERIFY 482913".into(),
        delivery_id: Some("SM1".into()),
        number: Some("+15550199999".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read_from_a_form_and_from_a_query() {
    assert_eq!(twilio().one(&Request::form(SMS)), verify_482913());
    assert_eq!(twilio().one(&Request::post("", SMS)), verify_482913());
    assert_eq!(twilio().one(&Request::get(&format!("/sms/receive/twilio?{SMS}"))), verify_482913());
    let full =
        format!("{SMS}&SmsSid=SM1&SmsStatus=received&NumMedia=0&NumSegments=1&ApiVersion=2010-04-01&ToCity=");
    assert_eq!(twilio().one(&Request::form(full)), verify_482913());
    let early = format!("{SMS}&SmsStatus=receiving");
    assert_eq!(twilio().one(&Request::form(early)), verify_482913());
    let old = twilio().one(&Request::form("From=1&Body=a&SmsSid=SM2"));
    assert_eq!((old.delivery_id.as_deref(), old.number), (Some("SM2"), None));
    assert_eq!(twilio().one(&Request::form("From=1&Body=a&MessageSid=&To=")).delivery_id, None);
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    twilio().carries(|sender, text| {
        let mut form = form_urlencoded::Serializer::new(SMS.replace("Body", "Was").replace("From", "By"));
        Request::form(form.append_pair("From", sender).append_pair("Body", text).finish())
    });
}

#[test]
fn what_is_missing_is_named() {
    for (body, reason) in [
        ("Body=a&MessageSid=SM1", "From is missing: the sender"),
        ("From=%2B1&MessageSid=SM1", "Body is missing: the text"),
        ("MessageSid=SM1", "From is missing: the sender; Body is missing: the text"),
        ("From=1&From=2&Body=a", "From must stand once"),
        ("", "the body is empty: send JSON or a form"),
    ] {
        assert_eq!(twilio().refuses(&Request::post(FORM, body)), reason);
    }
}

#[test]
fn what_is_no_received_sms_is_left_alone() {
    for body in [
        "MessageSid=SM1&MessageStatus=delivered&SmsStatus=delivered&From=%2B1&To=%2B2",
        "MessageSid=SM1&SmsStatus=sent&From=%2B1&Body=a",
    ] {
        twilio().tells(&Request::form(body), EventKind::DeliveryReport, None);
    }
}

#[test]
fn a_message_that_is_no_sms_is_kept_with_its_sender_and_text() {
    let told = |body: &str, kind, sender, text| {
        twilio().tells(&Request::form(body), kind, Some((sender, text)));
    };
    let media = "MessageSid=MM1&SmsStatus=received&From=%2B1&NumMedia=1&MediaUrl0=https://example.org/1";
    told(&format!("{media}&Body=a"), EventKind::Mms, "+1", "a");
    told(&format!("{media}&Body="), EventKind::Mms, "+1", "");
    told(media, EventKind::Mms, "+1", "");
    told("From=whatsapp%3A%2B1&Body=a&NumMedia=0", EventKind::OtherChannel, "whatsapp:+1", "a");
    told("From=rcs%3A%2B1&Body=a", EventKind::Rcs, "rcs:+1", "a");
}

#[test]
fn it_is_recognised_by_its_signature_and_its_ids() {
    assert!(twilio().recognises(&Request::form(SMS)));
    assert!(twilio().recognises(&Request::form("a=1").with("x-twilio-signature", "x")));
    assert!(!twilio().recognises(&Request::form("From=1&Body=a&MessageSid=1")));
}

#[test]
fn its_signature_covers_the_url_and_every_parameter() {
    let verifies = |body: &str, signature: &str, keys: &[&str], urls: &[&str]| {
        twilio().verifies(&Request::form(body).with("x-twilio-signature", signature), keys, NOW, urls)
    };
    let elsewhere = "http://127.0.0.1:8080/sms/receive?source=twilio";
    for (body, signature, keys, urls, expected) in [
        (SMS, SIGNATURE, &[TOKEN][..], &[URL][..], Ok(())),
        (SMS, SIGNATURE, &["other", TOKEN], &[URL], Ok(())),
        (SMS, SIGNATURE, &[TOKEN], &[elsewhere, URL], Ok(())),
        // Signed with the standard port in the URL.
        (SMS, "yibnJurMW2kpys0yP1OvJXGVcMw=", &[TOKEN], &[URL], Ok(())),
        (SMS, SIGNATURE, &[TOKEN], &[elsewhere], Err(Unsigned::Wrong)),
        (SMS, SIGNATURE, &[TOKEN], &[], Err(Unsigned::Wrong)),
        (SMS, SIGNATURE, &["other"], &[URL], Err(Unsigned::Wrong)),
        (SMS, SIGNATURE, &[], &[URL], Err(Unsigned::Wrong)),
        (SMS, "", &[TOKEN], &[URL], Err(Unsigned::Wrong)),
        (SMS, "yibnJurMW2kpys0yP1OvJXGVcMx=", &[TOKEN], &[URL], Err(Unsigned::Wrong)),
    ] {
        assert_eq!(verifies(body, signature, keys, urls), expected, "{signature} {urls:?}");
    }
    let altered = SMS.replace("482913", "482914");
    assert_eq!(verifies(&altered, SIGNATURE, &[TOKEN], &[URL]), Err(Unsigned::Wrong));
    let more = format!("{SMS}&Extra=1");
    assert_eq!(verifies(&more, SIGNATURE, &[TOKEN], &[URL]), Err(Unsigned::Wrong));
    // Names and values are joined without a mark: a name of other letters may have been made of a value.
    let named = |name: &str| format!("{SMS}&{name}=1");
    assert_eq!(verifies(&named("a_b"), "bbvGH1qnf/dpy/V/YYJLAJhCTCs=", &[TOKEN], &[URL]), Ok(()));
    assert_eq!(
        verifies(&named("a%20b"), "baT/MRbTxpe7pMOnzajkObXLn/c=", &[TOKEN], &[URL]),
        Err(Unsigned::Wrong)
    );
    assert_eq!(verifies(&named(""), "f1V66PG2BdrBVBHl+t4cRpvBxHU=", &[TOKEN], &[URL]), Err(Unsigned::Wrong));
    let repeated = format!("MessagingCountry=IN&{SMS}&Extra=&MessagingCountry=AE");
    assert_eq!(verifies(&repeated, "kSGJHQCG8L30sBT3Ebw/XuNPhxg=", &[TOKEN], &[URL]), Ok(()));
    let unicode = SMS.replace("VERIFY+482913", "gr%C3%BC%C3%9Fe+%F0%9F%98%80");
    assert_eq!(verifies(&unicode, "SJWPNcYUhc4ACXhRDvOGSYwxl9s=", &[TOKEN], &[URL]), Ok(()));
    assert_eq!(twilio().verifies(&Request::form(SMS), &[TOKEN], NOW, &[URL]), Err(Unsigned::Missing));
}

#[test]
fn of_a_get_the_url_alone_is_signed() {
    let url = format!("https://sms.example.org/sms/receive?{SMS}");
    let request = Request::get(&format!("/sms/receive?{SMS}"))
        .with("x-twilio-signature", "zCOSjMCt8cH4gQMtCye+duYgNNo=");
    assert_eq!(twilio().verifies(&request, &[TOKEN], NOW, &[&url]), Ok(()));
    assert_eq!(twilio().verifies(&request, &[TOKEN], NOW, &[URL]), Err(Unsigned::Wrong));
}

const JSON: &str = r#"{"AccountSid":"AC0","Body":"VERIFY 482913","From":"+15550100001","MessageSid":"SM1","To":"+15550199999"}"#;
const EVENTS: &str = r#"[{"specversion":"1.0","type":"com.twilio.messaging.inbound-message.received","source":"/2010-04-01/Accounts/AC0/Messages/SM1.json","id":"EZ1","dataschema":"https://events-schemas.twilio.com/Messaging.InboundMessageV1/1","datacontenttype":"application/json","time":"2026-09-22T12:03:12.000Z","data":{"numMedia":0,"timestamp":"2026-09-22T12:03:11.000Z","accountSid":"AC0","to":"+15550199999","numSegments":1,"messageSid":"SM1","eventName":"com.twilio.messaging.inbound-message.received","body":"VERIFY 482913","from":"+15550100001"}}]"#;

#[test]
fn json_is_read_and_signed_by_its_digest() {
    assert_eq!(twilio().one(&Request::json(JSON)), verify_482913());
    assert!(twilio().recognises(&Request::json(JSON)));
    let query = "source=twilio&bodySHA256=48f13bb41cfbe70ac101715d294fbeaa7b31bc6f2860a1e73da4018ece252ed5";
    let url = format!("https://sms.example.org/sms/receive?{query}");
    let signed = Request::json(JSON)
        .at(&format!("/sms/receive?{query}"))
        .with("x-twilio-signature", "AekcDnZHdwxcb4SQyyoV5Hs/gyo=");
    assert_eq!(twilio().verifies(&signed, &[TOKEN], NOW, &[&url]), Ok(()));
    assert_eq!(twilio().verifies(&signed, &["other"], NOW, &[&url]), Err(Unsigned::Wrong));
    let altered = signed.body(JSON.replace("482913", "482914"));
    assert_eq!(twilio().verifies(&altered, &[TOKEN], NOW, &[&url]), Err(Unsigned::Wrong));
}

#[test]
fn an_event_of_its_streams_is_read() {
    let event = Request::json(EVENTS);
    let stamp = Some(bridge_core::Timestamp(1_790_078_591_000).into());
    assert_eq!(twilio().one(&event), Delivered { stamp, ..verify_482913() });
    assert_eq!(Sender::of(&event), Some("twilio"));
    let media = event.set("/0/data/numMedia", serde_json::json!(1));
    twilio().tells(&media, EventKind::Mms, Some(("+15550100001", "VERIFY 482913")));
    let sent = event.set("/0/type", serde_json::json!("com.twilio.messaging.message.sent"));
    twilio().tells(&sent, EventKind::DeliveryReport, None);
    twilio().survives(&event);
}

#[test]
fn it_wants_to_hear_twiml() {
    assert_eq!(twilio().0.reply, Reply::Fixed { content_type: "text/xml", body: "<Response/>" });
}

#[test]
fn hostile_bodies_are_survived() {
    twilio().survives(&Request::form(SMS));
}
