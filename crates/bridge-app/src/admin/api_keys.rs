//! API keys: made with a name and what they open, shown once, revoked. A change is in force on this bridge before anybody is
//! answered, and told to the others. What a bridge knows of them while the audit store is away is
//! [`crate::state::api_keys`].

use bridge_formats::fields::{FieldValue, Fields};
use bridge_store::audit::{ApiKey, Scope};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::fields;
use crate::base::problem::{Code, Problem};
use crate::base::secrets;
use crate::bridge::App;
use crate::state::api_keys::PREFIX;

const NAME_MAX_CHARS: usize = 60;
/// More than so many nobody looks after.
const KEYS_MAX: usize = 200;
/// So much of a secret is shown in the list: one in sixty-five thousand begins like that.
const HINT_CHARS: usize = PREFIX.len() + 4;

/// A key that was made, with its secret, this once.
pub struct Made {
    /// The key.
    pub key: ApiKey,
    /// Its secret.
    pub secret: String,
}

fn name(text: &str) -> Result<String, Problem> {
    let name = text.trim();
    let wrong = |why: &str| Err(Problem::field(Code::InvalidRequest, "name", why));
    match name.chars().count() {
        0 => wrong("is missing: say who will have the key, like \"shop\""),
        1..=NAME_MAX_CHARS if name.chars().any(char::is_control) => wrong("may have no control characters"),
        1..=NAME_MAX_CHARS => Ok(name.to_owned()),
        _ => wrong("must be at most 60 characters"),
    }
}

fn scopes(wish: &Fields) -> Result<Vec<Scope>, Problem> {
    let all = || Scope::ALL.iter().map(|scope| scope.word()).collect::<Vec<_>>().join(", ");
    let wrong = |why: String| Problem::field(Code::InvalidRequest, "scopes", why);
    let words: Vec<&str> = match wish.get("scopes") {
        None | Some(FieldValue::Null) => Vec::new(),
        Some(FieldValue::Texts(list)) => list.iter().map(String::as_str).collect(),
        Some(_) => return Err(wrong("must be a list of words, like [\"register\", \"status\"]".to_owned())),
    };
    if words.is_empty() {
        return Err(wrong(format!("are missing: choose of {}", all())));
    }
    let mut scopes = words
        .into_iter()
        .map(|word| {
            Scope::named(word).ok_or_else(|| wrong(format!("has {word:?}, which is none of {}", all())))
        })
        .collect::<Result<Vec<_>, _>>()?;
    scopes.sort_unstable();
    scopes.dedup();
    Ok(scopes)
}

/// Every key, oldest first.
pub async fn list(app: &App) -> Result<Vec<ApiKey>, Problem> {
    in_time(app.api_keys.reload(&*app.audit)).await?;
    Ok(app.api_keys.all())
}

/// Makes a key of these fields: `name` and `scopes`.
pub async fn add(app: &App, actor: &Actor, wish: &Fields) -> Result<Made, Problem> {
    let name = name(&fields::text(wish, "name")?.unwrap_or_default())?;
    let scopes = scopes(wish)?;
    let before = list(app).await?;
    let exists = || {
        let detail = format!("there is a key \"{name}\" already: each has a name of its own");
        Problem::new(Code::ApiKeyExists, detail)
    };
    if before.iter().any(|key| key.name.eq_ignore_ascii_case(&name)) {
        return Err(exists());
    }
    if before.len() >= KEYS_MAX {
        let detail = format!("is one too many: there are {KEYS_MAX} keys, revoke those that nobody uses");
        return Err(Problem::field(Code::InvalidRequest, "name", detail));
    }
    let no_entropy = |error| Problem::unavailable(&error);
    let now = app.clock.now();
    let secret = format!("{PREFIX}{}", secrets::fresh(&app.entropy).map_err(no_entropy)?);
    let key = ApiKey {
        id: app.entropy.id(now).map_err(no_entropy)?,
        name: name.clone(),
        scopes,
        secret_hash: secrets::hashed(&secret),
        hint: secret.chars().take(HINT_CHARS).collect(),
        created_at: now,
        created_by: actor.who.clone(),
        last_used_at: None,
    };
    let after = json!({"id": key.id, "scopes": key.scopes});
    app.note_change(actor, "api_key.add", &key.name, Value::Null, after).await?;
    if !in_time(app.audit.add_api_key(&key)).await? {
        return Err(exists());
    }
    apply(app).await?;
    Ok(Made { key, secret })
}

/// Takes a key away: whoever has it is refused from now on.
pub async fn revoke(app: &App, actor: &Actor, id: &str) -> Result<ApiKey, Problem> {
    let unknown = || Problem::new(Code::NotFound, "there is no such API key: it may be revoked already");
    let id: Uuid = id.parse().map_err(|_| unknown())?;
    let key = list(app).await?.into_iter().find(|key| key.id == id).ok_or_else(unknown)?;
    let before = json!({"id": key.id, "scopes": key.scopes});
    app.note_change(actor, "api_key.revoke", &key.name, before, Value::Null).await?;
    let removed = in_time(app.audit.remove_api_key(id)).await?;
    apply(app).await?;
    if removed { Ok(key) } else { Err(unknown()) }
}

/// What changed holds here, and is told to the other bridges.
async fn apply(app: &App) -> Result<(), Problem> {
    in_time(app.api_keys.reload(&*app.audit)).await?;
    // Whoever does not hear of it reads it within a second.
    if let Err(error) = app.hot.announce_api_keys().await {
        tracing::debug!(%error, "other bridges read the API keys by themselves");
    }
    Ok(())
}
