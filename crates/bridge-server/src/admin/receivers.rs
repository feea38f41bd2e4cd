//! The receivers as the operator keeps them: added, rotated, changed and revoked. Each change is noted in the admin log,
//! written to the audit store, and in force here before anybody is answered. Not how a receiver is recognised or how it
//! is doing: that is [`crate::state::receivers`].

use bridge_core::Mobile;
use bridge_core::onboarding::hex;
use bridge_core::phone::BareDigits;
use bridge_formats::fields::{FieldValue, Fields};
use bridge_formats::{Format, generic};
use bridge_store::audit::Receiver;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::base::{fields, secrets};
use crate::bridge::App;
use crate::state::receivers::{DEFAULT, hashed};

const NAME_MAX_CHARS: usize = 40;
/// Of a secret that the operator chose.
const SECRET_MIN_CHARS: usize = 6;
/// Of one receiver: two may be live while one replaces the other.
const SECRETS_LIVE_MAX: usize = 2;

/// What the app is to be given. The secret is shown this once.
#[derive(Serialize, ToSchema)]
pub struct ReceiverAdded {
    /// The receiver.
    pub name: String,
    /// The app it runs.
    pub format: String,
    /// The numbers users text.
    pub numbers: Vec<String>,
    /// Where it delivers; leads to this receiver's own secret or key.
    pub url: String,
    /// Its secret.
    pub secret: String,
    /// Its signing key, where it signs.
    pub signing_key: Option<String>,
    /// Where it says that it lives.
    pub heartbeat_url: String,
    /// How to set the app up.
    pub steps: Vec<String>,
    /// What is weak about the secret that was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

fn wrong(field: &str, detail: impl Into<String>) -> Problem {
    Problem::field(Code::InvalidRequest, field, detail)
}

fn text(fields: &Fields, name: &str) -> Result<Option<String>, Problem> {
    Ok(fields::text(fields, name)?.filter(|text| !text.is_empty()))
}

fn name_of(fields: &Fields) -> Result<String, Problem> {
    let name =
        text(fields, "name")?.ok_or_else(|| wrong("name", "is missing: a short name, like hall-phone"))?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.chars().count() > NAME_MAX_CHARS || !name.chars().all(fits) || name.starts_with('.') {
        return Err(wrong("name", format!("must be at most {NAME_MAX_CHARS} of A-Z a-z 0-9 - _ .")));
    }
    if name == DEFAULT {
        return Err(wrong("name", "is the receiver behind SMS_BRIDGE_RECEIVER_KEY: take another one"));
    }
    Ok(name)
}

fn format_of(fields: &Fields) -> Result<&'static Format, Problem> {
    let known =
        || bridge_formats::FORMATS.iter().map(|f| f.name).chain([generic::FORMAT.name]).collect::<Vec<_>>();
    let name = text(fields, "format")?
        .ok_or_else(|| wrong("format", format!("is missing: one of {}", known().join(", "))))?;
    bridge_formats::named(&name)
        .ok_or_else(|| wrong("format", format!("must be one of {}", known().join(", "))))
}

/// In E.164, so that an SMS that names its receiving number is found to be at this receiver; a short code stays as it is.
fn numbers_of(app: &App, fields: &Fields) -> Result<Vec<String>, Problem> {
    let given: Vec<String> = match fields.get("numbers").or_else(|| fields.get("number")) {
        None | Some(FieldValue::Null) => Vec::new(),
        Some(FieldValue::Texts(all)) => all.clone(),
        Some(FieldValue::Text(one)) => {
            one.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect()
        }
        Some(_) => return Err(wrong("numbers", "must be a list of texts, like [\"+919000000001\"]")),
    };
    let default = app.live.now().default_country_code.clone();
    let read = |text: &String| match Mobile::parse(text, &default, BareDigits::NationalFirst) {
        Ok(mobile) => Ok(mobile.e164().to_owned()),
        Err(_) if (3..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(text.clone())
        }
        Err(why) => Err(wrong("numbers", format!("{text} {why}"))),
    };
    given.iter().map(read).collect()
}

/// An app may allow only what it allows: a short secret is taken, and said to be weak.
fn secret_of(app: &App, fields: &Fields) -> Result<String, Problem> {
    match text(fields, "secret")? {
        Some(secret) if secret.chars().count() < SECRET_MIN_CHARS => {
            let rule = format!("is shorter than {SECRET_MIN_CHARS} characters: leave it out and one is made");
            Err(wrong("secret", rule))
        }
        Some(secret) => Ok(secret),
        None => made(app),
    }
}

