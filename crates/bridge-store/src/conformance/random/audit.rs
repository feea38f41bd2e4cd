//! Whatever arrives twice, late or in other batches: the tables hold each thing once, and its newest
//! version.

use std::future::Future;
use std::ops::Deref;

use bridge_core::{Onboarding, State};
use proptest::prelude::*;

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::AuditStore;
use crate::judged::QueuedSms;

const CASES: u32 = 32;
const THINGS: usize = 6;

/// One batch: which SMS, and which onboardings in which version.
type Batch = (Vec<usize>, Vec<(usize, i64)>);

fn sent(n: usize) -> QueuedSms {
    let verdict = if n.is_multiple_of(2) { passed() } else { failed() };
    let mobile = if n < 3 { ALICE } else { BOB };
    let n = u32::try_from(n).unwrap();
    queued(n.into(), sms(n.into(), mobile, "x", T0), verdict)
}

fn registered(n: usize, version: i64) -> Onboarding {
    let state = if version > 2 { State::Validated } else { State::Pending };
    let mobile = format!("+91987654321{n}");
    Onboarding { version, state, ..onboarding(n as u128, &mobile, Some("d1"), T0) }
}

async fn write(store: &dyn AuditStore, (sms, onboardings): &Batch) -> (usize, usize) {
    let sms: Vec<QueuedSms> = sms.iter().map(|n| sent(*n)).collect();
    let onboardings: Vec<Onboarding> = onboardings.iter().map(|(n, v)| registered(*n, *v)).collect();
    let new_sms = store.append_sms(&sms).await.unwrap();
    (new_sms, store.upsert_onboardings(&onboardings).await.unwrap())
}

async fn check(audit: &dyn AuditUnderTest, batches: &[Batch]) {
    let store = audit.store();
    let (mut new_sms, mut new_onboardings) = (0, 0);
    for batch in batches {
        let (sms, onboardings) = write(store, batch).await;
        new_sms += sms;
        new_onboardings += onboardings;
    }
    let mut sms: Vec<usize> = batches.iter().flat_map(|(sms, _)| sms).copied().collect();
    sms.sort_unstable();
    sms.dedup();
    let mut kept = Vec::new();
    for mobile in [ALICE, BOB] {
        kept.extend(store.sms_of(mobile, None, MAX).await.unwrap().into_iter().map(|row| row.sms_id));
    }
    kept.sort_unstable();
    assert_eq!(kept, sms.iter().map(|n| id(*n as u128)).collect::<Vec<_>>());
    let mut pairs: Vec<String> =
        sms.iter().map(|n| sent(*n)).filter(|s| s.verdict.passed()).map(|s| s.sms.sender_raw).collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut validated: Vec<_> = audit.column("ops.validated_mobile", "mobile_number").await;
    validated.sort_unstable();
    assert_eq!(validated, pairs.into_iter().map(Some).collect::<Vec<_>>());

    let mut onboardings = 0;
    for n in 0..THINGS {
        let newest =
            batches.iter().flat_map(|(_, versions)| versions).filter(|(m, _)| *m == n).map(|(_, v)| *v).max();
        let expected = newest.map(|version| registered(n, version));
        onboardings += usize::from(expected.is_some());
        let mobile = format!("+91987654321{n}");
        assert_eq!(store.newest_onboarding(&mobile).await.unwrap(), expected);
    }
    assert_eq!((new_sms, new_onboardings), (sms.len(), onboardings), "each was new once");
}

/// Tries many ways to split and repeat, each on a fresh store.
pub(crate) fn arrives_once_however_often<F, Fut, S>(fixture: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = S>,
    S: Deref<Target = dyn AuditUnderTest>,
{
    let sms = prop::collection::vec(0..THINGS, 0..5);
    let onboardings = prop::collection::vec((0..THINGS, 1..5_i64), 0..5);
    let batches = prop::collection::vec((sms, onboardings), 1..6);
    super::try_values(CASES, &batches, |batches| {
        let audit = fixture();
        async move { check(&*audit.await, &batches).await }
    });
}
