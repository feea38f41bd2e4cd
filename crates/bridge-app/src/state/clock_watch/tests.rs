//! A clock that goes wrong and comes right, by hand. Not what the bridge does meanwhile: that is `tests/it/clock.rs`.

use bridge_core::phone::PhoneError;

use super::*;

const NOON: Timestamp = Timestamp(1_800_000_000_000);
const MINUTE: Span = Span(60_000);
const DAYS: Span = Span(2 * 86_400_000);

fn run(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn watch(folder: &Path, now: Timestamp) -> (Clock, ClockWatch) {
    let clock = Clock::standing_at(now);
    (clock.clone(), ClockWatch::open(folder, clock, run(1), Timestamp(0)))
}

fn sms(watch: &ClockWatch, now: Timestamp) -> InboundSms {
    InboundSms {
        sms_id: Uuid::nil(),
        sender_raw: "57575".into(),
        sender: Err(PhoneError::TooShort),
        text: "ONBOARD:x".into(),
        received_timestamp: now,
        stamped: false,
        stamp_raw: None,
        server_received_at: now,
        receiver_id: "default".into(),
        format: "generic".into(),
        line: None,
        delivery_id: None,
        clock_skew: Span(0),
        part: None,
        clock_not_set: watch.mark(),
    }
}

#[test]
fn a_box_that_starts_two_days_back_knows_it() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, first) = watch(folder.path(), NOON);
    assert!(first.is_right());
    clock.advance(MINUTE);
    first.look(|| false);
    first.stop();
    let (clock, watch) = watch(folder.path(), NOON - DAYS);
    assert!(!watch.is_right() && !watch.is_plausible());
    let (why, _) = watch.implausible().unwrap();
    assert_eq!(why, Implausible::BeforeRemembered { remembered: NOON + MINUTE });

    // Three minutes later its clock is set. An SMS that came two minutes before came two minutes before.
    clock.advance(MINUTE);
    let kept = sms(&watch, clock.now());
    assert!(kept.clock_not_set.is_some());
    clock.advance(Span(2 * MINUTE.0));
    watch.look(|| false);
    assert!(!watch.is_right());
    clock.set(NOON + DAYS);
    assert!(!watch.is_right(), "not before it was looked at");
    let looked = watch.look(|| false);
    assert_eq!(
        looked.jump.map(|jump| (jump.by, jump.was_plausible)),
        Some((Span(2 * DAYS.0 - 3 * MINUTE.0), false))
    );
    assert!(watch.is_right());
    let right = watch.put_right(kept);
    assert_eq!(right.server_received_at, NOON + DAYS - Span(2 * MINUTE.0));
    assert_eq!((right.received_timestamp, right.clock_not_set.clone()), (right.server_received_at, None));
    assert_eq!(watch.put_right(right.clone()), right);
}

#[test]
fn what_another_run_kept_came_no_earlier_than_the_bridge_knew() {
    let folder = tempfile::tempdir().unwrap();
    let (_, first) = watch(folder.path(), NOON);
    drop(first);
    let (clock, second) = watch(folder.path(), NOON - DAYS);
    let kept = sms(&second, clock.now());
    let clock = Clock::standing_at(NOON + DAYS);
    let third = ClockWatch::open(folder.path(), clock, run(3), Timestamp(0));
    assert!(third.is_right());
    assert_eq!(third.put_right(kept).server_received_at, NOON);
}

#[test]
fn a_box_that_was_ahead_once_is_well_again_at_once_where_somebody_vouches() {
    let folder = tempfile::tempdir().unwrap();
    let (_, ahead) = watch(folder.path(), NOON + DAYS);
    drop(ahead);
    let (_, by_the_kernel) = watch(folder.path(), NOON);
    assert!(!by_the_kernel.is_right());
    assert_eq!(by_the_kernel.look(|| true).forgotten, Some(NOON + DAYS));
    assert!(by_the_kernel.is_right());
    drop(by_the_kernel);
    let (_, again) = watch(folder.path(), NOON + MINUTE);
    assert!(again.is_right(), "what was forgotten stays forgotten");

    let folder = tempfile::tempdir().unwrap();
    let (_, ahead) = watch(folder.path(), NOON + DAYS);
    drop(ahead);
    let (clock, by_an_operator) = watch(folder.path(), NOON);
    by_an_operator.accept();
    assert!(by_an_operator.is_right());
    clock.set(NOON - DAYS);
    by_an_operator.look(|| false);
    assert!(!by_an_operator.is_right(), "nobody said so of what it says now");
}

#[test]
fn two_other_machines_are_believed() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, watch) = watch(folder.path(), NOON);
    let both = |ahead| vec![Outside { whose: "Redis", ahead }, Outside { whose: "PostgreSQL", ahead }];
    let at = Span((NOON + DAYS).0);
    watch.compare(["Redis", "PostgreSQL"].map(|whose| Told { whose, at, beside: false }).to_vec());
    watch.look(|| true);
    assert!(!watch.is_right(), "they are two");
    // They go on as it is set, before they are asked again.
    clock.set(NOON + DAYS);
    watch.look(|| false);
    assert!(watch.is_right());
    assert_eq!(watch.outside(), both(Span(0)));
}

#[test]
fn a_clock_that_is_set_forward_is_taken_on_trust_until_somebody_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, watch) = watch(folder.path(), NOON);
    assert_eq!(watch.taken_on_trust(), None);
    clock.set(NOON + DAYS);
    watch.look(|| false);
    assert_eq!(watch.taken_on_trust(), Some((NOON + DAYS, DAYS)));
    assert_eq!(watch.to_move().map(|jump| jump.by), Some(DAYS));
    assert!(!watch.is_right(), "its deadlines have not moved");
    watch.moved();
    assert!(watch.is_right());
    watch.accept();
    assert_eq!(watch.taken_on_trust(), None);

    // Back, which cannot be right, and there again: nothing moves.
    clock.set(NOON);
    watch.look(|| false);
    assert_eq!((watch.taken_on_trust(), watch.to_move()), (None, None));
    clock.set(NOON + DAYS);
    watch.look(|| false);
    assert!(watch.is_right());
    assert_eq!((watch.taken_on_trust(), watch.to_move()), (None, None));
}

#[test]
fn a_neighbour_beside_is_another_clock_only_where_it_differs() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, watch) = watch(folder.path(), NOON);
    let beside = |at: Timestamp| {
        let at = Span(at.0 - clock.monotonic().0);
        ["Redis", "PostgreSQL"].map(|whose| Told { whose, at, beside: true }).to_vec()
    };
    watch.compare(beside(NOON));
    watch.look(|| false);
    assert_eq!((watch.is_right(), watch.outside()), (true, Vec::new()), "it may be ours");
    watch.compare(beside(NOON + DAYS));
    watch.look(|| false);
    assert_eq!((watch.is_right(), watch.outside().len()), (false, 2));
}

#[test]
fn a_machine_that_sleeps_is_not_set() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, watch) = watch(folder.path(), NOON);
    clock.advance(DAYS);
    assert!(watch.is_right());
    assert_eq!(watch.look(|| false), Looked::default());
}

#[test]
fn small_corrections_are_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (clock, watch) = watch(folder.path(), NOON);
    for by in [APART.0, -APART.0] {
        clock.set(clock.now() + Span(by));
        assert!(watch.is_right());
        assert_eq!(watch.look(|| false), Looked::default());
    }
}
