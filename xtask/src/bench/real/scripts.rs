//! What the store's own scripts can do without the bridge: `admit` and `record` driven straight at Redis, many at
//! once. No HTTP, no checks, no journal, no dump: the ceiling of any bridge on this store and machine.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bridge_core::checks::CHECKS;
use bridge_core::onboarding::Applicant;
use bridge_core::verdict::{Code, Codes};
use bridge_core::{InboundSms, Mobile, Onboarding, Settings, Span, Timestamp, Verdict};
use bridge_store::HotStore;
use bridge_store::hot::{Admission, IntakeLimits, Recorded, Registered, Registration};
use bridge_store::judged::Judged;
use indicatif::ProgressBar;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::Outcome;
use crate::bench::{load, requests};
use crate::stopwatch::Stopwatch;

/// How often in a second.
pub(crate) struct Straight {
    pub(crate) registrations: f64,
    pub(crate) sms: f64,
}

/// Operations under way at the same time: deep enough that Redis never waits.
pub(crate) const IN_FLIGHT: usize = 256;
const LIMITS: IntakeLimits =
    IntakeLimits { blacklist_above: 10, takeover_after: Span(2_000), behind_waiting: true };

/// So many numbers register, then each sends its SMS.
pub(crate) async fn drive(url: &str, sms: u32, longest: Duration) -> Outcome<Straight> {
    let store = bridge_backends::redis::open(url)?;
    let token = Uuid::from_u128(1);
    let epoch = store.begin_rebuild(token).await?;
    if !store.finish_rebuild(token).await? {
        return Err("another bridge rebuilds this Redis: it must be the benchmark's own".into());
    }
    store.enter(Some(&epoch));
    let straight = Arc::new(Driver { store, now: Timestamp(jiff::Timestamp::now().as_millisecond()) });

    let (registered, registrations) =
        drive_each("scripts: register", sms as usize, longest, straight.clone(), Driver::register).await?;
    let (_, sms) =
        drive_each("scripts: SMS", registered, longest, straight, Driver::admit_and_record).await?;
    Ok(Straight { registrations, sms })
}

/// Drives each of so many until the time is over; answers how many it were, and how many in a second.
async fn drive_each<F>(
    title: &'static str,
    count: usize,
    longest: Duration,
    driver: Arc<Driver>,
    one: fn(Arc<Driver>, usize) -> F,
) -> Outcome<(usize, f64)>
where
    F: Future<Output = Outcome> + Send + 'static,
{
    let next = Arc::new(AtomicUsize::new(0));
    let (progress, watch) = (load::progress(title, count), Stopwatch::start());
    let mut tasks: JoinSet<Outcome> = JoinSet::new();
    for _ in 0..IN_FLIGHT {
        let (next, driver, progress) = (next.clone(), driver.clone(), progress.clone());
        tasks.spawn(async move {
            while let Some(at) = take(&next, &progress, count) {
                one(driver.clone(), at).await?;
                if watch.elapsed() >= longest {
                    break;
                }
            }
            Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended?.map_err(|why| format!("{title}: {why}"))?;
    }
    let (took, done) = (watch.elapsed(), next.load(Ordering::Relaxed).min(count));
    progress.finish_and_clear();
    Ok((done, done as f64 / took.as_secs_f64()))
}

fn take(next: &AtomicUsize, progress: &ProgressBar, count: usize) -> Option<usize> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    if at.is_multiple_of(load::PROGRESS_EVERY) {
        progress.set_position(at as u64);
    }
    (at < count).then_some(at)
}

struct Driver {
    store: Arc<dyn HotStore>,
    now: Timestamp,
}

impl Driver {
    async fn register(self: Arc<Driver>, at: usize) -> Outcome {
        let registration = Registration {
            onboarding: self.onboarding(at)?,
            per_hour: 10,
            places: 8,
            refuse_blacklisted: true,
        };
        match self.store.register(self.now, &registration).await? {
            Registered::New(_) => Ok(()),
            other => Err(format!("a registration ended with {other:?}").into()),
        }
    }

    async fn admit_and_record(self: Arc<Driver>, at: usize) -> Outcome {
        let sms = self.sms(at)?;
        let admitted = self.store.admit(self.now, &sms, LIMITS).await?;
        let Admission::Judge { fingerprint, known, .. } = admitted.outcome else {
            return Err(format!("an SMS was admitted as {:?}", admitted.outcome).into());
        };
        let judged = Judged::new(sms, fingerprint, passed(), &known);
        match self.store.record(self.now, &judged).await? {
            Recorded::Done(_) => Ok(()),
            other => Err(format!("a recording ended with {other:?}").into()),
        }
    }

    fn onboarding(&self, at: usize) -> Outcome<Onboarding> {
        let who = Applicant {
            mobile: mobile(at)?,
            email: Some("bench@example.org".to_owned()),
            device_id: Some(format!("bench-{at}")),
            client: None,
        };
        let (id, salt) = (Uuid::from_u128(at as u128), (at as u128).to_be_bytes());
        Ok(Onboarding::open(who, "ONBOARD", id, &salt, self.now, &Settings::default()))
    }

    /// As the bridge would make it of the same delivery.
    fn sms(&self, at: usize) -> Outcome<InboundSms> {
        let mobile = mobile(at)?;
        Ok(InboundSms {
            sms_id: Uuid::from_u128(at as u128),
            sender_raw: mobile.e164().to_owned(),
            sender: Ok(mobile),
            text: format!("ONBOARD:{}", self.onboarding(at)?.hash),
            received_timestamp: self.now,
            stamped: true,
            stamp_raw: None,
            clock_not_set: None,
            server_received_at: self.now,
            receiver_id: "default".to_owned(),
            format: "generic".to_owned(),
            line: None,
            delivery_id: Some(format!("bench-{at}")),
            clock_skew: bridge_core::Span(0),
            part: None,
        })
    }
}

fn mobile(at: usize) -> Outcome<Mobile> {
    let number = requests::number(at);
    Mobile::from_e164(&number).ok_or_else(|| format!("{number} is no mobile number").into())
}

pub(crate) fn passed() -> Verdict {
    Verdict { codes: Codes([Code::Pass; CHECKS.len()]), failed_at: None, reason: None, late_delivery: false }
}
