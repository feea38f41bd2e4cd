//! One request to a bridge, and what its answer means for the SMS in it. Not when it is tried again: that is `flush`.

use std::time::Duration;

use bridge_core::Timestamp;
use bridge_core::onboarding::hex;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{StatusCode, Url};
use serde_json::Value;
use sha2::Sha256;

use crate::cli::bridge::no_client;

/// A bridge that is alive answers within milliseconds; one request must not use up what a hook may take.
const REQUEST: Duration = Duration::from_secs(8);
const CONNECT: Duration = Duration::from_secs(4);
/// An answer of a bridge is shorter by far.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
const REASON_MAX_CHARS: usize = 300;
const RECEIVE: &str = "/sms/receive";

/// A bridge, and how to be recognised by it.
#[derive(Debug)]
pub(super) struct Target {
    http: reqwest::Client,
    url: Url,
    secret: Option<HeaderValue>,
    signing_key: Option<SigningKey>,
}

struct SigningKey(String);

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("signing key")
    }
}

/// What became of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The bridge has it.
    Done(Value),
    /// The bridge cannot use this one and never will; others it may.
    Refused(String),
    /// The bridge is there and cannot take this one now.
    Busy(String),
    /// Nobody answers.
    Away(String),
    /// It would be the same with every SMS until somebody changes something.
    Misconfigured(String),
}

impl Target {
    /// Reads the configuration; an error says what is wrong with it.
    pub(super) fn new(
        url: &str,
        secret: Option<&str>,
        signing_key: Option<String>,
    ) -> Result<Target, String> {
        let url = Url::parse(url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or("the URL must be like http://bridge:8080/sms/receive (--url, SMS_BRIDGE_PUSH_URL)")?;
        if secret.is_none() && signing_key.is_none() && url.query().is_none() {
            return Err(
                "the receiver's secret is missing: give it with --secret-file (SMS_BRIDGE_PUSH_SECRET_FILE)"
                    .to_owned(),
            );
        }
        let secret = secret.map(bearer).transpose()?;
        // Fails only if a provider is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(REQUEST)
            .connect_timeout(CONNECT)
            // A redirected POST arrives as a GET, without its SMS; and the secret is for this host only.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| no_client(&error))?;
        Ok(Target { http, url, secret, signing_key: signing_key.map(SigningKey) })
    }

    /// Hands over one SMS.
    pub(super) async fn post(&self, body: Vec<u8>, now: Timestamp) -> Outcome {
        match self.send(self.url.clone(), body, now).await {
            Ok((status, headers, text)) => meaning(status, &headers, &text),
            Err(error) => Outcome::Away(self.unreachable(&error)),
        }
    }

    /// Asks whether URL and secret are right, and hands over nothing.
    pub(super) async fn test(&self, now: Timestamp) -> Outcome {
        let url = heartbeat(&self.url);
        match self.send(url, b"{}".to_vec(), now).await {
            Ok((status, ..)) if status.is_success() => Outcome::Done(Value::Null),
            Ok((StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED, ..)) => Outcome::Misconfigured(
                "no heartbeat is known there: the URL leads to something else, or to a bridge that is too old to be \
                 asked"
                    .to_owned(),
            ),
            Ok((status, headers, text)) => meaning(status, &headers, &text),
            Err(error) => Outcome::Away(self.unreachable(&error)),
        }
    }

    async fn send(
        &self,
        url: Url,
        body: Vec<u8>,
        now: Timestamp,
    ) -> reqwest::Result<(StatusCode, HeaderMap, String)> {
        let mut request = self.http.post(url).header(CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.secret {
            request = request.header(AUTHORIZATION, secret.clone());
        }
        if let Some(SigningKey(key)) = &self.signing_key {
            let stamp = now.epoch_seconds().to_string();
            request =
                request.header("X-Signature", signature(key, &body, &stamp)).header("X-Timestamp", stamp);
        }
        let mut response = request.body(body).send().await?;
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            answer.extend_from_slice(&chunk);
            if answer.len() > ANSWER_MAX_BYTES {
                break;
            }
        }
        let answer = String::from_utf8_lossy(&answer).into_owned();
        Ok((response.status(), response.headers().clone(), answer))
    }

    /// In words, and without anything that the URL may hold beside its host.
    fn unreachable(&self, error: &reqwest::Error) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port_or_known_default().unwrap_or_default();
        let what = if error.is_timeout() {
            "does not answer in time"
        } else if error.is_connect() {
            "cannot be reached"
        } else {
            "broke the connection off"
        };
        let mut cause = std::error::Error::source(error);
        while let Some(deeper) = cause.and_then(std::error::Error::source) {
            cause = Some(deeper);
        }
        let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
        format!("{host}:{port} {what}{cause}")
    }
}