fn made(app: &App) -> Result<String, Problem> {
    Ok(hex(&app.entropy.bytes::<24>().map_err(|error| Problem::unavailable(&error))?))
}

fn signing_key_of(app: &App, fields: &Fields, format: &Format) -> Result<Option<String>, Problem> {
    let key = match fields.get("signing_key") {
        None | Some(FieldValue::Null | FieldValue::Bool(false)) => return Ok(None),
        Some(FieldValue::Text(key)) if key.is_empty() => return Err(wrong("signing_key", "is empty")),
        Some(FieldValue::Text(key)) => key.clone(),
        Some(FieldValue::Bool(true)) if format.takes_our_key() => made(app)?,
        Some(FieldValue::Bool(true)) => {
            let rule = format!("cannot be made here: {} has one of its own, give that", format.name);
            return Err(wrong("signing_key", rule));
        }
        Some(_) => return Err(wrong("signing_key", "must be a text, or true and one is made")),
    };
    if format.verify.is_none() {
        let rule = format!("cannot be: {} signs nothing; its secret stands in the URL", format.name);
        return Err(wrong("signing_key", rule));
    }
    Ok(Some(key))
}

fn inbox_of(fields: &Fields) -> Result<Option<String>, Problem> {
    let Some(url) = text(fields, "inbox_url")? else { return Ok(None) };
    match reqwest::Url::parse(&url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => Ok(Some(url)),
        _ => Err(wrong("inbox_url", "must be like http://user:password@192.168.1.5:8080")),
    }
}

/// Who answers before a name is taken: the source itself, because another bridge may have added it just now.
async fn live_row(app: &App, name: &str) -> Result<Option<Receiver>, Problem> {
    let rows = in_time(app.audit.receivers()).await?;
    Ok(rows.into_iter().find(|row| row.name == name && row.revoked_at.is_none()))
}

/// Of a receiver in the admin log: no secret, and no password in an address.
fn noted(row: &Receiver) -> Value {
    let inbox = row.inbox_url.as_ref().and_then(|url| reqwest::Url::parse(url).ok()).map(|mut url| {
        // Fails for addresses that can hold neither.
        let _ = url.set_username("").and_then(|()| url.set_password(None));
        url.to_string()
    });
    json!({
        "format": row.format, "numbers": row.numbers, "paused": row.paused, "inbox_url": inbox,
        "secrets": row.secrets.len(), "signing_keys": row.signing_keys.len(), "revoked": row.revoked_at.is_some(),
    })
}

/// Notes the change and makes it.
async fn put(
    app: &App,
    actor: &Actor,
    action: &str,
    before: Option<&Receiver>,
    row: &Receiver,
) -> Result<(), Problem> {
    let before = before.map_or(Value::Null, noted);
    app.note_change(actor, action, &row.name, before, noted(row)).await?;
    in_time(app.audit.put_receiver(app.clock.now(), row)).await?;
    in_time(app.receivers.reload(&*app.audit)).await?;
    if let Err(error) = in_time(app.hot.announce_receivers()).await {
        tracing::debug!(?error, "other bridges hear of it within seconds");
    }
    Ok(())
}

fn given_to_app(
    app: &App,
    row: &Receiver,
    format: &Format,
    secret: String,
    key: Option<String>,
    host: Option<&str>,
) -> ReceiverAdded {
    let base = base_url(app, host);
    let signs = !row.signing_keys.is_empty();
    let query = if signs { format!("receiver={}", row.name) } else { format!("apiKey={secret}") };
    let url = format!("{base}/sms/receive/{}?{query}", format.name);
    let filled = |step: &&str| {
        step.replace("{url}", &url)
            .replace("{secret}", &secret)
            .replace("{signing_key}", key.as_deref().unwrap_or(&secret))
    };
    ReceiverAdded {
        name: row.name.clone(),
        format: row.format.clone(),
        numbers: row.numbers.clone(),
        heartbeat_url: format!("{base}/receivers/heartbeat?apiKey={secret}"),
        steps: format.steps.iter().map(filled).collect(),
        warning: secrets::weak(&secret)
            .map(|why| format!("the secret {why}: whoever guesses it can hand in SMS")),
        url,
        secret,
        signing_key: key,
    }
}

