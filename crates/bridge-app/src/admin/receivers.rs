//! The receivers as the operator keeps them: added, rotated, changed and revoked. Each change is noted in the admin log,
//! written to the audit store, and in force here before anybody is answered. Not how a receiver is recognised or how it
//! is doing: that is [`crate::state::receivers`].

mod given;
mod wish;

use bridge_formats::fields::{FieldValue, Fields};
use bridge_store::audit::Receiver;
use serde_json::{Value, json};

use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::base::secrets::hashed;
use crate::bridge::App;
pub use given::ReceiverAdded;
use given::given_to_app;
use wish::{
    expected_every_of, format_of, inbox_of, made, name_of, number_style_of, numbers_of, secret_of,
    signing_key_of, time_zone_of, wrong,
};

/// Of one receiver: two may be live while one replaces the other.
const SECRETS_LIVE_MAX: usize = 2;

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
        "number_style": row.number_style, "time_zone": row.time_zone,
        "expected_every_seconds": row.expected_every_seconds,
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
    let (inbox_url, number_style) = (inbox_of(fields)?, number_style_of(fields)?);
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
        number_style,
        time_zone: time_zone_of(fields)?,
        expected_every_seconds: expected_every_of(fields)?,
        paused: false,
        added_at: app.clock.now(),
        revoked_at: None,
    };
    put(app, actor, "receiver.add", None, &row).await?;
    Ok(given_to_app(app, &row, format, secret, key, host))
}

async fn named(app: &App, name: &str) -> Result<Receiver, Problem> {
    live_row(app, name).await?.ok_or_else(|| unknown(name))
}

/// That there is no receiver of that name.
#[must_use]
pub fn unknown(name: &str) -> Problem {
    Problem::new(Code::NotFound, format!("there is no receiver {name}"))
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
        // A provider signs with its own, which stays.
        None if !row.signing_keys.is_empty() && format.takes_our_key => Some(made(app)?),
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
    if fields.get("number_style").is_some() {
        row.number_style = number_style_of(fields)?;
    }
    if fields.get("time_zone").is_some() {
        row.time_zone = time_zone_of(fields)?;
    }
    if fields.get("expected_every_seconds").is_some() {
        row.expected_every_seconds = expected_every_of(fields)?;
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
