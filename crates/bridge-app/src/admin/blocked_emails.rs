//! E-mail addresses that may not register: the list that the operator keeps. A change is written to the audit store, in
//! force on this bridge before anybody is answered, and told to the other bridges. What a bridge knows of the list
//! while that store is away is [`crate::state::blocked_emails`].

use bridge_core::Timestamp;
use bridge_store::audit::BlockedEmail;
use serde_json::{Value, json};

use crate::admin::block::Wish;
use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::fields::NO_EMAIL_ADDRESS;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;

/// The longest e-mail address that RFC 5321 allows.
const ADDRESS_MAX_CHARS: usize = 254;

/// Blocked addresses, sorted by address.
pub struct Listed {
    /// Those that were asked for.
    pub items: Vec<BlockedEmail>,
    /// When any was last changed, whether it was asked for or not.
    pub as_of: Option<Timestamp>,
}

/// All that hold now; with `since` all that changed at or after that time, also those that were lifted.
#[must_use]
pub fn list(app: &App, since: Option<Timestamp>) -> Listed {
    let (now, mut items) = (app.clock.now(), app.blocked_emails.all());
    let as_of = items.iter().map(|entry| entry.changed_at).max();
    items.retain(|entry| since.map_or_else(|| entry.holds(now), |since| entry.changed_at >= since));
    Listed { items, as_of }
}

fn address(text: &str) -> Result<String, Problem> {
    let address = BlockedEmail::normal(text);
    let parts = address.split_once('@');
    let is_address = address.chars().count() <= ADDRESS_MAX_CHARS
        && !address.chars().any(|c| c.is_whitespace() || c.is_control())
        && parts.is_some_and(|(name, domain)| !name.is_empty() && !domain.is_empty());
    if is_address {
        Ok(address)
    } else {
        Err(Problem::field(Code::InvalidRequest, "address", NO_EMAIL_ADDRESS))
    }
}

/// Keep an entry, and tell every bridge.
async fn put(app: &App, entry: &BlockedEmail) -> Result<(), Problem> {
    in_time(async {
        app.audit.put_blocked_email(entry).await?;
        app.blocked_emails.reload(&*app.audit).await?;
        // Whoever does not hear of it reads it within seconds.
        if let Err(error) = app.hot.announce_blocked_emails().await {
            tracing::debug!(%error, "other bridges read the blocked e-mail addresses by themselves");
        }
        Ok::<_, bridge_store::StoreError>(())
    })
    .await
}

/// Refuses registrations with an address from now on.
pub async fn block(app: &App, actor: &Actor, given: &str, wish: Wish) -> Result<BlockedEmail, Problem> {
    let now = app.clock.now();
    let (reason, expires_at) = wish.read(now)?;
    let entry = BlockedEmail {
        address: address(given)?,
        reason,
        blocked_by: actor.who.clone(),
        blocked_at: now,
        expires_at,
        lifted_at: None,
        changed_at: now,
    };
    let after = json!({"reason": entry.reason, "expires_at": expires_at.map(|at| at.to_string())});
    app.note_change(actor, "blocked_email.add", &entry.address, Value::Null, after).await?;
    put(app, &entry).await?;
    Ok(entry)
}

/// Lets an address register again.
pub async fn unblock(app: &App, actor: &Actor, text: &str) -> Result<(), Problem> {
    let address = address(text)?;
    in_time(app.blocked_emails.reload(&*app.audit)).await?;
    let now = app.clock.now();
    let entry = app.blocked_emails.entry(&address).filter(|entry| entry.holds(now));
    let entry = entry.ok_or_else(|| Problem::new(Code::NotFound, "this address is not blocked"))?;
    app.note_change(actor, "blocked_email.remove", &address, json!({"reason": entry.reason}), Value::Null)
        .await?;
    put(app, &BlockedEmail { lifted_at: Some(now), changed_at: now, ..entry }).await
}
