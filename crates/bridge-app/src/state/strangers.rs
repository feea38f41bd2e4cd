//! Somebody who came with a wrong secret or signature where no receiver was named: nobody knows whose it should be, so no
//! receiver is blamed for it. Of this bridge alone, since its start.

use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_core::{Span, Timestamp};
use bridge_store::finding::{Finding, Level};

/// So long it is talked of.
const TOLD_FOR: Span = Span(3_600_000);

/// The last of them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stranger {
    /// The format whose address it used.
    format: &'static str,
    address: Option<IpAddr>,
    at: Timestamp,
    /// How many came, until an hour went by without any.
    times: u64,
}

/// Those who came.
#[derive(Debug, Default)]
pub struct Strangers(Mutex<Option<Stranger>>);

impl Strangers {
    fn last(&self) -> MutexGuard<'_, Option<Stranger>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One came, to the address of this format.
    pub fn came(&self, format: &'static str, address: Option<IpAddr>, at: Timestamp) {
        let mut last = self.last();
        let times = last.as_ref().filter(|before| at - before.at < TOLD_FOR).map_or(0, |before| before.times);
        *last = Some(Stranger { format, address, at, times: times.saturating_add(1) });
    }

    /// What there is to say of them.
    #[must_use]
    pub fn finding(&self, now: Timestamp) -> Option<Finding> {
        let last = self.last().clone().filter(|last| now - last.at < TOLD_FOR)?;
        let from =
            last.address.map_or_else(|| "an unknown address".to_owned(), |address| address.to_string());
        let times = if last.times == 1 { String::new() } else { format!(" ({} times)", last.times) };
        Some(Finding {
            level: Level::Warning,
            what: "strangers".to_owned(),
            found: format!(
                "somebody unknown used a wrong secret on the shared address of {}, from {from}{times}",
                last.format
            ),
            advice: "if it is your phone or provider, give it the address of its own receiver, and the secret again; else \
                     nothing is to be done: nothing of it was taken in"
                .to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_told_for_an_hour() {
        let strangers = Strangers::default();
        let at = Timestamp(1_800_000_000_000);
        assert_eq!(strangers.finding(at), None);
        strangers.came("smsgate", Some([203, 0, 113, 9].into()), at);
        strangers.came("smsgate", Some([203, 0, 113, 9].into()), at + Span(1));
        let told = strangers.finding(at).unwrap();
        assert!(told.found.contains("smsgate, from 203.0.113.9 (2 times)"), "{}", told.found);
        assert_eq!(strangers.finding(at + Span(1) + TOLD_FOR), None);
    }
}
