//! The people and SMS that these tests are told with.

use bridge_core::checks::CHECKS;
use bridge_core::onboarding::Applicant;
use bridge_core::verdict::{Code, Codes};
use bridge_core::{InboundSms, Mobile, Onboarding, Settings, Span, Verdict};
use bridge_store::hot::{Admission, IntakeLimits, Recorded, Registered, Registration};
use bridge_store::judged::{Answer, Judged};
use bridge_store::{HotStore, Result};
use uuid::Uuid;

use crate::folder::{T0, sms};

pub(super) const ALICE: &str = "+919876543210";
pub(super) const LIMITS: IntakeLimits =
    IntakeLimits { blacklist_above: 10, takeover_after: Span(10_000), behind_waiting: true };

/// Registers Alice.
pub(super) async fn register(store: &dyn HotStore, n: u128) -> Result<Registered> {
    let mobile = Mobile::from_e164(ALICE).unwrap();
    let (email, device_id) = (Some("a@example.org".to_owned()), Some(format!("d{n}")));
    let who = Applicant { mobile, email, device_id, client: None };
    let id = Uuid::from_u128(n);
    let onboarding = Onboarding::open(who, "ONBOARD", id, &[7; 16], T0, &Settings::default());
    store.register(T0, &Registration { onboarding, per_hour: 10, places: 8, refuse_blacklisted: true }).await
}

/// Takes an SMS of Alice in and records it as passed.
pub(super) async fn pass(store: &dyn HotStore, sms: &InboundSms) -> Result<Answer> {
    let admitted = store.admit(T0, sms, LIMITS).await?;
    let Admission::Judge { fingerprint, known, .. } = admitted.outcome else { panic!("{admitted:?}") };
    let codes = Codes([Code::Pass; CHECKS.len()]);
    let verdict = Verdict { codes, failed_at: None, reason: None, late_delivery: false };
    match store.record(T0, &Judged::new(sms.clone(), fingerprint, verdict, &known)).await? {
        Recorded::Done(answer) => Ok(answer),
        other => panic!("recorded, not {other:?}"),
    }
}

/// One more SMS of Alice, taken in.
pub(super) async fn take_in(store: &dyn HotStore, n: u128) -> Result<bridge_store::hot::Admitted> {
    store.admit(T0, &sms(n, &n.to_string()), LIMITS).await
}