/// The address under which phones reach the bridge, as far as it is known here.
fn base_url(app: &App, host: Option<&str>) -> String {
    match &app.config.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            let address = app.address.get().map(ToString::to_string);
            format!("http://{}", address.or(host.map(str::to_owned)).unwrap_or_default())
        }
    }
}

/// Adds a receiver. `host` is what the request was sent to: where the bridge is reached, if it is not told.
pub async fn add(
    app: &App,
    actor: &Actor,
    fields: &Fields,
    host: Option<&str>,
) -> Result<ReceiverAdded, Problem> {
    let (name, format) = (name_of(fields)?, format_of(fields)?);
    let numbers = numbers_of(app, fields)?;
    let (secret, key) = (secret_of(app, fields)?, signing_key_of(app, fields, format)?);
    let inbox_url = inbox_of(fields)?;
    if live_row(app, &name).await?.is_some() {
        let detail =
            format!("there is a receiver {name}: rotate its secret, revoke it, or take another name");
        return Err(Problem::new(Code::ReceiverExists, detail));
    }
    let row = Receiver {
        name,
        format: format.name.to_owned(),
        numbers,
        secrets: vec![hashed(&secret)],
        signing_keys: key.iter().cloned().collect(),
        inbox_url,
        paused: false,
        added_at: app.clock.now(),
        revoked_at: None,
    };
    put(app, actor, "receiver.add", None, &row).await?;
    Ok(given_to_app(app, &row, format, secret, key, host))
}

async fn named(app: &App, name: &str) -> Result<Receiver, Problem> {
    live_row(app, name)
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound, format!("there is no receiver {name}")))
}

/// Gives a receiver a new secret; the one before stays live. With `finish` the ones before end, and nothing is answered.
pub async fn rotate(
    app: &App,
    actor: &Actor,
    name: &str,
    fields: &Fields,
    host: Option<&str>,
) -> Result<Option<ReceiverAdded>, Problem> {
    let before = named(app, name).await?;
    let mut row = before.clone();
    let format = bridge_formats::named(&row.format).ok_or_else(|| {
        wrong("format", "is one that this version does not know: rotate it on the newer bridge")
    })?;
    if matches!(fields.get("finish"), Some(FieldValue::Bool(true))) {
        row.secrets.truncate(1);
        row.signing_keys.truncate(1);
        put(app, actor, "receiver.rotate", Some(&before), &row).await?;
        return Ok(None);
    }
    let secret = secret_of(app, fields)?;
    let key = match signing_key_of(app, fields, format)? {
        None if !row.signing_keys.is_empty() => Some(made(app)?),
        key => key,
    };
    // The newest first.
    row.secrets.insert(0, hashed(&secret));
    row.secrets.truncate(SECRETS_LIVE_MAX);
    if let Some(key) = &key {
        row.signing_keys.insert(0, key.clone());
        row.signing_keys.truncate(SECRETS_LIVE_MAX);
    }
    put(app, actor, "receiver.rotate", Some(&before), &row).await?;
    Ok(Some(given_to_app(app, &row, format, secret, key, host)))
}

/// Changes what is given of a receiver.
pub async fn change(app: &App, actor: &Actor, name: &str, fields: &Fields) -> Result<(), Problem> {
    let before = named(app, name).await?;
    let mut row = before.clone();
    if fields.get("numbers").is_some() || fields.get("number").is_some() {
        row.numbers = numbers_of(app, fields)?;
    }
    if fields.get("inbox_url").is_some() {
        row.inbox_url = inbox_of(fields)?;
    }
    match fields.get("paused") {
        None => {}
        Some(FieldValue::Bool(paused)) => row.paused = *paused,
        Some(_) => return Err(wrong("paused", "must be true or false")),
    }
    put(app, actor, "receiver.change", Some(&before), &row).await
}

/// Revokes a receiver: from now on nothing that it sends is taken.
pub async fn revoke(app: &App, actor: &Actor, name: &str) -> Result<(), Problem> {
    let before = named(app, name).await?;
    let row = Receiver { revoked_at: Some(app.clock.now()), ..before.clone() };
    put(app, actor, "receiver.revoke", Some(&before), &row).await
}
