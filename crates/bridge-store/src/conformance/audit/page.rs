//! How far people come on their page.

use bridge_core::onboarding::LastSms;
use bridge_core::{Onboarding, State, Timestamp};

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::audit::{PageFunnel, PageStep, Step};

fn step(n: u128, e164: &str, step: Step, at: Timestamp) -> PageStep {
    PageStep {
        onboarding_id: id(n),
        mobile_number: e164.to_owned(),
        step,
        at,
        language: "hi",
        platform: "android",
    }
}

fn funnel(opened: u64, tapped: u64) -> PageFunnel {
    let (language, platform) = ("hi".to_owned(), "android".to_owned());
    PageFunnel { language, platform, opened, tapped, ..PageFunnel::default() }
}

pub(super) async fn each_step_is_counted_once(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let again = PageStep { language: "en", platform: "desktop", ..step(1, ALICE, Step::Opened, T0 + HOUR) };
    let tapped = step(1, ALICE, Step::Tapped, T0 + SECOND);
    store.note_steps(&[step(1, ALICE, Step::Opened, T0), tapped.clone(), again.clone()]).await.unwrap();
    store.note_steps(&[again, tapped]).await.unwrap();
    store.note_steps(&[step(2, BOB, Step::Opened, T0 + HOUR)]).await.unwrap();
    let all = store.page_funnel(T0, T0 + HOUR + MILLI).await.unwrap();
    assert_eq!(all, [funnel(2, 1)], "in the language and on the platform of the first step");
    assert_eq!(store.page_funnel(T0, T0 + HOUR).await.unwrap(), [funnel(1, 1)]);
    assert_eq!(store.page_funnel(T0 + HOUR + MILLI, T0 + HOUR + HOUR).await.unwrap(), []);
}

pub(super) async fn from_a_desktop_to_a_phone_it_was_scanned(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let on = |n, platform| PageStep { platform, ..step(n, ALICE, Step::Opened, T0) };
    store.note_steps(&[on(1, "desktop"), on(1, "ios"), on(2, "desktop")]).await.unwrap();
    store.note_steps(&[on(2, "android"), on(3, "android")]).await.unwrap();
    store.note_steps(&[on(3, "desktop"), on(4, "desktop")]).await.unwrap();
    let desktop = PageFunnel { platform: "desktop".to_owned(), scanned: 2, ..funnel(3, 0) };
    assert_eq!(store.page_funnel(T0, T0 + MILLI).await.unwrap(), [desktop, funnel(1, 0)]);
}

pub(super) async fn the_funnel_tells_what_became_of_whom(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let last_sms = Some(LastSms { id: 1, judged_at: T0, verdict: failed() });
    let all = [
        Onboarding { state: State::Validated, validated_at: Some(T0), ..onboarding(1, ALICE, None, T0) },
        Onboarding { last_sms, ..onboarding(2, ALICE, None, T0) },
        onboarding(3, BOB, None, T0),
    ];
    store.upsert_onboardings(&all).await.unwrap();
    // The row of the fourth is not there yet.
    for (n, e164) in [(1, ALICE), (2, ALICE), (3, BOB), (4, BOB)] {
        store.note_steps(&[step(n, e164, Step::Opened, T0), step(n, e164, Step::Copied, T0)]).await.unwrap();
    }
    let scanned = PageStep { language: "ur", platform: "ios", ..step(5, BOB, Step::Scanned, T0) };
    store.note_steps(&[scanned]).await.unwrap();
    let (language, platform) = ("ur".to_owned(), "ios".to_owned());
    assert_eq!(
        store.page_funnel(T0, T0 + MILLI).await.unwrap(),
        [
            PageFunnel { copied: 4, sms_seen: 2, validated: 1, ..funnel(4, 0) },
            PageFunnel { language, platform, scanned: 1, ..PageFunnel::default() },
        ]
    );
}
