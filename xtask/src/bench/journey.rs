//! One run against one server: register every number, send every SMS, wait for the dump, stop, and
//! look into the audit database. Names the routes and bodies of the contract; counts nothing itself.

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use hyper::{Method, StatusCode};

use super::client::{self, Route};
use super::load::{self, Measured, Phase};
use super::recorded::{self, Recorded};
use super::report::Figures;
use super::server::{ADMIN_TOKEN, API_KEY, RECEIVER_KEY, Server};
use super::{Args, process};
use crate::Outcome;

/// What one run found.
pub(crate) struct Journey {
    pub(crate) livez: Figures,
    pub(crate) registration: Figures,
    pub(crate) sms: Figures,
    pub(crate) recorded: Recorded,
}

/// Long phases must not run into the deadline, and the dump shall run while the load does.
const SETTINGS: &[(&str, &str)] = &[("user_timelimit_seconds", "7200"), ("local_sync_interval_seconds", "1")];
/// The no-op handler is measured with at most this many requests.
const LIVEZ_MAX: u32 = 100_000;

pub(crate) async fn run(args: &Args, binary: &Path, data: &Path) -> Outcome<Journey> {
    let mut server = Server::start(binary, data)?;
    let measured = phases(args, &server).await;
    let (livez, registration, sms) = measured.map_err(|why| server.failed(&why))?;
    let audit = data.join("audit.db");
    let caught_up = recorded::wait(&audit, sms.0).await;
    let waited = caught_up.map_err(|why| server.failed(&why))?;
    server.stop()?;
    let recorded = recorded::read(&audit, sms.0, waited)?;
    Ok(Journey { livez, registration, sms: sms.1, recorded })
}

async fn phases(args: &Args, server: &Server) -> Outcome<(Figures, Figures, (u32, Figures))> {
    let addr = server.addr();
    for (key, value) in SETTINGS {
        set(addr, key, value).await?;
    }
    let idle: Vec<Bytes> = vec![Bytes::new(); args.sms.min(LIVEZ_MAX) as usize];
    let route = Route::new(Method::GET, addr, "/livez", None)?;
    let (livez, _) = phase(args, server, "GET /livez", route, idle, accept_livez).await?;

    let numbers = (0..args.sms).map(register_body).collect();
    let route = Route::new(Method::POST, addr, "/onboard/register", Some(API_KEY))?;
    let (registration, registered) =
        phase(args, server, "registration", route, numbers, accept_registration).await?;

    let now = jiff::Timestamp::now();
    let texts = registered.kept.iter().map(|(at, hash)| sms_body(*at, hash, now)).collect();
    let route = Route::new(Method::POST, addr, "/sms/receive", Some(RECEIVER_KEY))?;
    let (sms, sent) = phase(args, server, "SMS", route, texts, accept_sms).await?;
    Ok((livez, registration, (u32::try_from(sent.answered)?, sms)))
}

async fn phase(
    args: &Args,
    server: &Server,
    title: &'static str,
    route: Route,
    bodies: Vec<Bytes>,
    accept: load::Accept,
) -> Outcome<(Figures, Measured)> {
    let phase = Phase {
        title,
        addr: server.addr(),
        connections: args.connections,
        route,
        bodies,
        accept,
        longest: args.phase_max(),
    };
    let cpu_before = process::cpu_seconds(server.pid())?;
    let measured = load::run(phase).await?;
    let cpu = process::cpu_seconds(server.pid())? - cpu_before;
    let figures = Figures::new(&measured, cpu, process::peak_rss(server.pid())?);
    Ok((figures, measured))
}

async fn set(addr: SocketAddr, key: &str, value: &str) -> Outcome {
    let route = Route::new(Method::PUT, addr, &format!("/admin/settings/{key}"), Some(ADMIN_TOKEN))?;
    let body = format!("{{\"value\": {value}}}");
    let (status, answer) = client::once(addr, &route, body.into()).await?;
    if status.is_success() {
        Ok(())
    } else {
        Err(unexpected(&format!("setting {key}"), status, &answer).into())
    }
}

/// A valid Indian mobile number for each place.
fn number(at: usize) -> String {
    format!("+919{at:09}")
}

fn register_body(at: u32) -> Bytes {
    let number = number(at as usize);
    format!("{{\"mobile_number\":\"{number}\",\"email\":\"bench@example.org\",\"device_id\":\"bench-{at}\"}}")
        .into()
}

/// Stamps move on as they would with phones: a second for so many SMS.
const SMS_PER_SECOND_OF_STAMPS: usize = 10_000;

fn sms_body(at: usize, hash: &str, now: jiff::Timestamp) -> Bytes {
    let number = number(at);
    let ahead = i64::try_from(at / SMS_PER_SECOND_OF_STAMPS).unwrap_or_default();
    let now = now.saturating_add(jiff::SignedDuration::from_secs(ahead)).unwrap_or(now);
    format!(
        "{{\"mobile_number\":\"{number}\",\"sms_message\":\"ONBOARD:{hash}\",\"received_timestamp\":\"{now:.3}\",\"message_id\":\"bench-{at}\"}}"
    )
    .into()
}

fn accept_livez(status: StatusCode, body: &[u8]) -> Result<Option<String>, String> {
    if status == StatusCode::OK { Ok(None) } else { Err(unexpected("GET /livez", status, body)) }
}

fn accept_registration(status: StatusCode, body: &[u8]) -> Result<Option<String>, String> {
    let hash = (status == StatusCode::CREATED).then(|| hash_in(body)).flatten();
    hash.map(Some).ok_or_else(|| unexpected("a registration", status, body))
}

fn accept_sms(status: StatusCode, body: &[u8]) -> Result<Option<String>, String> {
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
