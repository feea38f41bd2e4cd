//! Sessions: begun at login, ended by logging out, by resting too long or by lasting too long. The store has them; this
//! bridge also remembers those it has seen, so that the desk opens while the store is away. Not the cookie they come
//! in.
//!
//! Why not `tower-sessions`: it ends sessions by the system's clock, and fixes the cookie's name and flags before a
//! request tells whether it came encrypted.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bridge_core::{Span, Timestamp};
use bridge_store::AccountStore;
use bridge_store::accounts::{Account, Role, Session};
use serde_json::json;

use crate::base::clock::Entropy;
use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::base::secrets::{fresh, hashed};

/// A session that rests longer has ended.
const IDLE: Span = Span(30 * 60_000);
/// However busy somebody is.
const LASTS: Span = Span(12 * 3_600_000);
/// Being seen is written as often as this.
const WRITTEN_EVERY: Span = Span(60_000);

/// Who a session belongs to.
#[derive(Clone, Debug)]
pub struct Open {
    /// SHA-256 of its id.
    pub id_hash: String,
    /// The account.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What its forms must carry.
    pub csrf: String,
}

struct Remembered {
    session: Session,
    role: Role,
}

/// The sessions that this bridge has seen.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Remembered>>);

fn lives(session: &Session, now: Timestamp) -> bool {
    now < session.ends_at && now < session.seen_at + IDLE
}

async fn write_seen(store: &dyn AccountStore, id_hash: &str, now: Timestamp) {
    if let Err(problem) = in_time(store.touch_session(id_hash, now)).await {
        tracing::debug!(?problem, "that a session was used will be written the next time");
    }
}

impl Sessions {
    /// Begins a session and answers its id, which nobody had before.
    pub(crate) async fn begin(
        &self,
        store: &dyn AccountStore,
        entropy: &Entropy,
        now: Timestamp,
        account: &Account,
    ) -> Result<String, Problem> {
        let secret = || fresh(entropy).map_err(|error| Problem::unavailable(&error));
        let (id, csrf) = (secret()?, secret()?);
        let session = Session {
            id_hash: hashed(&id),
            account: account.name.clone(),
            data: json!({ "csrf": csrf }),
            created_at: now,
            seen_at: now,
            ends_at: now + LASTS,
        };
        in_time(store.begin_session(now, &session)).await?;
        self.remember(session, account.role, now);
        Ok(id)
    }

    /// Whose session this is, if it has not ended. The store's word counts; while it is away, what is remembered.
    pub(crate) async fn find(
        &self,
        store: &dyn AccountStore,
        is_there: bool,
        now: Timestamp,
        id: &str,
    ) -> Result<Option<Open>, Problem> {
        let id_hash = hashed(id);
        let remembered = self.with(|all| {
            let one = all.get(&id_hash).filter(|one| lives(&one.session, now));
            one.map(|one| (one.session.clone(), one.role))
        });
        let found = match remembered {
            Some(remembered) if !is_there => Some(remembered),
            remembered => match in_time(store.session(now, &id_hash)).await {
                Ok(None) => None,
                Ok(Some((mut stored, account))) => {
                    let written = stored.seen_at;
                    if let Some((known, _)) = &remembered {
                        stored.seen_at = stored.seen_at.max(known.seen_at);
                    }
                    if lives(&stored, now) && now >= written + WRITTEN_EVERY {
                        write_seen(store, &id_hash, now).await;
                    }
                    Some((stored, account.role))
                }
                Err(problem) => Some(remembered.ok_or(problem)?),
            },
        };
        match found.filter(|(session, _)| lives(session, now)) {
            Some((session, role)) => {
                let csrf = session.data["csrf"].as_str().unwrap_or_default().to_owned();
                let open = Open { id_hash, name: session.account.clone(), role, csrf };
                self.remember(Session { seen_at: now, ..session }, role, now);
                Ok(Some(open))
            }
            None => {
                self.with(|all| all.remove(&id_hash));
                Ok(None)
            }
        }
    }

    /// Ends one session.
    pub(crate) async fn end(&self, store: &dyn AccountStore, id_hash: &str) -> Result<(), Problem> {
        self.with(|all| all.remove(id_hash));
        in_time(store.end_session(id_hash)).await
    }

    /// The store ended those of this account.
    pub(crate) fn forget(&self, account: &str) {
        self.with(|all| all.retain(|_, one| one.session.account != account));
    }

    fn remember(&self, session: Session, role: Role, now: Timestamp) {
        self.with(|all| {
            all.retain(|_, one| lives(&one.session, now));
            all.insert(session.id_hash.clone(), Remembered { session, role });
        });
    }

    fn with<T>(&self, work: impl FnOnce(&mut HashMap<String, Remembered>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
