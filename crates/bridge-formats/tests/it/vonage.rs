//! Vonage. The signatures were made with python's hashlib and hmac.

use bridge_core::Timestamp;
use bridge_core::sms::Part;
use bridge_formats::{Delivered, Reply, Unsigned};

use crate::table::{Request, Sender};

const JSON: &str = r#"{"msisdn":"15550100001","to":"15550199999","messageId":"0B00","text":"VERIFY 482913","type":"text","message-timestamp":"2026-09-22 12:03:11"}"#;
const FORM: &str = "msisdn=15550100001&to=15550199999&messageId=0B00&text=VERIFY+482913&type=text&message-timestamp=2026-09-22+12%3A03%3A11";
/// The worked example of the research.
const PART: &str = r#"{"msisdn":"15550100001","to":"15550199999","messageId":"0B00","text":"VERIFY 48","type":"text","message-timestamp":"2026-09-22 12:03:11","concat":"true","concat-ref":"7","concat-total":"2","concat-part":"1"}"#;

const SECRET: &str = "signature-secret";
const SIGNED: &str = "msisdn=15550100001&to=15550199999&messageId=0B00&text=a+%26+b+%3D+c&type=text\
    &message-timestamp=2026-09-22+12%3A03%3A11&timestamp=1790078591&nonce=n0nce&api-key=abcd1234&sig=";
const MD5_HASH: &str = "dd2e80b4a5598a0cb32e8469104f7529";
const SIGNATURES: [&str; 5] = [
    MD5_HASH,
    "D776FAE78E953BCA22FD00D3665A9457",
    "51058A4E3975B0B6D6AB0437DC99490CE0DB18C3",
    "1602A674EA6D4466063B8A5CE008080F27C59C881A5CB09C420C2D79BDBFADF0",
    "71B89D8B088EDBB439DBB1500B5DD9FE7BDB542D8F82BF2A0C61F39DDE463D2D\
     6998011E4A72ED9254FD5BAA021CCD01F91572F78F2EA4960D8A13318F53F93F",
];
const NOW: i64 = 1_790_078_591;

fn vonage() -> Sender {
    Sender::named("vonage")
}

fn verify_482913() -> Delivered {
    Delivered {
        sender: "15550100001".into(),
        text: "VERIFY 482913".into(),
        stamp: Some(Timestamp(1_790_078_591_000).into()),
        delivery_id: Some("0B00".into()),
        number: Some("15550199999".into()),
        ..Delivered::default()
    }
}

#[test]
fn an_sms_is_read_from_json_a_form_and_a_query() {
    assert_eq!(vonage().one(&Request::json(JSON)), verify_482913());
    assert_eq!(vonage().one(&Request::form(FORM)), verify_482913());
    assert_eq!(vonage().one(&Request::get(&format!("/sms/receive/vonage?{FORM}"))), verify_482913());
}

