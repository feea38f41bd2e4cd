//! Hands over what waits in the queue, in its order, one process at a time. Not one request: that is `post`.
//!
//! The SMS of one sender are never handed over out of order. One that the bridge refuses is set aside; one that it
//! cannot take now holds back its own sender only, until so many of them fail that the bridge itself must be ill.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use serde_json::Value;

use super::post::{Outcome, Target};
use super::queue::{Name, Queue, Waiting};
use bridge_app::base::clock::{Clock, Entropy};

/// Before the second try; twice as long before each further one.
const BACK_OFF: Duration = Duration::from_millis(400);
/// While another process hands over.
const TURN_POLL: Duration = Duration::from_millis(100);
/// Senders that the bridge cannot take an SMS of, one after the other, before the rest is left for later.
const BUSY_MAX: usize = 3;
/// A file that is being written is milliseconds old.
const DRAFT_AGE: Duration = Duration::from_secs(3600);

/// What became of the queue.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// The bridge's answers.
    pub(super) handed_over: Vec<Value>,
    /// Which were set aside, and why.
    pub(super) refused: Vec<(Name, String)>,
    /// Why the rest waits.
    pub(super) trouble: Option<Trouble>,
    /// What else the operator should know.
    pub(super) remarks: Vec<String>,
}

/// Why something waits.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It passes by itself.
    Passing(String),
    /// Somebody has to change something.
    Misconfigured(String),
}

/// Whose turn it may be to wait for.
pub(super) enum Patience<'a> {
    /// Whoever is at it already does the same.
    LeaveItToOthers,
    /// Wait until these are handed over, by whomever.
    Until(&'a [Name]),
}

/// Who hands over, and to whom.
pub(super) struct Caller<'a> {
    pub(super) target: &'a Target,
    pub(super) clock: &'a Clock,
    pub(super) entropy: &'a Entropy,
}

impl Caller<'_> {
    /// Tries to hand over one SMS, each time longer after the last.
    pub(super) async fn try_often(&self, body: &[u8], tries: u32) -> Outcome {
        let mut tried = 1;
        loop {
            let outcome = self.target.post(body.to_vec(), self.clock.now()).await;
            if tried >= tries || !matches!(outcome, Outcome::Busy(_) | Outcome::Away(_)) {
                return outcome;
            }
            // Modems that lost the same bridge do not come back all at once.
            let jitter = 0.5 + self.entropy.fraction();
            tokio::time::sleep((BACK_OFF * 2_u32.saturating_pow(tried - 1)).mul_f64(jitter)).await;
            tried += 1;
        }
    }
}

/// How a queue is handed over.
pub(super) struct Flush<'a> {
    pub(super) queue: &'a Queue,
    pub(super) caller: Caller<'a>,
    /// For each SMS, while nothing else says how the bridge is.
    pub(super) tries: u32,
}

impl Flush<'_> {
    /// Hands over until nothing is left that can be. May be dropped at any time: what is not known to have arrived
    /// stays in the queue.
    pub(super) async fn run(&self, patience: Patience<'_>, tally: &mut Tally) -> io::Result<()> {
        let turn = loop {
            let turn = self.queue.turn()?;
            match patience {
                Patience::Until(ours) if !ours.iter().any(|name| self.queue.holds(name)) => {
                    tally.remarks.push("already handed over, or set aside, by another push".to_owned());
                    break turn;
                }
                _ if turn.is_some() => break turn,
                Patience::LeaveItToOthers => {
                    tally.trouble = Some(Trouble::Passing("another push is handing over".to_owned()));
                    break None;
                }
                Patience::Until(_) => tokio::time::sleep(TURN_POLL).await,
            }
        };
        if turn.is_none() {
            return Ok(());
        }
        self.set_aside_drafts(tally);
        // What stays in the queue however this ends: of those who are held back, and what cannot be moved.
        let mut left = HashSet::new();
        let mut held_back = HeldBack::default();
        loop {
            let names: Vec<Name> =
                self.queue.names()?.into_iter().filter(|name| !left.contains(name)).collect();
            if names.is_empty() {
                tally.trouble = held_back.why.map(Trouble::Passing);
                return Ok(());
            }
            for name in names {
                match self.one(&name, &mut held_back, tally).await {
                    Ok(Next::Gone) => {}
                    Ok(Next::Left) => drop(left.insert(name)),
                    Err(trouble) => {
                        tally.trouble = Some(trouble);
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn one(&self, name: &str, held_back: &mut HeldBack, tally: &mut Tally) -> Result<Next, Trouble> {
        let (body, sms) = match self.queue.read(name) {
            Waiting::Sms(body, sms) => (body, sms),
            Waiting::Gone => return Ok(Next::Gone),
            Waiting::Unreadable(reason) => return Ok(self.set_aside(name, reason, tally)),
        };
        if held_back.senders.contains(&sms.mobile_number) {
            return Ok(Next::Left);
        }
        let tries = if held_back.in_a_row == 0 { self.tries } else { 1 };
        match self.caller.try_often(&body, tries).await {
            Outcome::Done(answer) => {
                fail::fail_point!("push::acknowledged", |_| std::process::abort());
                held_back.in_a_row = 0;
                tally.handed_over.push(answer);
                match self.queue.forget(name) {
                    Ok(()) => Ok(Next::Gone),
                    Err(error) => {
                        let what = "is handed over and cannot be deleted, it will be handed over again";
                        tally.remarks.push(format!("{name} {what}: {error}"));
                        Ok(Next::Left)
                    }
                }
            }
            Outcome::Refused(reason) => {
                held_back.in_a_row = 0;
                Ok(self.set_aside(name, reason, tally))
            }
            Outcome::Busy(reason) => {
                held_back.senders.insert(sms.mobile_number);
                held_back.in_a_row += 1;
                if held_back.in_a_row == BUSY_MAX {
                    return Err(Trouble::Passing(reason));
                }
                held_back.why = Some(reason);
                Ok(Next::Left)
            }
            Outcome::Away(reason) => Err(Trouble::Passing(reason)),
            Outcome::Misconfigured(reason) => Err(Trouble::Misconfigured(reason)),
        }
    }

    fn set_aside(&self, name: &str, reason: String, tally: &mut Tally) -> Next {
        match self.queue.set_aside(name, &reason) {
            Ok(_) => {
                tally.refused.push((name.to_owned(), reason));
                Next::Gone
            }
            Err(error) => {
                tally.remarks.push(format!("{name} cannot be set aside ({error}): {reason}"));
                Next::Left
            }
        }
    }

    fn set_aside_drafts(&self, tally: &mut Tally) {
        let now = Duration::from_millis(self.caller.clock.now().0.unsigned_abs());
        let is_abandoned = |meta: &std::fs::Metadata| {
            let written = meta.modified().ok().and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
            written.is_some_and(|written| now.saturating_sub(written) > DRAFT_AGE)
        };
        match self.queue.set_aside_drafts(is_abandoned) {
            Ok(0) => {}
            Ok(count) => tally.remarks.push(format!("{count} unfinished SMS set aside in refused/")),
            Err(error) => tally.remarks.push(format!("unfinished SMS cannot be set aside: {error}")),
        }
    }
}

enum Next {
    Gone,
    Left,
}

#[derive(Default)]
struct HeldBack {
    senders: HashSet<String>,
    in_a_row: usize,
    why: Option<String>,
}
