//! The receivers by name: added, shown, rotated, paused and revoked by the operator.

use axum::Json;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use bridge_core::Mobile;
use bridge_core::onboarding::hex;
use bridge_core::phone::BareDigits;
use bridge_formats::fields::{FieldValue, Fields};
use bridge_formats::{Format, generic};
use bridge_store::audit::Receiver;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::auth::Operator;
use super::segment::Segment;
use super::{Shared, body};
use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem, ProblemBody};
use crate::base::secrets::{self, hashed};
use crate::health::receivers::ReceiverView;
use crate::state::receivers::DEFAULT;

const NAME_MAX_CHARS: usize = 40;
/// Of a secret that the operator chose.
const SECRET_MIN_CHARS: usize = 6;
/// Of one receiver: two may be live while one replaces the other.
const SECRETS_LIVE_MAX: usize = 2;

/// A receiver to add.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; the handler reads it by hand to name what is wrong")]
pub struct ReceiverAdd {
    /// Letters, digits, `-`, `_` and `.`.
    name: String,
    /// Which app it runs: smsgate, httpsms, twilio … or generic.
    format: String,
    /// The number users text, or several.
    numbers: Option<Vec<String>>,
    /// What it sends as its secret; made when not given.
    secret: Option<String>,
    /// What it signs with. With one, it must sign. `true` makes one.
    signing_key: Option<String>,
    /// SMSGate in local mode: where its own list of SMS can be read, like `http://user:password@192.168.1.5:8080`.
    inbox_url: Option<String>,
}

/// What the app is to be given. The secret is shown this once.
#[derive(Serialize, ToSchema)]
pub struct ReceiverAdded {
    pub(crate) name: String,
    format: String,
    numbers: Vec<String>,
    /// Where it delivers; leads to this receiver's own secret or key.
    pub(crate) url: String,
    /// Its secret.
    pub(crate) secret: String,
    /// Its signing key, where it signs.
    pub(crate) signing_key: Option<String>,
    /// Where it says that it lives.
    pub(crate) heartbeat_url: String,
    /// How to set the app up.
    pub(crate) steps: Vec<String>,
    /// What is weak about the secret that was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) warning: Option<String>,
}

/// One receiver.
#[derive(Serialize, ToSchema)]
pub struct ReceiverEntry {
    name: String,
    /// It must sign.
    signs: bool,
    /// Secrets and keys that are live; two while one is being replaced.
    secrets: usize,
    signing_keys: usize,
    #[schema(format = DateTime)]
    added_at: String,
    #[serde(flatten)]
    state: ReceiverView,
}

/// Every receiver by name.
#[derive(Serialize, ToSchema)]
pub struct ReceiverPage {
    items: Vec<ReceiverEntry>,
}

fn wrong(field: &str, detail: impl Into<String>) -> Problem {
    Problem::field(Code::InvalidRequest, field, detail)
}

fn text(fields: &Fields, name: &str) -> Result<Option<String>, Problem> {
    Ok(body::text(fields, name)?.filter(|text| !text.is_empty()))
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
fn numbers_of(app: &Shared, fields: &Fields) -> Result<Vec<String>, Problem> {
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
fn secret_of(app: &Shared, fields: &Fields) -> Result<String, Problem> {
    match text(fields, "secret")? {
        Some(secret) if secret.chars().count() < SECRET_MIN_CHARS => {
            let rule = format!("is shorter than {SECRET_MIN_CHARS} characters: leave it out and one is made");
            Err(wrong("secret", rule))
        }
        Some(secret) => Ok(secret),
        None => made(app),
    }
}

fn made(app: &Shared) -> Result<String, Problem> {
    Ok(hex(&app.entropy.bytes::<24>().map_err(|error| Problem::unavailable(&error))?))
}

fn signing_key_of(app: &Shared, fields: &Fields, format: &Format) -> Result<Option<String>, Problem> {
    let key = match fields.get("signing_key") {
        None | Some(FieldValue::Null | FieldValue::Bool(false)) => return Ok(None),
        Some(FieldValue::Text(key)) if key.is_empty() => return Err(wrong("signing_key", "is empty")),
        Some(FieldValue::Text(key)) => key.clone(),
        Some(FieldValue::Bool(true)) if format.takes_our_key => made(app)?,
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
async fn live_row(app: &Shared, name: &str) -> Result<Option<Receiver>, Problem> {
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
    app: &Shared,
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
    app: &Shared,
    row: &Receiver,
    format: &Format,
    secret: String,
    key: Option<String>,
    headers: &HeaderMap,
) -> ReceiverAdded {
    let base = base_url(app, headers);
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
fn base_url(app: &Shared, headers: &HeaderMap) -> String {
    match &app.options.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            let address = app.address.get().map(ToString::to_string);
            let host = headers.get("host").and_then(|host| host.to_str().ok()).map(str::to_owned);
            format!("http://{}", address.or(host).unwrap_or_default())
        }
    }
}

/// Add a receiver.
#[utoipa::path(
    post, path = "/admin/receivers", operation_id = "add_receiver", tag = "admin", security(("admin_token" = [])),
    request_body = ReceiverAdd,
    responses(
        (status = 201, description = "What the app is to be given; the secret is shown this once", body = ReceiverAdded),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 409, description = "`receiver_exists`", body = ProblemBody),
        (status = 503, description = "`unavailable`", body = ProblemBody),
    )
)]
pub async fn add(
    Operator(actor): Operator,
    State(app): State<Shared>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<ReceiverAdded>), Problem> {
    let fields = body::json_fields(&headers, body, body::ONBOARDING_MAX_BYTES).await?;
    Ok((StatusCode::CREATED, Json(add_receiver(&app, &actor, &fields, &headers).await?)))
}

