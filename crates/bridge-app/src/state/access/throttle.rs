//! How often somebody may try a password or a link: by account and by address, so that neither many addresses nor many
//! names help. Counts in this process; every bridge of a group counts for itself.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::base::clock::Clock;
use crate::base::problem::{Code, Problem};

/// Tries of one account at once, and then one for each of these.
const ACCOUNT: (u32, Duration) = (10, Duration::from_secs(60));
/// Tries from one address at once, and then one for each of these. Several people may sit behind one.
const ADDRESS: (u32, Duration) = (30, Duration::from_secs(10));
/// More than this many are looked through for those that may try as they like again.
const REMEMBERED: usize = 10_000;

/// The bridge's own clock, for the limits.
#[derive(Clone, Debug)]
struct Now(Clock);

impl governor::clock::Clock for Now {
    type Instant = Duration;
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.now().0.unsigned_abs())
    }
}

type Limit<K> = RateLimiter<K, DashMapStateStore<K>, Now, NoOpMiddleware<Duration>>;

/// The limits.
#[derive(Debug)]
pub(crate) struct Throttle {
    clock: Now,
    by_account: Limit<String>,
    by_address: Limit<IpAddr>,
}

impl Throttle {
    pub(crate) fn new(clock: &Clock) -> Throttle {
        let clock = Now(clock.clone());
        Throttle {
            by_account: RateLimiter::dashmap_with_clock(quota(ACCOUNT), clock.clone()),
            by_address: RateLimiter::dashmap_with_clock(quota(ADDRESS), clock.clone()),
            clock,
        }
    }

    /// Counts a try of this account from that address, or says when the next one is looked at.
    pub(crate) fn count(&self, account: Option<&str>, address: Option<IpAddr>) -> Result<(), Problem> {
        if let Some(address) = address {
            self.take(&self.by_address, &network(address))?;
        }
        match account {
            Some(account) => self.take(&self.by_account, &account.to_owned()),
            None => Ok(()),
        }
    }

    fn take<K: Clone + Eq + std::hash::Hash>(&self, limit: &Limit<K>, key: &K) -> Result<(), Problem> {
        if limit.len() > REMEMBERED {
            limit.retain_recent();
        }
        limit.check_key(key).map_err(|not_until| {
            let wait = not_until.wait_time_from(self.clock.now());
            let seconds = u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(u32::MAX).max(1);
            let detail = format!("this was tried too often: try again in {}", lasting(seconds));
            Problem::new(Code::TooManyAttempts, detail).retry_after(seconds)
        })
    }
}

fn quota((burst, one_per): (u32, Duration)) -> Quota {
    let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
    Quota::with_period(one_per).unwrap_or_else(|| Quota::per_minute(burst)).allow_burst(burst)
}

/// Who has one IPv6 address has a network of them.
fn network(address: IpAddr) -> IpAddr {
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
    use bridge_core::{Span, Timestamp};

    use super::*;

    #[test]
    fn a_try_comes_back_with_time() {
        let clock = Clock::standing_at(Timestamp(1_800_000_000_000));
        let throttle = Throttle::new(&clock);
        let from = |n: u8| Some(IpAddr::from([192, 0, 2, n]));
        for n in 0..10 {
            throttle.count(Some("alice"), from(n)).unwrap();
        }
        assert_eq!(throttle.count(Some("alice"), from(99)).unwrap_err().code(), Code::TooManyAttempts);
        throttle.count(Some("bob"), from(99)).unwrap();
        clock.advance(Span(59_000));
        throttle.count(Some("alice"), from(99)).unwrap_err();
        clock.advance(Span(1_000));
        throttle.count(Some("alice"), from(99)).unwrap();
        throttle.count(Some("alice"), from(99)).unwrap_err();
    }

    #[test]
    fn many_names_from_one_network_are_one_who_tries() {
        let throttle = Throttle::new(&Clock::standing_at(Timestamp(1_800_000_000_000)));
        let from = |n: u16| Some(IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]));
        for n in 0..30 {
            throttle.count(Some(&format!("name {n}")), from(n)).unwrap();
        }
        throttle.count(Some("another"), from(31)).unwrap_err();
        throttle.count(None, Some(IpAddr::from([192, 0, 2, 1]))).unwrap();
        throttle.count(Some("no address"), None).unwrap();
    }
}
