//! The admin log: who changed what, from where, what was before and what it was to be. It is written before the change
//! is made: what cannot be noted is not done. No secret is ever in it. Not the program's log, which never names a
//! person.

use std::net::IpAddr;

use bridge_core::Timestamp;
use bridge_store::accounts::NewChange;
use serde_json::Value;

use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;

/// Who changes something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The name of an account, or what else opened the door.
    pub who: String,
    /// From where, where that is known.
    pub address: Option<IpAddr>,
}

/// Whoever has the admin token. No account can have this name.
pub const BY_TOKEN: &str = "admin token";

impl Actor {
    /// A change that this one is about to make, for an operation that notes it with what it does.
    pub(crate) fn change(
        &self,
        at: Timestamp,
        action: &str,
        subject: &str,
        before: Value,
        after: Value,
    ) -> NewChange {
        NewChange {
            at,
            who: self.who.clone(),
            address: self.address.map(|address| address.to_string()),
            action: action.to_owned(),
            subject: subject.to_owned(),
            before,
            after,
        }
    }
}

impl App {
    /// Notes a change that is about to be made. If it cannot be noted, it must not be made: the problem says so.
    pub async fn note_change(
        &self,
        actor: &Actor,
        action: &str,
        subject: &str,
        before: Value,
        after: Value,
    ) -> Result<(), Problem> {
        let change = actor.change(self.clock.now(), action, subject, before, after);
        in_time(self.accounts.note_change(&change)).await.map_err(|_| {
            let why = "the admin log cannot be written right now, so nothing was changed: is the audit store away? \
                /health says so";
            Problem::new(Code::Unavailable, why)
        })
    }
}
