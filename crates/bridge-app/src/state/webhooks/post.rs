//! One try: a message posted to a webhook, and how that went. It goes to the address that was looked up and let through,
//! by no proxy, and follows no redirect. Not what follows from it: that is `crate::webhooks::schedule`.

use std::error::Error;
use std::time::Duration;

use bridge_core::Timestamp;
use bridge_store::audit::Outcome;
use reqwest::{Client, Response, redirect};

use super::reach::{Reach, Unreachable, is_encrypted};
use crate::base::deadline::{WEBHOOK_ANSWERS, WEBHOOK_READ, within};
use crate::base::metrics::Stopwatch;

/// So much of an answer is kept.
const ANSWER_MAX: usize = 1024;

/// A message, as it goes out.
#[derive(Clone, Debug)]
pub struct Message {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`: the time of this try.
    pub at: Timestamp,
    /// `webhook-signature`.
    pub signature: String,
    /// The body.
    pub body: String,
}

/// Posts messages.
#[derive(Clone, Debug)]
pub struct Poster {
    reach: Reach,
    encrypted: Client,
    plain: Client,
    answered_within: Duration,
}

impl Poster {
    /// One that reaches no more than this.
    pub fn new(reach: Reach) -> reqwest::Result<Poster> {
        // Fails only if a provider is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = |is_encrypted| {
            Client::builder()
                .dns_resolver(reach.resolver(is_encrypted))
                .redirect(redirect::Policy::none())
                .no_proxy()
                .user_agent(concat!("sms-bridge/", env!("CARGO_PKG_VERSION")))
                .build()
        };
        let (encrypted, plain) = (client(true)?, client(false)?);
        Ok(Poster { reach, encrypted, plain, answered_within: WEBHOOK_ANSWERS })
    }

    /// What it may reach.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }

    /// Posts a message of Standard Webhooks to that address.
    pub async fn post(&self, url: &str, message: &Message) -> Outcome {
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("webhook-id", message.id.clone()),
            ("webhook-timestamp", message.at.epoch_seconds().to_string()),
            ("webhook-signature", message.signature.clone()),
        ];
        self.send(url, &headers, message.body.clone(), message.at).await
    }

    /// Posts that body with these headers to that address.
    pub async fn send(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
        at: Timestamp,
    ) -> Outcome {
        let watch = Stopwatch::start();
        let answer = within(self.answered_within, self.answer(url, headers, body)).await;
        let (status, answer, error) = match answer {
            Ok(Ok((status, answer))) => (Some(status), answer, why_not(status)),
            Ok(Err(error)) => (None, String::new(), Some(error)),
            Err(late) => (None, String::new(), Some(late.to_string())),
        };
        let took_ms = i64::try_from(watch.elapsed().as_millis()).unwrap_or(i64::MAX);
        Outcome { at, took_ms, status, answer, error }
    }

    /// The status, and the beginning of what it says.
    async fn answer(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<(u16, String), String> {
        // Here and not only when it was added: what may be reached may have changed, and a literal address is not resolved.
        let url = self.reach.read(url).map_err(|why: Unreachable| why.to_string())?;
        let client = if is_encrypted(&url) { &self.encrypted } else { &self.plain };
        let request =
            headers.iter().fold(client.post(url), |request, (name, value)| request.header(*name, value));
        let response = request.body(body).send().await;
        let response = response.map_err(|error| innermost(&error.without_url()))?;
        let status = response.status().as_u16();
        // What it says is only for people: a body that does not end delivers nothing and spoils nothing.
        let mut said = Vec::new();
        let _ = within(WEBHOOK_READ, read(response, &mut said)).await;
        said.truncate(ANSWER_MAX);
        Ok((status, String::from_utf8_lossy(&said).into_owned()))
    }
}

async fn read(mut response: Response, said: &mut Vec<u8>) {
    while said.len() < ANSWER_MAX {
        match response.chunk().await {
            Ok(Some(piece)) => said.extend_from_slice(&piece),
            Ok(None) | Err(_) => return,
        }
    }
}

/// Why this status is no success.
fn why_not(status: u16) -> Option<String> {
    match status {
        200..300 => None,
        300..400 => Some("it is somewhere else, and redirects are not followed".to_owned()),
        410 => Some("it says that it is gone for good".to_owned()),
        _ => Some(format!("it answered {status}")),
    }
}

fn innermost(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
