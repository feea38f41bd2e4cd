//! Who goes first, as a table of crowds. Nothing here opens a connection.

use std::sync::atomic::{AtomicBool, Ordering};

use super::turns::MOMENT;
use super::*;

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const LATER: Timestamp = Timestamp(1_800_000_000_000 + 1_000);

fn silent(address: Option<[u8; 4]>) -> Comer {
    Comer { address: address.map(IpAddr::from), has_spoken: Box::new(|| false) }
}

fn come(places: &Arc<Places>, now: Timestamp) -> Option<Place> {
    places.enter(silent(None), now).ok()
}

fn is_gone(place: &Place) -> bool {
    place.gone.is_cancelled()
}

#[test]
fn the_one_who_is_missed_least_goes_first() {
    let places = Places::new(8);
    let mut all = Vec::new();
    for _ in 0..8 {
        all.push(come(&places, NOW).unwrap());
    }
    let [receiver, app, busy, slow, stream, answered, old, new] = all.as_slice() else { unreachable!() };
    receiver.seat.is(Who::Receiver("hall-phone"));
    app.seat.is(Who::App);
    busy.seat.begins(NOW);
    slow.seat.begins(NOW);
    slow.seat.is_slow();
    stream.seat.is(Who::App);
    stream.seat.waits(NOW);
    answered.seat.begins(NOW);
    answered.seat.rests(NOW);
    let mut operators = Vec::new();
    for (goes, case) in [
        (answered, "a stranger whose answer is out"),
        (old, "a stranger who says nothing"),
        (new, "the other one"),
        (stream, "a stream"),
        (slow, "a stranger who does not finish"),
        (app, "an app that rests"),
        (busy, "a stranger that the bridge works for"),
    ] {
        assert!(!is_gone(goes), "{case}");
        operators.push(come(&places, LATER).unwrap());
        operators.last().unwrap().seat.is(Who::Operator(case));
        assert!(is_gone(goes), "{case}");
    }
    assert!(come(&places, LATER).is_none(), "who is kept stays");
    assert!(!is_gone(receiver));
    assert_eq!((places.taken(), places.closed()), (8, 7));
    all.remove(0);
    assert!(come(&places, LATER).is_some());
}

#[test]
fn in_a_crowd_that_comes_at_once_a_whole_request_is_worth_more_than_silence() {
    let places = Places::new(3);
    let honest = come(&places, NOW).unwrap();
    honest.seat.begins(NOW);
    let mut crowd = Vec::new();
    for n in 0..1_000 {
        crowd.push(come(&places, NOW).unwrap());
        // Some speak, and are answered at once.
        if n % 3 == 0 {
            let seat = &crowd.last().unwrap().seat;
            seat.begins(NOW);
            seat.rests(NOW);
        }
    }
    assert!(!is_gone(&honest));
    assert_eq!(crowd.iter().filter(|place| !is_gone(place)).count(), 2);
}

#[test]
fn who_has_spoken_is_heard_before_they_go() {
    let places = Places::new(2);
    let spoken = Arc::new(AtomicBool::new(true));
    let heard = spoken.clone();
    let comer = Comer { address: None, has_spoken: Box::new(move || heard.load(Ordering::Relaxed)) };
    let speaks = places.enter(comer, NOW).ok().unwrap();
    let silent = come(&places, NOW).unwrap();
    let next = come(&places, NOW).unwrap();
    assert!(is_gone(&silent) && !is_gone(&speaks), "the older one has said something");
    spoken.store(false, Ordering::Relaxed);
    assert!(come(&places, NOW).is_some());
    assert!(is_gone(&speaks) && !is_gone(&next), "it was looked at, and it was no request");
}

#[test]
fn where_all_have_just_spoken_who_comes_waits() {
    let places = Places::new(2);
    let speaks = || Comer { address: None, has_spoken: Box::new(|| true) };
    let all = [places.enter(speaks(), NOW).ok().unwrap(), places.enter(speaks(), NOW).ok().unwrap()];
    assert!(come(&places, NOW).is_none());
    all[0].seat.begins(NOW);
    assert!(come(&places, NOW).is_none(), "the bridge works for it");
    assert!(come(&places, LATER).is_some() && is_gone(&all[0]), "it does so for too long");
}

