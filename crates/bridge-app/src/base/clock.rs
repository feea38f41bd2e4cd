//! The two things that make a program unrepeatable, as values that a test can replace: the time and
//! randomness. The only file that asks the system for either.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bridge_core::{Span, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

/// What time it is.
#[derive(Clone, Debug, Default)]
pub struct Clock(Option<Arc<Set>>);

/// A clock that a test moves.
#[derive(Debug)]
struct Set {
    now: AtomicI64,
    elapsed: AtomicI64,
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Clock {
        Clock(None)
    }

    /// A clock that stands until it is moved.
    #[must_use]
    pub fn standing_at(now: Timestamp) -> Clock {
        Clock(Some(Arc::new(Set { now: AtomicI64::new(now.0), elapsed: AtomicI64::new(0) })))
    }

    /// Now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system")]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(set) => Timestamp(set.now.load(Ordering::SeqCst)),
            None => {
                let since =
                    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
                Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
            }
        }
    }

    /// Since this machine started, by a clock that nobody sets: it goes on while the machine sleeps.
    #[must_use]
    pub fn monotonic(&self) -> Span {
        match &self.0 {
            Some(set) => Span(set.elapsed.load(Ordering::SeqCst)),
            None => {
                let since = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
                Span(since.tv_sec.saturating_mul(1_000).saturating_add(since.tv_nsec / 1_000_000))
            }
        }
    }

    /// Lets time go by on a standing clock; the system's clock does not move for us.
    pub fn advance(&self, by: Span) {
        if let Some(set) = &self.0 {
            set.now.fetch_add(by.0, Ordering::SeqCst);
            set.elapsed.fetch_add(by.0, Ordering::SeqCst);
        }
    }

    /// Sets a standing clock, as somebody sets the clock of a machine: no time goes by.
    pub fn set(&self, now: Timestamp) {
        if let Some(set) = &self.0 {
            set.now.store(now.0, Ordering::SeqCst);
        }
    }
}

/// Random bytes.
#[derive(Clone, Debug, Default)]
pub struct Entropy(Option<Arc<Mutex<StdRng>>>);

/// The system gives no randomness: nothing that needs a secret can go on.
#[derive(Debug, thiserror::Error)]
#[error("the system's random number generator does not answer")]
pub struct NoEntropy;

impl Entropy {
    /// The system's cryptographic generator.
    #[must_use]
    pub fn system() -> Entropy {
        Entropy(None)
    }

    /// Always the same bytes, for tests.
    #[must_use]
    pub fn seeded(seed: u64) -> Entropy {
        Entropy(Some(Arc::new(Mutex::new(StdRng::seed_from_u64(seed)))))
    }

    /// Fills the bytes.
    pub fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        match &self.0 {
            Some(seeded) => {
                seeded.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(bytes);
                Ok(())
            }
            None => getrandom::fill(bytes).map_err(|_| NoEntropy),
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoEntropy> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// A UUIDv7: sorts by `now`, is unguessable for the rest.
    pub fn id(&self, now: Timestamp) -> Result<Uuid, NoEntropy> {
        let random = self.bytes::<10>()?;
        Ok(uuid::Builder::from_unix_timestamp_millis(now.0.unsigned_abs(), &random).into_uuid())
    }

    /// What tells one thing from another, and no secret hangs on: the system is not asked each time.
    #[must_use]
    pub fn label(&self) -> u64 {
        match &self.0 {
            Some(seeded) => seeded.lock().unwrap_or_else(PoisonError::into_inner).next_u64(),
            None => rand::rng().next_u64(),
        }
    }

    /// A number between 0 and 1, for jitter.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        self.bytes::<4>().map_or(0.5, |bytes| f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
    }
}