fn bearer(secret: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::try_from(format!("Bearer {secret}"))
        .map_err(|_| "the secret has characters that no HTTP header may have: is it the right file?")?;
    value.set_sensitive(true);
    Ok(value)
}

/// Where the bridge is asked about itself: beside the route that takes SMS.
fn heartbeat(url: &Url) -> Url {
    let mut beside = url.clone();
    let before = url.path().find(RECEIVE).map_or("", |at| &url.path()[..at]);
    beside.set_path(&format!("{before}/receivers/heartbeat"));
    beside
}

/// Lowercase hexadecimal HMAC-SHA256 of the body followed by the stamp.
fn signature(key: &str, body: &[u8], stamp: &str) -> String {
    // HMAC takes keys of any length; the impossible error becomes a signature that no bridge accepts.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_bytes()) else { return String::new() };
    mac.update(body);
    mac.update(stamp.as_bytes());
    hex(&mac.finalize().into_bytes())
}

fn meaning(status: StatusCode, headers: &HeaderMap, text: &str) -> Outcome {
    let body: Value = serde_json::from_str(text).unwrap_or(Value::Null);
    let detail = || {
        let fields = body["errors"].as_array().into_iter().flatten();
        let fields = fields.filter_map(|error| Some((error["field"].as_str()?, error["detail"].as_str()?)));
        let fields: String = fields.map(|(field, detail)| format!("; {field} {detail}")).collect();
        match body["detail"].as_str() {
            Some(detail) => {
                let said: String = format!("{detail}{fields}").chars().take(REASON_MAX_CHARS).collect();
                format!("{status}: {said}")
            }
            None => status.to_string(),
        }
    };
    match status.as_u16() {
        // Also a captive portal answers 200: only a bridge's own word counts.
        200..=299 if body["status"].is_string() => Outcome::Done(body),
        200..=299 => Outcome::Misconfigured(
            "something that is no bridge answers at this URL: correct --url (SMS_BRIDGE_PUSH_URL)".to_owned(),
        ),
        300..=399 => {
            let to = headers.get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or("another one");
            // What follows may be a secret.
            let to = to.split('?').next().unwrap_or_default();
            Outcome::Misconfigured(format!("the URL leads on to {to}: give that one with --url"))
        }
        401 | 403 => Outcome::Misconfigured(format!(
            "the bridge does not accept this secret or signature ({}): correct it with --secret-file and \
             --signing-key-file",
            detail()
        )),
        404 | 405 => Outcome::Misconfigured(format!(
            "the bridge takes no SMS at this URL ({}): it must end in {RECEIVE} or be the receiver's own",
            detail()
        )),
        407 => Outcome::Misconfigured(format!("a proxy wants to know who you are ({})", detail())),
        408 | 425 | 429 | 500..=599 => Outcome::Busy(detail()),
        _ => Outcome::Refused(detail()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Result<Target, String> {
        Target::new(url, Some("0123456789abcdef"), None)
    }

    #[test]
    fn every_answer_means_one_thing() {
        let problem = r#"{"detail":"why"}"#;
        let word = |status: u16, body: &str| match meaning(
            StatusCode::from_u16(status).unwrap(),
            &HeaderMap::new(),
            body,
        ) {
            Outcome::Done(_) => "done",
            Outcome::Refused(why) => {
                assert!(why.contains("why"), "{why}");
                "refused"
            }
            Outcome::Busy(_) => "busy",
            Outcome::Away(_) => "away",
            Outcome::Misconfigured(_) => "misconfigured",
        };
        for (status, body, expected) in [
            (200, r#"{"status":"received"}"#, "done"),
            (202, r#"{"status":"stored"}"#, "done"),
            (200, "<html>Welcome to our hotel</html>", "misconfigured"),
            (204, "", "misconfigured"),
            (200, "[]", "misconfigured"),
            (302, "", "misconfigured"),
            (400, problem, "refused"),
            (401, problem, "misconfigured"),
            (403, problem, "misconfigured"),
            (404, problem, "misconfigured"),
            (405, "", "misconfigured"),
            (407, "", "misconfigured"),
            (408, "", "busy"),
            (413, problem, "refused"),
            (415, problem, "refused"),
            (422, problem, "refused"),
            (425, "", "busy"),
            (429, "", "busy"),
            (500, problem, "busy"),
            (502, "<html>", "busy"),
            (503, problem, "busy"),
            (504, "", "busy"),
        ] {
            assert_eq!(word(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn what_the_bridge_finds_wrong_is_told() {
        let body = r#"{"detail":"no SMS","errors":[{"field":"from","detail":"is missing"},{"field":7}]}"#;
        let refused = meaning(StatusCode::BAD_REQUEST, &HeaderMap::new(), body);
        assert_eq!(refused, Outcome::Refused("400 Bad Request: no SMS; from is missing".to_owned()));
    }

    #[test]
    fn a_long_answer_is_cut() {
        let body = format!(r#"{{"detail":"{}"}}"#, "ä".repeat(100_000));
        let Outcome::Refused(why) = meaning(StatusCode::BAD_REQUEST, &HeaderMap::new(), &body) else {
            panic!("a 400 is a refusal");
        };
        assert!(why.chars().count() < 400, "{}", why.len());
    }

    #[test]
    fn signs_body_and_stamp() {
        // echo -n '{"a":1}1769860800' | openssl dgst -sha256 -hmac key
        let expected = "781b947451a69c2f14832993b8738bae036fcc0fa8c0ef815140dea1f2e088cf";
        assert_eq!(signature("key", br#"{"a":1}"#, "1769860800"), expected);
    }

    #[test]
    fn asks_beside_the_route_for_sms() {
        for (url, expected) in [
            ("http://b:8080/sms/receive", "http://b:8080/receivers/heartbeat"),
            ("https://b/bridge/sms/receive/", "https://b/bridge/receivers/heartbeat"),
            (
                "https://b/bridge/sms/receive/generic?apiKey=k",
                "https://b/bridge/receivers/heartbeat?apiKey=k",
            ),
            ("https://b", "https://b/receivers/heartbeat"),
        ] {
            assert_eq!(heartbeat(&Url::parse(url).unwrap()).as_str(), expected);
        }
    }

    #[test]
    fn what_is_misconfigured_is_named() {
        for url in ["", "bridge:8080/sms/receive", "ftp://b/sms/receive", "http://", "/sms/receive"] {
            assert!(target(url).unwrap_err().contains("--url"), "{url:?}");
        }
        assert!(Target::new("http://b", Some("two\nlines"), None).unwrap_err().contains("secret"));
        assert!(Target::new("http://b", None, None).unwrap_err().contains("--secret-file"));
        assert!(Target::new("http://b?apiKey=0123456789abcdef", None, None).is_ok());
        let shown = format!("{:?}", Target::new("http://b", Some("0123456789abcdef"), Some("signed".into())));
        assert!(!shown.contains("0123456789abcdef") && !shown.contains("signed"), "{shown}");
    }
}
