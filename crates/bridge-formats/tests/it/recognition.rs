//! Whose request it is, on the route that takes all formats: every sender's own example is told apart from all
//! others, and what the generic names read as well is left to them.

use bridge_formats::{Content, Unusable, named, read_recognised, recognised};

use crate::table::{FORM, JSON, Request};

/// The composed examples of the research, as each sender delivers.
const EXAMPLES: &[(&str, &str, &str)] = &[
    (
        "smsgate",
        JSON,
        r#"{"deviceId":"d1","event":"sms:received","id":"n1","payload":{"message":"VERIFY 482913","messageId":"a1b2c3d4","phoneNumber":"+15550100001","receivedAt":"2026-01-02T14:03:11.000+02:00","simNumber":1},"webhookId":"wh-1"}"#,
    ),
    (
        "smsgate",
        JSON,
        r#"{"deviceId":"d1","event":"sms:batch:received","id":"n2","payload":{"messages":[]},"webhookId":"wh-1"}"#,
    ),
    (
        "httpsms",
        JSON,
        r#"{"specversion":"1.0","id":"0d7c","source":"/v1/messages/receive","type":"message.phone.received","datacontenttype":"application/json","time":"2026-09-22T12:03:12Z","data":{"message_id":"5c4e","owner":"+15550199999","contact":"+15550100001","content":"VERIFY 482913","encrypted":false,"sim":"SIM1","timestamp":"2026-09-22T12:03:11.4Z"}}"#,
    ),
    (
        "textbee",
        JSON,
        r#"{"smsId":"66f0","message":"VERIFY 482913","deviceId":"66aa","webhookSubscriptionId":"66bb","webhookEvent":"MESSAGE_RECEIVED","idempotencyKey":"5e0b7a5a-7e0e-4b7a-9a3a-0c1d2e3f4a5b","sender":"+15550100001","receivedAt":"2026-09-22T12:03:11.000Z"}"#,
    ),
    (
        "bogkonstantin",
        JSON,
        r#"{"from":"+15550100001","text":"VERIFY 482913","sentStamp":1790078591000,"receivedStamp":1790078593210,"sim":"sim1"}"#,
    ),
    (
        "smssync",
        FORM,
        "from=%2B15550100001&message=VERIFY+482913&message_id=5c4e&sent_timestamp=1790078591000&sent_to=&device_id=d1&secret=s3cret",
    ),
    (
        "twilio",
        FORM,
        "AccountSid=AC0&Body=VERIFY+482913&From=%2B15550100001&MessageSid=SM1&To=%2B15550199999",
    ),
    (
        "vonage",
        JSON,
        r#"{"msisdn":"15550100001","to":"15550199999","messageId":"0B00","text":"VERIFY 48","type":"text","message-timestamp":"2026-09-22 12:03:11","concat":"true","concat-ref":"7","concat-total":"2","concat-part":"1"}"#,
    ),
    ("plivo", FORM, "From=15550100001&To=15550199999&Text=VERIFY+482913&Type=sms&MessageUUID=u1"),
    (
        "telnyx",
        JSON,
        r#"{"data":{"record_type":"event","id":"e1","event_type":"message.received","occurred_at":"2026-09-22T12:03:12.000+00:00","payload":{"id":"m1","direction":"inbound","type":"SMS","from":{"phone_number":"+15550100001"},"to":[{"phone_number":"+15550199999"}],"text":"VERIFY 482913","received_at":"2026-09-22T12:03:11.900+00:00"}},"meta":{"attempt":1}}"#,
    ),
    (
        "infobip",
        JSON,
        r#"{"results":[{"messageId":"m1","from":"15550100001","to":"15550199999","text":"VERIFY 482913","receivedAt":"2026-09-22T12:03:11.000+0000","smsCount":1}],"messageCount":1,"pendingMessageCount":0}"#,
    ),
    (
        "africastalking",
        FORM,
        "from=%2B254700000001&to=12345&text=VERIFY+482913&date=2026-09-22T12%3A03%3A11Z&id=m1&linkId=",
    ),
    ("jasmin", FORM, "id=m1&from=15550100001&to=15550199999&coding=8&binary=0056&origin-connector=smpp1"),
];

fn whose(request: &Request) -> Option<&'static str> {
    request.incoming(recognised).map(|format| format.name)
}

