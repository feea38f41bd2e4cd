//! What a random client does. Few numbers, devices, texts and stamps, so that they meet.

use bridge_core::time::DAY;
use bridge_core::{Span, State};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::super::super::samples::*;

pub(super) const MOBILES: [&str; 3] = [ALICE, BOB, "+447911123456"];

#[derive(Clone, Debug)]
pub(super) enum Operation {
    Wait(Span),
    Register {
        mobile: &'static str,
        device: Option<&'static str>,
        client: Option<&'static str>,
        ttl: Span,
        refuse_blacklisted: bool,
    },
    Cancel(Index),
    Revive(Index),
    ExpireDeadlines,
    CollectGarbage,
    Admit {
        mobile: &'static str,
        text: &'static str,
        stamp: Stamp,
        delivery: Option<&'static str>,
    },
    AdmitBank,
    Record {
        which: Index,
        passed: bool,
        by_new_facts: bool,
        /// By another onboarding than the newest, where there is one.
        by_another: bool,
    },
    ForgetSms(i64),
    ForgetOnboarding(Index, i64),
    Blacklist(&'static str),
    /// A block that ends by itself.
    BlacklistFor(&'static str, Span),
    Unblacklist(&'static str),
    Unvalidate(&'static str),
    /// A person is erased, with all that came to be up to so long ago.
    Erase(&'static str, Span),
    ReplaceBlacklist(&'static str),
    ForgetBlacklisting(&'static str),
    RaiseCounters(i64),
    Mark(&'static str, u128),
    Unmark(&'static str, u128),
    /// Everything is lost, and what still waits in the queues is restored.
    Lose,
    RestoreOnboarding {
        mobile: &'static str,
        device: Option<&'static str>,
        client: Option<&'static str>,
        ago: Span,
        state: State,
        which: Option<Index>,
    },
    RestoreJudged {
        mobile: &'static str,
        text: &'static str,
        ago: Span,
        delivery: Option<&'static str>,
        nth: i64,
        passed: bool,
        of: Index,
    },
    Uncount(&'static str, Span),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Stamp {
    None,
    Now,
    Start,
    TooOld,
}

pub(super) fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let mobile = || select(&MOBILES[..]);
    let device = select(&[None, Some("d1"), Some("d2")][..]);
    let stamp = select(&[Stamp::None, Stamp::Now, Stamp::Start, Stamp::TooOld][..]);
    let steps = [1, 999, 9_999, 120_000, 300_000, HOUR.0, HOUR.0 - 1, DAY.0, 3 * DAY.0].map(Span);
    prop_oneof![
        6 => select(steps.to_vec()).prop_map(Wait),
        5 => (mobile(), device, client(), select(&[HOUR, DAY][..]), any::<bool>()).prop_map(
            |(mobile, device, client, ttl, refuse_blacklisted)| {
                Register { mobile, device, client, ttl, refuse_blacklisted }
            }
        ),
        1 => any::<Index>().prop_map(Cancel),
        2 => any::<Index>().prop_map(Revive),
        1 => Just(ExpireDeadlines),
        3 => Just(CollectGarbage),
        9 => (mobile(), select(&["x", "y"][..]), stamp, select(&[None, Some("a"), Some("b")][..])).prop_map(
            |(mobile, text, stamp, delivery)| Admit { mobile, text, stamp, delivery }
        ),
        1 => Just(AdmitBank),
        8 => (any::<Index>(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(which, passed, by_new_facts, by_another)| Record { which, passed, by_new_facts, by_another }
        ),
        1 => (1..6_i64).prop_map(ForgetSms),
        2 => (any::<Index>(), 1..4_i64).prop_map(|(which, version)| ForgetOnboarding(which, version)),
        1 => mobile().prop_map(Blacklist),
        1 => (mobile(), select(&[MILLI, HOUR, DAY][..])).prop_map(|(mobile, span)| BlacklistFor(mobile, span)),
        1 => mobile().prop_map(Unblacklist),
        1 => mobile().prop_map(Unvalidate),
        1 => (mobile(), ago()).prop_map(|(mobile, ago)| Erase(mobile, ago)),
        1 => mobile().prop_map(ReplaceBlacklist),
        1 => mobile().prop_map(ForgetBlacklisting),
        1 => (0..9_i64).prop_map(RaiseCounters),
        1 => (mobile(), 1..3_u128).prop_map(|(mobile, n)| Mark(mobile, n)),
        1 => (mobile(), 1..3_u128).prop_map(|(mobile, n)| Unmark(mobile, n)),
        1 => Just(Lose),
        2 => restored_onboarding(),
        2 => restored_judged(),
        1 => (mobile(), ago()).prop_map(|(mobile, ago)| Uncount(mobile, ago)),
    ]
}

pub(super) fn client() -> impl Strategy<Value = Option<&'static str>> {
    select(&[None, Some("a"), Some("b")][..])
}

/// Now, or so long ago that no window of counting that was open then reaches until now: what else comes late
/// depends on what the store still knows of a window that is over.
fn ago() -> impl Strategy<Value = Span> {
    select([Span(0), DAY, Span(2 * DAY.0)].to_vec())
}

fn restored_onboarding() -> impl Strategy<Value = Operation> {
    let device = select(&[None, Some("d1"), Some("d2")][..]);
    let states = [State::Pending, State::Expired, State::Validated, State::Cancelled, State::Superseded];
    let which = prop::option::of(any::<Index>());
    (select(&MOBILES[..]), device, client(), ago(), select(states.to_vec()), which).prop_map(
        |(mobile, device, client, ago, state, which)| Operation::RestoreOnboarding {
            mobile,
            device,
            client,
            ago,
            state,
            which,
        },
    )
}

fn restored_judged() -> impl Strategy<Value = Operation> {
    let (text, delivery) = (select(&["x", "y"][..]), select(&[None, Some("a"), Some("b")][..]));
    (select(&MOBILES[..]), text, ago(), delivery, 0..4_i64, any::<bool>(), any::<Index>()).prop_map(
        |(mobile, text, ago, delivery, nth, passed, of)| Operation::RestoreJudged {
            mobile,
            text,
            ago,
            delivery,
            nth,
            passed,
            of,
        },
    )
}
