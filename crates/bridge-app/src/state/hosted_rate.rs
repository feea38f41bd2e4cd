//! How often one address may register at the bridge's own form, where no app and no edge stands before it. Not how often a
//! number may: that is for the hot store. Counts in this process; every bridge of a group counts for itself.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter, clock};

use super::access::throttle::network;
use crate::base::clock::Clock;
use crate::base::problem::{Code, Problem};

/// So many at once, and then one for each span: five a minute, thirty an hour, as the edge has it.
const AT_ONCE: NonZeroU32 = match NonZeroU32::new(5) {
    Some(five) => five,
    None => NonZeroU32::MIN,
};
const ONE_PER: Duration = Duration::from_secs(120);
/// More addresses than this are looked through for those that may register as they like again.
const REMEMBERED: usize = 10_000;

/// The bridge's clock as the limiter reads it.
#[derive(Clone, Debug)]
struct Ticks(Clock);

impl clock::Clock for Ticks {
    type Instant = Duration;
    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now().0).unwrap_or_default())
    }
}

/// The limits of every address.
pub struct HostedRate {
    limiter: RateLimiter<IpAddr, HashMapStateStore<IpAddr>, Ticks, NoOpMiddleware<Duration>>,
    clock: Ticks,
}

impl HostedRate {
    /// By this clock.
    #[must_use]
    pub fn new(clock: Clock) -> HostedRate {
        let clock = Ticks(clock);
        let quota = Quota::with_period(ONE_PER).unwrap_or_else(|| Quota::per_minute(AT_ONCE));
        let limiter = RateLimiter::hashmap_with_clock(quota.allow_burst(AT_ONCE), clock.clone());
        HostedRate { limiter, clock }
    }

    /// Counts one registration from that address, or says when the next may come. Unknown addresses are one.
    pub fn take(&self, address: Option<IpAddr>) -> Result<(), Problem> {
        let from = address.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), network);
        if self.limiter.len() > REMEMBERED {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(&from).map_err(|not_until| {
            let wait = not_until.wait_time_from(clock::Clock::now(&self.clock));
            let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
            Problem::new(Code::TooManyAttempts, "too many registrations came from this address")
                .retry_after(seconds)
        })
    }
}

#[cfg(test)]
mod tests {
    use bridge_core::{Span, Timestamp};

    use super::*;

    #[test]
    fn each_address_has_its_share() {
        let clock = Clock::standing_at(Timestamp(1_800_000_000_000));
        let rate = HostedRate::new(clock.clone());
        let one = Some(IpAddr::from([203, 0, 113, 7]));
        for _ in 0..5 {
            assert!(rate.take(one).is_ok());
        }
        let refused = rate.take(one).unwrap_err();
        assert_eq!(refused.code(), Code::TooManyAttempts);
        assert!(refused.retry_after_seconds().is_some_and(|seconds| (1..=121).contains(&seconds)));
        assert!(rate.take(Some(IpAddr::from([203, 0, 113, 8]))).is_ok());
        assert!(rate.take(None).is_ok(), "nobody knows from where: a bucket of its own");
        clock.advance(Span(121_000));
        assert!(rate.take(one).is_ok());
        assert!(rate.take(one).is_err());
        let subscriber = |host: u16| Some(IpAddr::from([0x2001, 0xdb8, 1, 2, 0, 0, 0, host]));
        assert_eq!(
            (0..9).filter(|n| rate.take(subscriber(*n)).is_ok()).count(),
            5,
            "a network of 64 bits is one"
        );
    }
}
