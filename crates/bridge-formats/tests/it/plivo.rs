//! Plivo. The first signature is the worked example of the research; the other was made with python's hmac.

use bridge_formats::{Delivered, EventKind, Reply, Unsigned};

use crate::table::{Request, Sender};

const SMS: &str = "From=15550100001&To=15550199999&Text=VERIFY+482913&Type=sms&MessageUUID=u1";
const URL: &str = "https://sms.example.org/sms/receive";
const NONCE: &str = "12345";
const BY_ACCOUNT: &str = "bUHJKfMtoeieKsfkHBFHzcM4DJHv1vaE2E+IdM1fym8=";
const BY_MAIN_ACCOUNT: &str = "Zyxs3e0g6iOn5280a7wkjD/AY7I9P43ZKuryPs/OVzI=";
const NOW: i64 = 1_790_000_000;

fn plivo() -> Sender {
    Sender::named("plivo")
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "15550100001".into(),
        text: "VERIFY 482913".into(),
        delivery_id: Some("u1".into()),
        number: Some("15550199999".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read_from_a_form_and_from_a_query() {
    assert_eq!(plivo().one(&Request::form(SMS)), verify_482913());
    assert_eq!(plivo().one(&Request::get(&format!("/sms/receive/plivo?{SMS}"))), verify_482913());
    let full = format!("{SMS}&TotalRate=0&Units=1&TotalAmount=0&MCC=310&MNC=004");
    assert_eq!(plivo().one(&Request::form(full)), verify_482913());
    let bare = plivo().one(&Request::form("From=1&Text=a&MessageUUID="));
    assert_eq!((bare.delivery_id, bare.number, bare.stamp), (None, None, None));
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    plivo().carries(|sender, text| {
        let mut form = form_urlencoded::Serializer::new("Type=sms".to_owned());
        Request::form(form.append_pair("From", sender).append_pair("Text", text).finish())
    });
}

#[test]
fn what_is_missing_is_named() {
    for (body, reason) in [
        ("To=2&Text=a", "From is missing: the sender"),
        ("From=1&To=2", "Text is missing: the text"),
        ("MessageUUID=u1", "From is missing: the sender; Text is missing: the text"),
    ] {
        assert_eq!(plivo().refuses(&Request::form(body)), reason);
    }
}

#[test]
fn what_is_no_received_sms_is_left_alone() {
    for body in [
        "Status=delivered&From=13342031111&ParentMessageUUID=83876bdb&To=918553651111&Units=1&MessageUUID=83876bdb",
        "From=1&To=2&Type=mms&Text=a&Media0=https%3A%2F%2Fexample.org%2F1&MessageUUID=u1",
    ] {
        plivo().leaves_alone(&Request::form(body));
    }
}

#[test]
fn a_message_that_is_no_sms_is_kept_with_its_sender_and_text() {
    for (kind, told) in
        [("mms", EventKind::Mms), ("MMS", EventKind::Mms), ("whatsapp", EventKind::OtherChannel)]
    {
        plivo().tells(&Request::form(format!("From=1&To=2&Type={kind}&Text=a")), told, Some(("1", "a")));
    }
}

#[test]
fn it_is_recognised_by_its_nonce_and_its_id() {
    assert!(plivo().recognises(&Request::form(SMS)));
    assert!(plivo().recognises(&Request::form("a=1").with("x-plivo-signature-v2-nonce", NONCE)));
    assert!(!plivo().recognises(&Request::form("From=1&To=2&Text=a")));
}

#[test]
fn its_signature_covers_the_url_and_a_nonce() {
    let signed = |name: &str, signature: &str| {
        Request::form(SMS).with("x-plivo-signature-v2-nonce", NONCE).with(name, signature)
    };
    let verifies =
        |request: &Request, keys: &[&str], urls: &[&str]| plivo().verifies(request, keys, NOW, urls);
    let right = signed("x-plivo-signature-v2", BY_ACCOUNT);
    let with_query = "https://sms.example.org/sms/receive?source=plivo";
    for (keys, urls, expected) in [
        (&["authtoken"][..], &[URL][..], Ok(())),
        (&["new", "authtoken"], &[URL], Ok(())),
        (&["authtoken"], &[with_query], Ok(())),
        (&["authtoken"], &["http://127.0.0.1:8080/sms/receive", URL], Ok(())),
        (&["authtoken"], &["http://127.0.0.1:8080/sms/receive"], Err(Unsigned::Wrong)),
        (&["authtoken"], &[], Err(Unsigned::Wrong)),
        (&["new"], &[URL], Err(Unsigned::Wrong)),
        (&[], &[URL], Err(Unsigned::Wrong)),
    ] {
        assert_eq!(verifies(&right, keys, urls), expected, "{keys:?} {urls:?}");
    }
    let by_main = signed("x-plivo-signature-ma-v2", BY_MAIN_ACCOUNT);
    assert_eq!(verifies(&by_main, &["maintoken"], &[URL]), Ok(()));
    let by_both = signed("x-plivo-signature-v2", BY_ACCOUNT).with("x-plivo-signature-ma-v2", BY_MAIN_ACCOUNT);
    assert_eq!(verifies(&by_both, &["maintoken"], &[URL]), Ok(()));
    assert_eq!(verifies(&by_both, &["authtoken"], &[URL]), Ok(()));
    let another_nonce = right.clone().with("x-plivo-signature-v2-nonce", "12346");
    assert_eq!(verifies(&another_nonce, &["authtoken"], &[URL]), Err(Unsigned::Wrong));
    for half in [
        Request::form(SMS),
        Request::form(SMS).with("x-plivo-signature-v2-nonce", NONCE),
        Request::form(SMS).with("x-plivo-signature-v2", BY_ACCOUNT),
    ] {
        assert_eq!(verifies(&half, &["authtoken"], &[URL]), Err(Unsigned::Missing));
    }
}

#[test]
fn it_wants_to_hear_xml() {
    assert_eq!(plivo().0.reply, Reply::Fixed { content_type: "text/xml", body: "<Response/>" });
}

#[test]
fn hostile_bodies_are_survived() {
    plivo().survives(&Request::form(SMS));
}

/// Made with python's hmac as `utils/signature_v3.py` of plivo-python joins it.
#[test]
fn its_signature_of_version_3_covers_the_sms() {
    let signed = |uri: &str, body: &str, signature: &str| {
        Request::form(body)
            .at(uri)
            .with("x-plivo-signature-v3", signature)
            .with("x-plivo-signature-v3-nonce", "12345")
    };
    let verified = |request: &Request, keys: &[&str], urls: &[&str]| plivo().verifies(request, keys, 0, urls);
    let plain = signed("/sms/receive", SMS, "uoWNirtnOVtyR1xjcMaiuJ64JkNdewc3HTUTrcxSI1c=");
    assert!(plivo().recognises(&plain));
    let url = "https://sms.example.org/sms/receive";
    assert_eq!(verified(&plain, &["other", "authtoken"], &["http://other", url]), Ok(()));
    let several = signed("/sms/receive", SMS, "AAAA, uoWNirtnOVtyR1xjcMaiuJ64JkNdewc3HTUTrcxSI1c=");
    assert_eq!(verified(&several, &["authtoken"], &[url]), Ok(()));
    let with_query = signed("/sms/receive?b=2&a=1%2B", SMS, "SsTseqDD5oj/AnDrAz1YhX/Yk2KujhKxOG31qPu6ty4=");
    assert_eq!(
        verified(&with_query, &["authtoken"], &["https://sms.example.org/sms/receive?b=2&a=1%2B"]),
        Ok(())
    );
    // Of a GET the query is all, and where there is nothing the address and the nonce are.
    for (request, signature) in [
        (Request::get(&format!("/sms/receive?{SMS}")), "ThMd/4eWDmnlXAMglKkOtjv+5stymy1gVDx9+5tEJM4="),
        (Request::form(""), "5sr31+XA9U5pfkp7gwDB3Y5w/LZZ/BjSVSozLFTb85g="),
    ] {
        let signed =
            request.with("x-plivo-signature-v3", signature).with("x-plivo-signature-v3-nonce", "12345");
        assert_eq!(verified(&signed, &["authtoken"], &[url]), Ok(()));
    }
    assert_eq!(verified(&plain, &["other"], &[url]), Err(Unsigned::Wrong));
    assert_eq!(verified(&plain, &["authtoken"], &["http://other"]), Err(Unsigned::Wrong));
    let altered = plain.body(SMS.replace("482913", "482914"));
    assert_eq!(verified(&altered, &["authtoken"], &[url]), Err(Unsigned::Wrong));
    // Names and values are joined: a value may not become a name.
    let moved = plain.body("From=15550100001&MessageUUID=u1&TextVERIFY+482913To=15550199999&Type=sms");
    assert_eq!(verified(&moved, &["authtoken"], &[url]), Err(Unsigned::Wrong));
    // A good signature of version 2 does not stand for a wrong one of version 3.
    let both = altered.with("x-plivo-signature-v2", BY_ACCOUNT).with("x-plivo-signature-v2-nonce", NONCE);
    assert_eq!(verified(&both, &["authtoken"], &[URL]), Err(Unsigned::Wrong));
    assert_eq!(
        verified(&Request::form(SMS).with("x-plivo-signature-v3-nonce", "1"), &["authtoken"], &[url]),
        Err(Unsigned::Missing)
    );
}