/// Adds a receiver.
pub(crate) async fn add_receiver(
    app: &Shared,
    actor: &Actor,
    fields: &Fields,
    headers: &HeaderMap,
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
    Ok(given_to_app(app, &row, format, secret, key, headers))
}

/// The receivers.
#[utoipa::path(
    get, path = "/admin/receivers", operation_id = "list_receivers", tag = "admin", security(("admin_token" = [])),
    responses((status = 200, body = ReceiverPage), (status = 401, body = ProblemBody))
)]
pub async fn list(_: Operator, State(app): State<Shared>) -> Json<ReceiverPage> {
    let (now, settings) = (app.clock.now(), app.live.now());
    let entry = |known: &std::sync::Arc<crate::state::receivers::Known>| ReceiverEntry {
        name: known.row.name.clone(),
        signs: known.must_sign(),
        secrets: known.row.secrets.len(),
        signing_keys: known.row.signing_keys.len(),
        added_at: known.row.added_at.to_string(),
        state: ReceiverView::of(&app, Some(known), &app.receivers.seen(&known.row.name), now, &settings),
    };
    Json(ReceiverPage { items: app.receivers.live().iter().map(entry).collect() })
}

async fn named(app: &Shared, name: &str) -> Result<Receiver, Problem> {
    live_row(app, name)
        .await?
        .ok_or_else(|| Problem::new(Code::NotFound, format!("there is no receiver {name}")))
}

/// Give a receiver a new secret.
///
/// The one before stays live until the next rotation, so that the app can be changed in between; one signing key
/// likewise. With `{"finish": true}` the ones before end now, and nothing new is made.
#[utoipa::path(
    post, path = "/admin/receivers/{name}/rotate", operation_id = "rotate_receiver", tag = "admin",
    security(("admin_token" = [])), params(("name" = String, Path, description = "The receiver")),
    responses(
        (status = 200, description = "What the app is to be given; `null` where the rotation was finished", body = Option<ReceiverAdded>),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
    )
)]
pub async fn rotate(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(name): Segment,
    request: Request,
) -> Result<Json<Option<ReceiverAdded>>, Problem> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    Ok(Json(rotate_receiver(&app, &actor, &name, &fields, &parts.headers).await?))
}

/// Gives a receiver a new secret, or ends the ones before.
pub(crate) async fn rotate_receiver(
    app: &Shared,
    actor: &Actor,
    name: &str,
    fields: &Fields,
    headers: &HeaderMap,
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
    Ok(Some(given_to_app(app, &row, format, secret, key, headers)))
}

/// Change a receiver: its numbers, where its list of SMS is read, or whether users are sent to it.
#[utoipa::path(
    patch, path = "/admin/receivers/{name}", operation_id = "change_receiver", tag = "admin",
    security(("admin_token" = [])), params(("name" = String, Path, description = "The receiver")),
    responses(
        (status = 204, description = "Changed"),
        (status = 400, description = "`invalid_request`", body = ProblemBody),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
    )
)]
pub async fn change(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(name): Segment,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (parts, body) = request.into_parts();
    let fields = body::json_fields(&parts.headers, body, body::ONBOARDING_MAX_BYTES).await?;
    change_receiver(&app, &actor, &name, &fields).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Changes what is given of a receiver.
pub(crate) async fn change_receiver(
    app: &Shared,
    actor: &Actor,
    name: &str,
    fields: &Fields,
) -> Result<(), Problem> {
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

/// Revoke a receiver: from now on nothing that it sends is taken.
#[utoipa::path(
    delete, path = "/admin/receivers/{name}", operation_id = "revoke_receiver", tag = "admin",
    security(("admin_token" = [])), params(("name" = String, Path, description = "The receiver")),
    responses(
        (status = 204, description = "Revoked"),
        (status = 401, body = ProblemBody),
        (status = 404, description = "`not_found`", body = ProblemBody),
    )
)]
pub async fn revoke(
    Operator(actor): Operator,
    State(app): State<Shared>,
    Segment(name): Segment,
) -> Result<StatusCode, Problem> {
    revoke_receiver(&app, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes a receiver.
pub(crate) async fn revoke_receiver(app: &Shared, actor: &Actor, name: &str) -> Result<(), Problem> {
    let before = named(app, name).await?;
    let row = Receiver { revoked_at: Some(app.clock.now()), ..before.clone() };
    put(app, actor, "receiver.revoke", Some(&before), &row).await
}