#[test]
fn every_sender_is_told_apart() {
    for (format, content_type, body) in EXAMPLES {
        assert_eq!(whose(&Request::post(content_type, body)), Some(*format), "{body}");
        assert_eq!(whose(&Request::post("", body)), Some(*format), "without a content type: {body}");
    }
    let kannel = Request::post("text/plain", "VERIFY 482913").with("user-agent", "Kannel/1.4.5");
    assert_eq!(whose(&kannel), Some("kannel"));
}

#[test]
fn of_two_claims_the_surer_one_counts() {
    let example = |format: &str| EXAMPLES.iter().find(|(name, ..)| *name == format).unwrap();
    for claimed in ["jasmin", "vonage", "infobip", "africastalking"] {
        let (_, content_type, body) = example(claimed);
        let by_kannel = Request::post(content_type, body).with("user-agent", "Kannel/1.4.5");
        assert_eq!(whose(&by_kannel), Some("kannel"), "{body}");
    }
    let (_, _, body) = example("africastalking");
    assert_eq!(whose(&Request::form(format!("{body}&origin-connector=smpp1"))), Some("jasmin"));
    assert_eq!(whose(&Request::form(format!("{body}&origin-connector=smpp1&MessageUUID=u1"))), Some("plivo"));
}

#[test]
fn what_the_generic_names_read_is_theirs() {
    for (content_type, body) in [
        (
            JSON,
            r#"{"mobile_number":"+15550100001","message":"VERIFY 482913","received_at":"2026-09-22T12:03:11Z"}"#,
        ),
        (FORM, "number=%2B15550100001&message=VERIFY+482913&timestamp=1790078591000"),
        (JSON, r#"{"from":"+15550100001","text":"VERIFY 482913"}"#),
        (
            JSON,
            r#"{"sender":"+15550100001","message":"a","messageId":"1","deviceId":"d1","receivedAt":"1790078591"}"#,
        ),
        (FORM, "from=1&to=2&text=a&id=1&date=x"),
        (JSON, "{}"),
        ("", ""),
        ("text/plain", "hello"),
    ] {
        assert_eq!(whose(&Request::post(content_type, body)), None, "{body}");
    }
}

fn read_as(format: &str, body: &str) -> Result<Content, Unusable> {
    let format = named(format).unwrap();
    Request::json(body).incoming(|incoming| read_recognised(incoming, format))
}

/// A texter may write the names of another format into his SMS: then two read it, and must read the same.
#[test]
fn a_request_that_two_claim_says_one_thing_or_nothing() {
    let both = |text: &str, other_text: &str, other_sender: &str| {
        format!(
            r#"{{"from":"+15550100001","text":"{text}","sentStamp":1790078591000,"receivedStamp":1790078593210,"sender":"{other_sender}","message":"{other_text}","webhookSubscriptionId":"66bb","webhookEvent":"MESSAGE_RECEIVED","smsId":"66f0"}}"#
        )
    };
    let refused = read_as("bogkonstantin", &both("x", "y", "+15550100001")).unwrap_err();
    assert!(refused.contradictory, "{refused:?}");
    assert_eq!(refused.errors[0].field, "text");
    assert_eq!(refused.errors[0].detail, "is another one as textbee writes it");
    let read = read_as("bogkonstantin", &both("x", "x", "+15550100002")).unwrap();
    assert_eq!((read.sms.len(), read.sms[0].sender.as_str()), (1, "+15550100001"));
    assert!(!read.sms[0].also_sender.is_empty());
    assert!(read.sms[0].also_sender.iter().all(|other| other == "+15550100002"), "{:?}", read.sms[0]);
    // Whoever says the same is no second sender.
    let read = read_as("bogkonstantin", &both("x", "x", "+15550100001")).unwrap();
    assert_eq!(read.sms[0].also_sender, [""; 0]);
}

#[test]
fn a_request_that_one_claims_is_asked_for_other_senders_too() {
    let body = |more: &str| {
        format!(
            r#"{{"from":"+15550100001","text":"x","sentStamp":1790078591000,"receivedStamp":1790078593210{more}}}"#
        )
    };
    assert_eq!(read_as("bogkonstantin", &body("")).unwrap().sms[0].also_sender, [""; 0]);
    let other = read_as("bogkonstantin", &body(r#","mobile_number":"+15550100002""#)).unwrap();
    assert_eq!(other.sms[0].also_sender, ["+15550100002"]);
}
