//! Registrations and questions about them that cannot be answered.

use reqwest::Method;
use serde_json::{Value, json};

use super::{FORM, JSON, Refusal, assert_refused, blames, post, refusal};
use crate::harness::{ADMIN_TOKEN, API_KEY, Bridge, RECEIVER_KEY};

const INVALID: Refusal<'static> = refusal(400, "invalid_request");

fn blamed<'a>(fields: &'a [&'a str]) -> Refusal<'a> {
    blames(400, "invalid_request", fields)
}

#[tokio::test]
async fn a_registration_that_cannot_be_read_says_why() {
    let bridge = Bridge::start().await;
    let padded = format!(r#"{{"mobile_number":"+919876543210","email":"{}@b.c"}}"#, "a".repeat(16 * 1024));
    let two_mib = vec![b' '; 2 * 1024 * 1024];
    let cases: &[(&str, &str, &[u8], Refusal<'_>)] = &[
        ("empty body", JSON, b"", INVALID),
        ("blanks only", JSON, b" \n", INVALID),
        ("not JSON", JSON, b"{\"mobile_number\":", INVALID),
        ("JSON and more", JSON, br#"{"mobile_number":"+919876543210"} x"#, INVALID),
        ("a list", JSON, b"[]", INVALID),
        ("a text", JSON, br#""+919876543210""#, INVALID),
        ("null", JSON, b"null", INVALID),
        ("a form that says it is JSON", JSON, b"mobile_number=%2B919876543210", INVALID),
        ("invalid UTF-8 outside a text", JSON, b"{\"mobile_number\":\xff}", INVALID),
        ("129 lists deep", JSON, &[b"{\"x\":".as_slice(), &[b'['; 4096]].concat(), INVALID),
        ("a name twice", JSON, br#"{"mobile_number":"1","mobile_number":"2"}"#, blamed(&["mobile_number"])),
        ("nothing in it", JSON, b"{}", blamed(&["mobile_number"])),
        ("null number", JSON, br#"{"mobile_number":null}"#, blamed(&["mobile_number"])),
        (
            "no content type",
            "",
            br#"{"mobile_number":"+919876543210"}"#,
            refusal(415, "unsupported_media_type"),
        ),
        ("a form", FORM, b"mobile_number=%2B919876543210", refusal(415, "unsupported_media_type")),
        ("an image", "image/png", b"\x89PNG", refusal(415, "unsupported_media_type")),
        ("over 16 KiB", JSON, padded.as_bytes(), refusal(413, "body_too_large")),
        ("2 MiB", JSON, &two_mib, refusal(413, "body_too_large")),
    ];
    for (case, kind, body, expected) in cases {
        for path in ["/onboard/register", "/onboarding/register"] {
            assert_refused(case, &post(&bridge, path, API_KEY, kind, body).await, *expected);
        }
    }
    bridge.stop().await;
}

#[tokio::test]
async fn every_wrong_type_of_every_field_is_named() {
    let bridge = Bridge::start().await;
    let whole = json!({"mobile_number": "+919876543210", "email": "user@example.com", "device_id": "d1"});
    for field in ["mobile_number", "email", "device_id"] {
        for wrong in [json!(1), json!(1.5), json!(true), json!(["a"]), json!({"a": "b"})] {
            let mut body = whole.clone();
            body[field] = wrong.clone();
            let answer = post(&bridge, "/onboard/register", API_KEY, JSON, body.to_string().as_bytes()).await;
            assert_refused(&format!("{field} is {wrong}"), &answer, blamed(&[field]));
        }
    }
    let all = json!({"mobile_number": 1, "email": 2, "device_id": 3});
    let answer = post(&bridge, "/onboard/register", API_KEY, JSON, all.to_string().as_bytes()).await;
    assert_refused("all three at once", &answer, blamed(&["mobile_number", "email", "device_id"]));
    bridge.stop().await;
}

#[tokio::test]
async fn every_unusable_value_is_named() {
    let bridge = Bridge::start().await;
    let number = |n: Value| json!({ "mobile_number": n });
    let with = |name: &str, value: &str| json!({"mobile_number": "+919876543210", name: value});
    let long = |unit: &str, times: usize| unit.repeat(times);
    let cases: Vec<(&str, Value, &str, &str)> = vec![
        ("empty number", number(json!("")), "invalid_mobile_number", "mobile_number"),
        ("blank number", number(json!("  ")), "invalid_mobile_number", "mobile_number"),
        ("alphanumeric", number(json!("MYBANK")), "invalid_mobile_number", "mobile_number"),
        ("short code", number(json!("56070")), "invalid_mobile_number", "mobile_number"),
        ("16 digits", number(json!("+9198765432101234")), "invalid_mobile_number", "mobile_number"),
        ("a kilobyte of digits", number(json!(long("9", 1024))), "invalid_mobile_number", "mobile_number"),
        ("NUL in it", number(json!("+91987654\u{0}3210")), "invalid_mobile_number", "mobile_number"),
        ("no numbering plan", number(json!("+999999999999")), "invalid_mobile_number", "mobile_number"),
        ("no @", with("email", "user"), "invalid_request", "email"),
        ("two @", with("email", "a@b@c"), "invalid_request", "email"),
        ("a blank in the address", with("email", "a b@c.d"), "invalid_request", "email"),
        ("NUL in the address", with("email", "a\u{0}@c.d"), "invalid_request", "email"),
        ("255 characters", with("email", &format!("{}@c.d", long("a", 251))), "invalid_request", "email"),
        ("201 characters", with("device_id", &long("d", 201)), "invalid_request", "device_id"),
        ("control characters", with("device_id", "a\u{1b}[31m"), "invalid_request", "device_id"),
    ];
    for (case, body, code, field) in &cases {
        let answer = post(&bridge, "/onboard/register", API_KEY, JSON, body.to_string().as_bytes()).await;
        assert_refused(case, &answer, blames(400, code, &[field]));
    }
    bridge.settle().await;
    let kept = bridge.stores.audit.refusals(100).await.unwrap();
    let numbers = cases.iter().filter(|(_, _, code, _)| *code == "invalid_mobile_number").count();
    assert_eq!(kept.len(), numbers, "every refused number is kept (D13)");
    assert!(kept.iter().all(|refusal| refusal.reason == "invalid_mobile_number"));
    assert!(kept.iter().all(|refusal| !refusal.mobile_number.contains('\0')), "PostgreSQL takes no NUL");
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_written_oddly_but_clearly_is_understood() {
    let bridge = Bridge::start().await;
    let body = |n: &str| json!({ "mobile_number": n }).to_string();
    for (case, kind, body, mobile) in [
        ("national", JSON, body("9876543210"), "+919876543210"),
        ("trunk zero", JSON, body("09876543211"), "+919876543211"),
        ("spaces and hyphens", JSON, body(" +91 98765-43212 "), "+919876543212"),
        ("double zero", JSON, body("00919876543213"), "+919876543213"),
        ("charset", "Application/JSON; charset=UTF-8", body("+919876543214"), "+919876543214"),
        ("+json", "application/vnd.api+json", body("+919876543215"), "+919876543215"),
        ("byte order mark", JSON, format!("\u{feff}{}", body("+919876543216")), "+919876543216"),
        ("unknown fields", JSON, r#"{"mobile_number":"+919876543217","x":[1]}"#.into(), "+919876543217"),
        (
            "null and empty optionals",
            JSON,
            r#"{"mobile_number":"+919876543218","email":null,"device_id":" "}"#.into(),
            "+919876543218",
        ),
    ] {
        let answer = post(&bridge, "/onboard/register", API_KEY, kind, body.as_bytes()).await;
        assert_eq!(answer.status, 201, "{case}: {}", answer.body);
        assert_eq!(answer.text("mobile_number"), mobile, "{case}");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn addresses_that_lead_nowhere() {
    let bridge = Bridge::start().await;
    let id = bridge.registered("+919876543210").await.text("onboarding_id").to_owned();
    let stranger = "019c13a0-0000-7000-8000-000000000000";
    let not_found = refusal(404, "not_found");
    let unauthorized = refusal(401, "unauthorized");
    let bad_number = blames(400, "invalid_mobile_number", &["mobile"]);
    let bad_wait = blames(400, "invalid_request", &["wait"]);
    let get = Method::GET;
    let cases: Vec<(&str, Method, String, &str, Refusal<'_>)> = vec![
        ("unknown route", get.clone(), "/onboard".into(), API_KEY, not_found),
        ("unknown route below", get.clone(), "/sms/receive/x/y".into(), API_KEY, not_found),
        ("no id", get.clone(), "/onboard/nonsense".into(), API_KEY, not_found),
        ("unknown id", get.clone(), format!("/onboard/{stranger}"), API_KEY, not_found),
        ("events of an unknown id", get.clone(), format!("/onboard/{stranger}/events"), API_KEY, not_found),
        ("cancel of an unknown id", Method::POST, format!("/onboard/{stranger}/cancel"), API_KEY, not_found),
        ("unknown number", get.clone(), "/onboard/status/+919876543299".into(), API_KEY, not_found),
        ("no number", get.clone(), "/onboard/status/hello".into(), API_KEY, bad_number),
        ("number of its other API", get.clone(), "/onboarding/status/12".into(), API_KEY, bad_number),
        ("no UTF-8 in the path", get.clone(), "/onboard/status/%ff%fe".into(), API_KEY, INVALID),
        ("no UTF-8 as id", get.clone(), "/onboard/%ff".into(), API_KEY, INVALID),
        ("no UTF-8 as id of events", get.clone(), "/onboard/%c3%28/events".into(), API_KEY, INVALID),
        ("no UTF-8 as id to cancel", Method::POST, "/onboard/%80/cancel".into(), API_KEY, INVALID),
        ("half a percent-encoding", get.clone(), "/onboard/status/%9".into(), API_KEY, bad_number),
        ("wait is no number", get.clone(), format!("/onboard/{id}?wait=soon"), API_KEY, bad_wait),
        ("wait is negative", get.clone(), format!("/onboard/{id}?wait=-1"), API_KEY, bad_wait),
        (
            "wrong method",
            Method::DELETE,
            format!("/onboard/{id}"),
            API_KEY,
            refusal(405, "method_not_allowed"),
        ),
        (
            "get on register",
            get.clone(),
            "/onboarding/register".into(),
            API_KEY,
            refusal(405, "method_not_allowed"),
        ),
        ("no key", get.clone(), format!("/onboard/{id}"), "", unauthorized),
        ("another key", get.clone(), format!("/onboard/{id}"), RECEIVER_KEY, unauthorized),
        ("token of nothing", get.clone(), format!("/onboard/{id}?token=00"), "", unauthorized),
        ("admin's key", get.clone(), "/onboard/status/+919876543210".into(), ADMIN_TOKEN, unauthorized),
        ("wrong key to register", Method::POST, "/onboard/register".into(), "wrong-key-00001", unauthorized),
    ];
    for (case, method, path, secret, expected) in &cases {
        let mut request = bridge.request(method.clone(), path);
        if !secret.is_empty() {
            request = request.bearer_auth(secret);
        }
        let answer = bridge.send(request).await;
        assert_refused(case, &answer, *expected);
        let challenge = answer.headers.contains_key("www-authenticate");
        assert_eq!(challenge, expected.status == 401, "{case}: WWW-Authenticate");
        assert_eq!(answer.headers.contains_key("allow"), expected.status == 405, "{case}: Allow");
    }
    bridge.stop().await;
}
