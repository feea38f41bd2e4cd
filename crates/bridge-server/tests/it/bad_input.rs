//! Bad input gets a clear error, and nothing is lost.

mod onboarding;
mod settings;
mod sms;
mod stamps;
mod transport;

use reqwest::Method;
use serde_json::Value;

use crate::harness::{Answer, Bridge};

pub(crate) const JSON: &str = "application/json";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// What a refusal must say.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refusal<'a> {
    pub(crate) status: u16,
    pub(crate) code: &'a str,
    /// The fields to blame, in order.
    pub(crate) fields: &'a [&'a str],
}

/// No field is to blame.
pub(crate) const fn refusal(status: u16, code: &str) -> Refusal<'_> {
    Refusal { status, code, fields: &[] }
}

/// These fields are to blame.
pub(crate) const fn blames<'a>(status: u16, code: &'a str, fields: &'a [&'a str]) -> Refusal<'a> {
    Refusal { status, code, fields }
}

/// The bridge names the request, whatever it answers.
pub(crate) fn request_id<'a>(case: &str, answer: &'a Answer) -> &'a str {
    let ids: Vec<_> = answer.headers.get_all("x-request-id").iter().collect();
    assert_eq!(ids.len(), 1, "{case}: X-Request-Id in {:?}", answer.headers);
    ids[0].to_str().unwrap()
}

/// The whole shape of a refusal (contract section 2).
pub(crate) fn assert_refused(case: &str, answer: &Answer, expected: Refusal<'_>) {
    let body = &answer.body;
    assert_eq!(answer.status.as_u16(), expected.status, "{case}: {body}");
    assert_eq!(answer.headers["content-type"], "application/problem+json", "{case}");
    let text = |name: &str| {
        let text = body[name].as_str().unwrap_or_default();
        assert!(!text.is_empty(), "{case}: no {name} in {body}");
        text
    };
    assert_eq!(text("code"), expected.code, "{case}: {body}");
    assert_eq!(text("type"), format!("urn:sms-bridge:problem:{}", expected.code), "{case}");
    assert_eq!(body["status"], expected.status, "{case}");
    assert_eq!(text("request_id"), request_id(case, answer), "{case}");
    let (_, _) = (text("title"), text("detail"));
    let errors = body["errors"].as_array().cloned().unwrap_or_default();
    let fields: Vec<&str> = errors.iter().filter_map(|error| error["field"].as_str()).collect();
    assert_eq!(fields, expected.fields, "{case}: {body}");
    for error in &errors {
        assert!(error["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{case}: {body}");
    }
}

/// Posts a body as it is; an empty content type is no content type.
pub(crate) async fn post(bridge: &Bridge, path: &str, secret: &str, kind: &str, body: &[u8]) -> Answer {
    let mut request = bridge.request(Method::POST, path).body(body.to_owned());
    if !secret.is_empty() {
        request = request.bearer_auth(secret);
    }
    if !kind.is_empty() {
        request = request.header("content-type", kind);
    }
    bridge.send(request).await
}

/// The raw bodies in quarantine, newest first.
pub(crate) async fn quarantine(bridge: &Bridge) -> Vec<Vec<u8>> {
    let kept = bridge.stores.audit.quarantined(1_000).await.unwrap();
    kept.into_iter().map(|entry| entry.body).collect()
}

/// A JSON body with one more field, as text: what `json!` could not write.
pub(crate) fn sms_json(fields: &str) -> Vec<u8> {
    format!(r#"{{"mobile_number":"+919876543210",{fields}}}"#).into_bytes()
}

/// How many SMS were judged so far.
pub(crate) async fn next_id(bridge: &Bridge) -> i64 {
    let answer = bridge.text("+919876500000", "what is the next id?").await;
    answer.body["id"].as_i64().unwrap_or_else(|| panic!("{}", Value::clone(&answer.body)))
}
