//! Telling somebody by one way, once, and how that went. Only the public internet and networks of the office are reached,
//! and exactly the address that was looked up and let through is connected to. Not when it is tried again.

use std::error::Error;
use std::time::{Duration, UNIX_EPOCH};

use bridge_store::audit::Outcome;
use ipnet::IpNet;
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::ways::{Call, Mail, Message, Security, Values, Way, Wrong};
use crate::base::deadline::{MAIL_TAKEN, within};
use crate::base::metrics::Stopwatch;
use crate::state::webhooks::post::Poster;
use crate::state::webhooks::reach::Reach;

/// So much of what a mail server says is kept.
const SAID_MAX_CHARS: usize = 500;
/// Addresses of a mail server that are tried, one after the other.
const ADDRESSES_MAX: usize = 3;

/// Tells by any way.
#[derive(Clone, Debug)]
pub struct Sender {
    poster: Poster,
}

impl Sender {
    /// One that reaches these networks too.
    pub fn new(allowed: Vec<IpNet>) -> reqwest::Result<Sender> {
        Ok(Sender { poster: Poster::new(Reach::with_lan(allowed))? })
    }

    /// Whether somebody can be told by that way with these values, as far as that can be said without telling anybody.
    pub fn check(&self, way: &Way, values: &Values, example: &Message) -> Result<(), Wrong> {
        match (way.make)(values, example)? {
            Call::Mail(_) => Ok(()),
            Call::Post { url, .. } => {
                let why = |why: crate::state::webhooks::reach::Unreachable| Wrong {
                    field: "url",
                    why: why.to_string(),
                };
                self.poster.reach().read(&url).map(drop).map_err(why)
            }
        }
    }

    /// Tells it, once.
    pub async fn send(&self, way: &Way, values: &Values, message: &Message) -> Outcome {
        match (way.make)(values, message) {
            Ok(Call::Post { url, headers, body }) => self.poster.send(&url, &headers, body, message.at).await,
            Ok(Call::Mail(mail)) => {
                let watch = Stopwatch::start();
                let taken = within(MAIL_TAKEN, self.mail(&mail, message)).await;
                let taken = taken.unwrap_or_else(|late| Err(late.to_string()));
                let took_ms = i64::try_from(watch.elapsed().as_millis()).unwrap_or(i64::MAX);
                let (answer, error) = match taken {
                    Ok(answer) => (answer, None),
                    Err(error) => (String::new(), Some(error)),
                };
                Outcome { at: message.at, took_ms, status: None, answer, error }
            }
            Err(Wrong { field, why }) => {
                let error = Some(format!("{field} {why}"));
                Outcome { at: message.at, took_ms: 0, status: None, answer: String::new(), error }
            }
        }
    }

    async fn mail(&self, mail: &Mail, message: &Message) -> Result<String, String> {
        let letter = letter(mail, message)?;
        let is_encrypted = mail.security != Security::Plain;
        let found = self.poster.reach().resolve(&mail.host, mail.port, is_encrypted).await;
        let mut error = String::new();
        for address in found.map_err(|why| why.to_string())?.into_iter().take(ADDRESSES_MAX) {
            // The name is what its certificate is for, the address is where it is.
            let tls = || TlsParameters::new(mail.host.clone()).map_err(|error| innermost(&error));
            let tls = match mail.security {
                Security::StartTls => Tls::Required(tls()?),
                Security::Tls => Tls::Wrapper(tls()?),
                Security::Plain => Tls::None,
            };
            let server = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
                .port(address.port())
                .hello_name(ClientId::Domain("sms-bridge".to_owned()))
                .timeout(Some(MAIL_TAKEN))
                .tls(tls);
            let server = match &mail.login {
                Some((user, password)) => {
                    server.credentials(Credentials::new(user.clone(), password.clone()))
                }
                None => server,
            };
            match server.build().send(letter.clone()).await {
                Ok(answer) => {
                    let said: String = answer.message().collect::<Vec<_>>().join(" ");
                    return Ok(said.chars().take(SAID_MAX_CHARS).collect());
                }
                Err(failed) => error = innermost(&failed),
            }
        }
        Err(error.chars().take(SAID_MAX_CHARS).collect())
    }
}

fn letter(mail: &Mail, message: &Message) -> Result<lettre::Message, String> {
    let at = UNIX_EPOCH + Duration::from_millis(message.at.0.unsigned_abs());
    let letter = lettre::Message::builder()
        .from(mail.from.clone())
        .subject(message.title.clone())
        .date(at)
        .message_id(Some(format!("<{}@sms-bridge>", message.id)))
        .header(ContentType::TEXT_PLAIN);
    let letter = mail.to.iter().fold(letter, |letter, to| letter.to(to.clone()));
    letter.body(message.text.clone()).map_err(|error| innermost(&error))
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