#[test]
fn a_part_says_which_it_is() {
    let part = |total: &str, number: &str| {
        let body = PART.replace(r#""concat-total":"2""#, &format!(r#""concat-total":{total}"#));
        vonage()
            .one(&Request::json(body.replace(r#""concat-part":"1""#, &format!(r#""concat-part":{number}"#))))
            .part
    };
    let first_of_two = Some(Part { reference: "7".into(), total: 2, number: 1 });
    assert_eq!(part("\"2\"", "\"1\""), first_of_two);
    assert_eq!(part("2", "1"), first_of_two);
    for (total, number) in [
        ("0", "0"),
        ("2", "3"),
        ("2", "0"),
        ("1", "1"),
        ("300", "1"),
        ("-1", "1"),
        ("null", "1"),
        ("\"\"", "[]"),
    ] {
        assert_eq!(part(total, number), None, "{number} of {total}");
    }
    let one = vonage().one(&Request::json(PART));
    assert_eq!(Delivered { text: "VERIFY 482913".into(), part: None, ..one }, verify_482913());
}

#[test]
fn numbers_and_texts_of_every_kind_are_carried() {
    vonage().carries(|sender, text| {
        Request::json(serde_json::json!({"msisdn": sender, "text": text}).to_string())
    });
    vonage().carries(|sender, text| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        Request::form(form.append_pair("msisdn", sender).append_pair("text", text).finish())
    });
    assert_eq!(vonage().one(&Request::json(r#"{"msisdn":"1","text":"a\ud83d"}"#)).text, "a\\ud83d");
}

#[test]
fn stamps_are_utc() {
    for (fields, expected) in [
        (r#""message-timestamp":"2026-09-22 12:03:11","timestamp":"1""#, Some(1_790_078_591_000)),
        (r#""timestamp":"1790078591""#, Some(1_790_078_591_000)),
        (r#""timestamp":1790078591"#, Some(1_790_078_591_000)),
        (r#""message-timestamp":"","timestamp":null"#, None),
    ] {
        let sms = vonage().one(&Request::json(format!(r#"{{"msisdn":"1","text":"a",{fields}}}"#)));
        assert_eq!(sms.stamp.and_then(|stamp| stamp.moment(None)), expected.map(Timestamp), "{fields}");
    }
}

#[test]
fn what_is_missing_is_named() {
    for (body, reason) in [
        (r#"{"text":"a"}"#, "msisdn is missing: the sender"),
        (r#"{"msisdn":"1"}"#, "text is missing: the text"),
        (
            r#"{"msisdn":{"x":1},"text":["a"]}"#,
            "msisdn must be a text, not an object; text must be a text, not a list",
        ),
        (r#"{"msisdn":"1","text":"a","text":"b"}"#, "text must stand once"),
    ] {
        assert_eq!(vonage().refuses(&Request::json(body)), reason);
    }
    let stamp = vonage().one(&Request::json(r#"{"msisdn":"1","text":"a","message-timestamp":"noon"}"#)).stamp;
    assert_eq!(stamp, Some(bridge_core::Stamp::Unreadable("noon".into())), "it costs no SMS (D40)");
}

#[test]
fn what_is_no_received_text_is_left_alone() {
    for body in [
        "msisdn=1&to=2&network-code=26201&messageId=0B00&price=0.03&status=delivered&scts=2609221203&err-code=0",
        "msisdn=1&to=2&messageId=0B00&type=binary&data=0102&udh=06050415811581",
    ] {
        vonage().leaves_alone(&Request::form(body));
    }
}

#[test]
fn it_is_recognised_by_its_names() {
    for request in [Request::json(PART), Request::form(FORM), Request::get(&format!("/?{FORM}"))] {
        assert!(vonage().recognises(&request));
    }
    assert!(!vonage().recognises(&Request::json(r#"{"msisdn":"1","text":"a","messageId":"1"}"#)));
}

#[test]
fn its_signature_is_of_any_of_five_methods() {
    let verifies = |request: &Request, keys: &[&str]| vonage().verifies(request, keys, NOW, &[]);
    for signature in SIGNATURES {
        for case in [signature.to_uppercase(), signature.to_lowercase()] {
            let sent = format!("{SIGNED}{case}");
            for request in [Request::form(&sent), Request::get(&format!("/sms/receive/vonage?{sent}"))] {
                assert_eq!(verifies(&request, &[SECRET]), Ok(()), "{case}");
                assert_eq!(verifies(&request, &["new", SECRET]), Ok(()), "{case}");
                assert_eq!(verifies(&request, &["new"]), Err(Unsigned::Wrong), "{case}");
                assert_eq!(verifies(&request, &[]), Err(Unsigned::Wrong), "{case}");
            }
        }
        let altered = SIGNED.replace("0B00", "0B01");
        assert_eq!(
            verifies(&Request::form(format!("{altered}{signature}")), &[SECRET]),
            Err(Unsigned::Wrong)
        );
        assert_eq!(
            verifies(&Request::form(format!("more=1&{SIGNED}{signature}")), &[SECRET]),
            Err(Unsigned::Wrong)
        );
    }
    let json = r#"{"msisdn":"15550100001","to":"15550199999","messageId":"0B00","text":"a & b = c","type":"text","message-timestamp":"2026-09-22 12:03:11","timestamp":1790078591,"nonce":"n0nce","api-key":"abcd1234","sig":""#;
    assert_eq!(verifies(&Request::json(format!("{json}{}\"}}", SIGNATURES[3])), &[SECRET]), Ok(()));
    assert_eq!(verifies(&Request::form(SIGNED), &[SECRET]), Err(Unsigned::Wrong));
    assert_eq!(verifies(&Request::form(FORM), &[SECRET]), Err(Unsigned::Missing));
    assert_eq!(verifies(&Request::json(r#"{"sig":7}"#), &[SECRET]), Err(Unsigned::Missing));
    assert_eq!(verifies(&Request::json("["), &[SECRET]), Err(Unsigned::Missing));
}

#[test]
fn a_signed_sms_that_is_sent_again_a_day_later_still_counts() {
    let request = Request::form(format!("{SIGNED}{MD5_HASH}"));
    assert_eq!(vonage().verifies(&request, &[SECRET], NOW + 86_400, &[]), Ok(()));
    assert_eq!(vonage().one(&request), vonage().one(&request));
}

#[test]
fn it_wants_to_hear_nothing() {
    assert_eq!(vonage().0.reply, Reply::Fixed { content_type: "text/plain", body: "" });
}

#[test]
fn hostile_bodies_are_survived() {
    vonage().survives(&Request::json(PART));
    vonage().survives(&Request::form(FORM));
}
