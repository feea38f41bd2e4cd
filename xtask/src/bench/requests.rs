//! What the benchmark asks the bridge, and which answers count: the routes and bodies of the contract. Sends nothing
//! by itself but single requests of the operator.

use std::net::SocketAddr;

use bytes::Bytes;
use hyper::{Method, StatusCode};

use super::server::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY};
use crate::Outcome;
use crate::client::{self, Route};

/// The no-op handler is measured with at most this many requests.
pub(crate) const LIVEZ_MAX: u32 = 100_000;

pub(crate) fn livez(addr: SocketAddr) -> Outcome<Route> {
    Route::new(Method::GET, addr, "/livez", None)
}

pub(crate) fn register(addr: SocketAddr) -> Outcome<Route> {
    Route::new(Method::POST, addr, "/onboard/register", Some(API_KEY))
}

pub(crate) fn receive(addr: SocketAddr) -> Outcome<Route> {
    Route::new(Method::POST, addr, "/sms/receive", Some(RECEIVER_KEY))
}

/// What `/metrics` says now.
pub(crate) async fn metrics(addr: SocketAddr) -> Outcome<String> {
    let route = Route::new(Method::GET, addr, "/metrics", Some(ADMIN_TOKEN))?;
    let (status, answer) = client::once(addr, &route, Bytes::new()).await?;
    if status == StatusCode::OK {
        Ok(String::from_utf8_lossy(&answer).into_owned())
    } else {
        Err(unexpected("GET /metrics", status, &answer).into())
    }
}

/// Changes one setting; the value is JSON.
pub(crate) async fn set(addr: SocketAddr, key: &str, value: &str) -> Outcome {
    let route = Route::new(Method::PUT, addr, &format!("/admin/settings/{key}"), Some(ADMIN_TOKEN))?;
    let body = format!("{{\"value\": {value}}}");
    let (status, answer) = client::once(addr, &route, body.into()).await?;
    if status.is_success() {
        Ok(())
    } else {
        Err(unexpected(&format!("setting {key}"), status, &answer).into())
    }
}

/// Lets these events be told to that address.
pub(crate) async fn add_webhook(addr: SocketAddr, url: &str, events: &[&str]) -> Outcome {
    let route = Route::new(Method::POST, addr, "/admin/webhooks", Some(ADMIN_TOKEN))?;
    let body = serde_json::json!({"url": url, "events": events}).to_string();
    let (status, answer) = client::once(addr, &route, body.into()).await?;
    if status == StatusCode::CREATED { Ok(()) } else { Err(unexpected("a webhook", status, &answer).into()) }
}

/// A valid Indian mobile number for each place.
pub(crate) fn number(at: usize) -> String {
    format!("+919{at:09}")
}

pub(crate) fn register_body(at: u32) -> Bytes {
    let number = number(at as usize);
    format!("{{\"mobile_number\":\"{number}\",\"email\":\"bench@example.org\",\"device_id\":\"bench-{at}\"}}")
        .into()
}

/// Stamps move on as they would with phones: a second for so many SMS.
const SMS_PER_SECOND_OF_STAMPS: usize = 10_000;

pub(crate) fn sms_body(at: usize, hash: &str, now: jiff::Timestamp) -> Bytes {
    let number = number(at);
    let ahead = i64::try_from(at / SMS_PER_SECOND_OF_STAMPS).unwrap_or_default();
    let now = now.saturating_add(jiff::SignedDuration::from_secs(ahead)).unwrap_or(now);
    format!(
        "{{\"mobile_number\":\"{number}\",\"sms_message\":\"ONBOARD:{hash}\",\"received_timestamp\":\"{now:.3}\",\"message_id\":\"bench-{at}\"}}"
    )
    .into()
}

pub(crate) fn accept_livez(status: StatusCode, body: &[u8]) -> Result<Option<String>, String> {
    if status == StatusCode::OK { Ok(None) } else { Err(unexpected("GET /livez", status, body)) }
}

pub(crate) fn accept_registration(status: StatusCode, body: &[u8]) -> Result<Option<String>, String> {
    let hash = (status == StatusCode::CREATED).then(|| hash_in(body)).flatten();
    hash.map(Some).ok_or_else(|| unexpected("a registration", status, body))
}

pub(crate) fn accept_sms(status: StatusCode, body: &[u8]) -> Result<Option<String>, String> {
    const PASSED: &[u8] = b"\"validation_status\":\"passed\"";
    let passed = status == StatusCode::OK && body.windows(PASSED.len()).any(|part| part == PASSED);
    if passed { Ok(None) } else { Err(unexpected("an SMS", status, body)) }
}

fn hash_in(body: &[u8]) -> Option<String> {
    const FIELD: &str = "\"hash\":\"";
    let body = std::str::from_utf8(body).ok()?;
    let at = body.find(FIELD)? + FIELD.len();
    body.get(at..)?.split_once('"').map(|(hash, _)| hash.to_owned())
}

fn unexpected(what: &str, status: StatusCode, body: &[u8]) -> String {
    format!("{what} was answered with {status}: {}", String::from_utf8_lossy(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_json_and_numbers_distinct() {
        let register: serde_json::Value = serde_json::from_slice(&register_body(7)).unwrap();
        assert_eq!(register["mobile_number"], "+919000000007");
        let now = jiff::Timestamp::from_second(1_769_860_800).unwrap();
        let sms: serde_json::Value = serde_json::from_slice(&sms_body(7, "ab", now)).unwrap();
        assert_eq!(sms["mobile_number"], register["mobile_number"]);
        assert_eq!(sms["sms_message"], "ONBOARD:ab");
        assert_eq!(sms["received_timestamp"], "2026-01-31T12:00:00.000Z");
    }

    #[test]
    fn only_the_expected_answer_counts() {
        let answer = br#"{"status":"new","hash":"ab12","id":1}"#;
        assert_eq!(accept_registration(StatusCode::CREATED, answer), Ok(Some("ab12".to_owned())));
        assert!(accept_registration(StatusCode::TOO_MANY_REQUESTS, answer).is_err());
        assert_eq!(accept_sms(StatusCode::OK, br#"{"validation_status":"passed"}"#), Ok(None));
        let problem = accept_sms(StatusCode::OK, br#"{"validation_status":"failed"}"#).unwrap_err();
        assert!(problem.contains("200 OK") && problem.contains("failed"), "{problem}");
    }
}