#[test]
fn of_two_who_do_the_same_the_one_goes_whose_address_has_more() {
    let places = Places::new(4);
    let from = |last| places.enter(silent(Some([192, 0, 2, last])), NOW).ok().unwrap();
    let (alone, many) = (from(1), [from(2), from(2), from(2)]);
    let newcomer = from(3);
    assert!(!is_gone(&alone) && is_gone(&many[0]), "the first of the many");
    drop((newcomer, many, alone));
    assert!(places.lock().addresses.is_empty());
}

#[test]
fn dripping_wins_no_time() {
    let places = Places::new(2);
    let drips = come(&places, NOW).unwrap();
    drips.seat.begins(NOW);
    let later = come(&places, NOW).unwrap();
    later.seat.begins(NOW + Span(1));
    later.seat.is_slow();
    for _ in 0..10 {
        drips.seat.is_slow();
        drips.seat.goes_on();
    }
    drips.seat.is_slow();
    assert!(come(&places, LATER).is_some());
    assert!(is_gone(&drips) && !is_gone(&later), "it began first");
}

#[test]
fn one_receiver_keeps_its_share_and_no_more() {
    let places = Places::new(16);
    let mut hall = Vec::new();
    for _ in 0..16 {
        hall.push(come(&places, NOW).unwrap());
        hall.last().unwrap().seat.is(Who::Receiver("hall-phone"));
        // Again on the same connection: it counts once.
        hall.last().unwrap().seat.is(Who::Receiver("hall-phone"));
    }
    let mut others = Vec::new();
    for _ in 0..12 {
        others.push(come(&places, NOW).unwrap());
        others.last().unwrap().seat.begins(NOW);
    }
    let (kept, beyond) = hall.split_at(4);
    assert!(kept.iter().all(|place| !is_gone(place)) && beyond.iter().all(is_gone));
    assert!(come(&places, NOW).is_none(), "the bridge works for all the others");
    // A name of a receiver may be an operator's too.
    others[0].seat.is(Who::Operator("hall-phone"));
    assert_eq!(places.lock().kept.len(), 2);
    drop((hall, others));
    assert!(places.lock().kept.is_empty());
}

#[test]
fn an_app_that_is_answered_stays() {
    let places = Places::new(1);
    let app = come(&places, NOW).unwrap();
    app.seat.is(Who::App);
    app.seat.begins(NOW);
    assert!(come(&places, LATER).is_none());
    app.seat.is_slow();
    assert!(come(&places, LATER).is_some(), "an app that does not finish what it began goes");
}

#[tokio::test]
async fn while_many_are_leaving_nobody_comes_in() {
    let places = Places::new(1);
    let mut all: Vec<Place> = (0..=LEAVING_MAX).map(|_| come(&places, NOW).unwrap()).collect();
    let mut door = Box::pin(places.door());
    assert!(futures_util::poll!(&mut door).is_pending(), "their descriptors are taken still");
    all.remove(0);
    door.await;
    drop(all);
    assert_eq!((places.taken(), places.lock().leaving), (0, 0));
}

#[test]
fn it_is_told_once_a_minute_and_noted_for_a_while() {
    let places = Places::new(1);
    let _first = come(&places, NOW).unwrap();
    assert_eq!(places.note(NOW), None);
    let mut told = 0;
    for second in 0..120 {
        told += u32::from(places.lock().is_full(NOW + Span(second * 1_000)));
    }
    assert_eq!(told, 2);
    assert!(places.note(NOW + Span(120_000)).unwrap().starts_with("all 1 connections were taken"));
    assert_eq!(places.note(NOW + Span(3_600_000)), None);
}

#[test]
fn what_is_said_of_a_place_that_is_gone_changes_nothing() {
    let places = Places::new(1);
    let first = come(&places, NOW).unwrap();
    let second = come(&places, NOW + MOMENT).unwrap();
    first.seat.is(Who::Receiver("hall-phone"));
    first.seat.begins(NOW);
    assert_eq!(places.taken(), 1);
    drop(first);
    assert_eq!(places.taken(), 1);
    drop(second);
    assert_eq!(places.taken(), 0);
}
