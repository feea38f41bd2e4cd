//! How often somebody may give a wrong password: by account and by address, so that neither many addresses nor many names
//! help; a browser that logged in to the account before counts for itself, so that strangers who try do not lock its owner
//! out. A try counts from its beginning, so that many at once do not help either, and no more once it was right. Counts in
//! this process; every bridge of a group counts for itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bridge_core::{Span, Timestamp};

use crate::base::clock::Clock;
use crate::base::problem::{Code, Problem};

/// So many wrong ones at once, and then one for each span.
#[derive(Clone, Copy, Debug)]
struct Allowed {
    at_once: i64,
    one_per: Span,
}

/// Of one account, and of one browser that logged in to it before.
const ACCOUNT: Allowed = Allowed { at_once: 10, one_per: Span(60_000) };
/// From one address. Several people may sit behind one.
const ADDRESS: Allowed = Allowed { at_once: 30, one_per: Span(10_000) };
/// More than this many are looked through for those that may try as they like again.
const REMEMBERED: usize = 10_000;

/// Who tries.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Whose {
    Account(String),
    Address(IpAddr),
    Browser(String),
}

impl Whose {
    fn allowed(&self) -> Allowed {
        match self {
            Whose::Account(_) | Whose::Browser(_) => ACCOUNT,
            Whose::Address(_) => ADDRESS,
        }
    }
}

/// Until when the wrong ones of each are not yet forgiven.
type Spent = Arc<Mutex<HashMap<Whose, Timestamp>>>;

/// The limits.
#[derive(Debug)]
pub(crate) struct Throttle {
    clock: Clock,
    spent: Spent,
}

/// A try that has begun. Dropped, it counts as a wrong one.
#[derive(Debug)]
#[must_use = "it counts as a wrong one"]
pub(crate) struct Try {
    whose: Vec<Whose>,
    spent: Spent,
}

fn lock(spent: &Spent) -> MutexGuard<'_, HashMap<Whose, Timestamp>> {
    spent.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Throttle {
    pub(crate) fn new(clock: &Clock) -> Throttle {
        Throttle { clock: clock.clone(), spent: Spent::default() }
    }

    /// Begins a try at this account, if it is one, or says when the next one is looked at. `browser`: one that logged in to
    /// it before.
    pub(crate) fn begin(
        &self,
        account: Option<&str>,
        address: Option<IpAddr>,
        browser: Option<&str>,
    ) -> Result<Try, Problem> {
        let whose = match browser {
            Some(browser) => vec![Whose::Browser(browser.to_owned())],
            None => {
                let address = address.map(|address| Whose::Address(network(address)));
                address.into_iter().chain(account.map(|name| Whose::Account(name.to_owned()))).collect()
            }
        };
        let now = self.clock.now();
        let mut spent = lock(&self.spent);
        if spent.len() > REMEMBERED {
            spent.retain(|_, until| *until > now);
        }
        let wait = whose.iter().filter_map(|one| {
            let Allowed { at_once, one_per } = one.allowed();
            let until = spent.get(one).copied().unwrap_or(now).max(now);
            let over = (until - now).0 + one_per.0 - at_once * one_per.0;
            (over > 0).then_some(over)
        });
        if let Some(millis) = wait.max() {
            let seconds = u32::try_from(millis.unsigned_abs().div_ceil(1000)).unwrap_or(u32::MAX).max(1);
            let detail = format!("this was tried too often: try again in {}", lasting(seconds));
            return Err(Problem::new(Code::TooManyAttempts, detail).retry_after(seconds));
        }
        for one in &whose {
            let until = spent.entry(one.clone()).or_insert(now);
            *until = (*until).max(now) + one.allowed().one_per;
        }
        drop(spent);
        Ok(Try { whose, spent: self.spent.clone() })
    }
}

impl Try {
    /// It was right: it counts no more.
    pub(crate) fn was_right(self) {
        let mut spent = lock(&self.spent);
        for one in &self.whose {
            if let Some(until) = spent.get_mut(one) {
                *until = *until - one.allowed().one_per;
            }
        }
    }
}

/// Who has one IPv6 address has a network of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => v4.into(),
            None => IpAddr::V6((v6.to_bits() >> 64 << 64).into()),
        },
    }
}

fn lasting(seconds: u32) -> String {
    match seconds {
        1 => "1 second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle() -> (Clock, Throttle) {
        let clock = Clock::standing_at(Timestamp(1_800_000_000_000));
        (clock.clone(), Throttle::new(&clock))
    }

    fn from(n: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, n]))
    }

    #[test]
    fn a_try_comes_back_with_time() {
        let (clock, throttle) = throttle();
        for n in 0..10 {
            drop(throttle.begin(Some("alice"), from(n), None).unwrap());
        }
        let refused = throttle.begin(Some("alice"), from(99), None).unwrap_err();
        assert_eq!(refused.code(), Code::TooManyAttempts);
        drop(throttle.begin(Some("bob"), from(99), None).unwrap());
        clock.advance(Span(59_000));
        drop(throttle.begin(Some("alice"), from(99), None).unwrap_err());
        clock.advance(Span(1_000));
        drop(throttle.begin(Some("alice"), from(99), None).unwrap());
        drop(throttle.begin(Some("alice"), from(99), None).unwrap_err());
    }

    #[test]
    fn many_names_from_one_network_are_one_who_tries() {
        let (_, throttle) = throttle();
        let from = |n: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]));
        for n in 0..30 {
            drop(throttle.begin(Some(&format!("name {n}")), from(n), None).unwrap());
        }
        drop(throttle.begin(Some("another"), from(31), None).unwrap_err());
        drop(throttle.begin(Some("another"), Some(IpAddr::from([192, 0, 2, 1])), None).unwrap());
        drop(throttle.begin(Some("no address"), None, None).unwrap());
    }

    #[test]
    fn what_was_right_counts_nowhere() {
        let (_, throttle) = throttle();
        for _ in 0..100 {
            throttle.begin(Some("alice"), from(1), None).unwrap().was_right();
        }
        let many: Vec<_> = (0..10).map(|_| throttle.begin(Some("alice"), from(1), None).unwrap()).collect();
        drop(throttle.begin(Some("alice"), from(1), None).unwrap_err());
        drop(many);
    }

    #[test]
    fn strangers_do_not_lock_a_known_browser_out() {
        let (_, throttle) = throttle();
        for _ in 0..30 {
            let _ = throttle.begin(Some("alice"), from(1), None);
        }
        drop(throttle.begin(Some("alice"), from(1), None).unwrap_err());
        for _ in 0..10 {
            drop(throttle.begin(Some("alice"), from(1), Some("browser")).unwrap());
        }
        drop(throttle.begin(Some("alice"), from(1), Some("browser")).unwrap_err());
        drop(throttle.begin(Some("alice"), from(1), Some("another browser")).unwrap());
    }
}
