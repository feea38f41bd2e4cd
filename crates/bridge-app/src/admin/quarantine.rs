//! The quarantine as the operator uses it: unusable deliveries are looked at, read again, or removed. How they are kept
//! is [`crate::sms::quarantine`].

use bridge_store::audit::Quarantined;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::sms::intake::Taken;
use crate::sms::quarantine_replay::{self, Stays};

/// The newest of them, newest first.
pub async fn list(app: &App, limit: usize) -> Result<Vec<Quarantined>, Problem> {
    in_time(app.audit.quarantined(limit)).await
}

/// One quarantined body, by its id as text.
pub async fn one(app: &App, text: &str) -> Result<Quarantined, Problem> {
    let nothing = || Problem::new(Code::NotFound, "there is nothing of this id in quarantine");
    let id: Uuid = text.parse().map_err(|_| nothing())?;
    in_time(app.audit.quarantined_one(id)).await?.ok_or_else(nothing)
}

/// Reads a quarantined body again and takes in what it holds: each SMS, as received when the body came. Where still nobody
/// can use it, it stays.
pub async fn take_in(app: &App, actor: &Actor, entry: &Quarantined) -> Result<Vec<Taken>, Problem> {
    app.note_change(actor, "quarantine.replay", &entry.id.to_string(), Value::Null, Value::Null).await?;
    let taken = quarantine_replay::replay(app, entry).await.map_err(|stays| match stays {
        Stays::Unwritable => Problem::new(Code::Unavailable, stays.to_string()),
        _ => Problem::new(Code::StaysInQuarantine, stays.to_string()),
    })?;
    in_time(app.audit.remove_quarantined(entry.id)).await?;
    Ok(taken)
}

/// Throws a quarantined body away. Why it was there, and from whom, stays in the admin log.
pub async fn throw_away(app: &App, actor: &Actor, entry: &Quarantined) -> Result<(), Problem> {
    // Of all changes this one must be possible on a full disk.
    let _room = app.disk.is_nearly_full().then(|| app.reserve.lend());
    let before = json!({"receiver_id": entry.receiver_id, "format": entry.format, "reason": entry.reason});
    app.note_change(actor, "quarantine.remove", &entry.id.to_string(), before, Value::Null).await?;
    in_time(app.audit.remove_quarantined(entry.id)).await?;
    Ok(())
}
