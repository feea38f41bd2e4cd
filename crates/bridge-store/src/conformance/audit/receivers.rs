//! Receivers by name, and what was seen of each.

use bridge_core::Span;
use bridge_core::Zone;
use bridge_core::phone::NumberStyle;

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::audit::{Receiver, Sighting};

fn receiver(name: &str) -> Receiver {
    Receiver {
        name: name.to_owned(),
        format: "smsgate".to_owned(),
        numbers: vec![ALICE.to_owned(), BOB.to_owned()],
        secrets: vec!["ab".repeat(32), "cd".repeat(32)],
        signing_keys: vec!["kéy,\"{}\" '".to_owned()],
        inbox_url: Some("http://user:p%40ss@192.0.2.7:8080/inbox".to_owned()),
        number_style: Some(NumberStyle::National),
        time_zone: Zone::named("Asia/Kolkata"),
        expected_every_seconds: Some(900),
        paused: false,
        added_at: T0,
        revoked_at: None,
    }
}

fn seen(name: &str) -> Sighting {
    Sighting { name: name.to_owned(), ..Sighting::default() }
}

pub(super) async fn receivers_come_by_name_as_they_were_last_put(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    assert_eq!(store.receivers().await.unwrap(), []);
    let bare = Receiver {
        numbers: vec![],
        secrets: vec![],
        signing_keys: vec![],
        inbox_url: None,
        number_style: None,
        time_zone: None,
        expected_every_seconds: None,
        paused: true,
        ..receiver("Phone-2")
    };
    let accented = receiver("\u{e9}tage");
    for receiver in [&accented, &receiver("phone-1"), &bare] {
        store.put_receiver(T0, receiver).await.unwrap();
    }
    let changed = Receiver {
        format: "generic".to_owned(),
        numbers: vec![BOB.to_owned()],
        inbox_url: None,
        added_at: T0 + SECOND,
        revoked_at: Some(T0 + HOUR),
        ..receiver("phone-1")
    };
    for _ in 0..2 {
        store.put_receiver(T0 + HOUR, &changed).await.unwrap();
    }
    assert_eq!(
        store.receivers().await.unwrap(),
        [bare, changed, accented],
        "revoked ones too, by their bytes"
    );
    assert_eq!(store.sightings().await.unwrap(), [], "none was seen");
}

pub(super) async fn sightings_add_up(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let first = Sighting {
        first_seen_at: Some(T0),
        last_seen_at: Some(T0 + HOUR),
        wrong_secret_at: Some(T0 + SECOND),
        delivered: 3,
        redelivered: 2,
        rejected: 1,
        events: [("mms".to_owned(), 2), ("ping".to_owned(), 7)].into(),
        clock_skew: Span(-90_000),
        skew_measured_at: Some(T0),
        ping_gap: Some(Span(60_000)),
        ping_measured_at: Some(T0),
        app_version: Some("1.2.3".to_owned()),
        battery: Some(100),
        charging: Some(false),
        network: Some("नमस्ते".to_owned()),
        reported_at: Some(T0 + SECOND),
        ..seen("phone-1")
    };
    store.note_sightings(std::slice::from_ref(&first)).await.unwrap();
    assert_eq!(store.sightings().await.unwrap(), std::slice::from_ref(&first));

    store.note_sightings(&[seen("phone-1")]).await.unwrap();
    store.note_sightings(&[]).await.unwrap();
    assert_eq!(store.sightings().await.unwrap(), std::slice::from_ref(&first), "nothing was seen since");

    // Another bridge tells of earlier and of later, in one call, and of a receiver that was never added.
    let earlier = Sighting {
        first_seen_at: Some(T0 - HOUR),
        last_seen_at: Some(T0 - HOUR),
        wrong_secret_at: Some(T0 - HOUR),
        delivered: 10,
        clock_skew: HOUR,
        skew_measured_at: Some(T0 - MILLI),
        ping_gap: Some(Span(7)),
        ping_measured_at: Some(T0 - MILLI),
        battery: Some(1),
        reported_at: Some(T0),
        ..seen("phone-1")
    };
    let later = Sighting {
        last_seen_at: Some(T0 + HOUR + HOUR),
        rejected: 5,
        events: [("mms".to_owned(), 1), ("delivery_report".to_owned(), 4)].into(),
        clock_skew: Span(7),
        skew_measured_at: Some(T0 + MILLI),
        battery: Some(0),
        charging: Some(true),
        reported_at: Some(T0 + HOUR),
        ..seen("phone-1")
    };
    let nobody = Sighting { wrong_secret_at: Some(T0), ..seen("default") };
    store.note_sightings(&[later.clone(), nobody.clone(), earlier]).await.unwrap();
    let sum = Sighting {
        first_seen_at: Some(T0 - HOUR),
        last_seen_at: Some(T0 + HOUR + HOUR),
        wrong_secret_at: Some(T0 + SECOND),
        delivered: 13,
        redelivered: 2,
        rejected: 6,
        events: [("mms".to_owned(), 3), ("ping".to_owned(), 7), ("delivery_report".to_owned(), 4)].into(),
        clock_skew: Span(7),
        skew_measured_at: Some(T0 + MILLI),
        battery: Some(0),
        charging: Some(true),
        reported_at: Some(T0 + HOUR),
        ..first.clone()
    };
    assert_eq!(store.sightings().await.unwrap(), [nobody, sum]);
}

/// What a receiver wrote adds up, like what it delivered.
pub(super) async fn spellings_add_up(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let told = |n: i64| Sighting {
        contradictory: n,
        ambiguous: 2 * n,
        wrote_e164: 3 * n,
        wrote_international: 4 * n,
        wrote_national: 5 * n,
        ..seen("phone-1")
    };
    for n in [1, 2] {
        store.note_sightings(&[told(n), told(n)]).await.unwrap();
    }
    assert_eq!(store.sightings().await.unwrap(), [told(6)]);
}

/// One at a time or all at once: only the order of what happened counts, not that of being told.
pub(super) async fn sightings_are_the_same_however_they_are_told(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let told = |n: i64| Sighting {
        first_seen_at: Some(T0 + Span(n)),
        last_seen_at: Some(T0 + Span(n)),
        delivered: n,
        clock_skew: Span(n),
        skew_measured_at: (n != 2).then_some(T0 + Span(n)),
        battery: Some(u8::try_from(n).unwrap()),
        network: (n == 3).then(|| "wifi".to_owned()),
        reported_at: Some(T0 + Span(n)),
        ..seen("x")
    };
    let mut expected = told(1);
    for n in [2, 3, 4] {
        expected.add(&told(n));
    }
    for (round, order) in (1..).zip([[1, 2, 3, 4], [4, 3, 2, 1], [3, 1, 4, 2]]) {
        for n in order {
            let name = format!("single {round}");
            store.note_sightings(&[Sighting { name, ..told(n) }]).await.unwrap();
        }
        let name = format!("together {round}");
        let all = order.map(|n| Sighting { name: name.clone(), ..told(n) });
        store.note_sightings(&all).await.unwrap();
    }
    for sighting in store.sightings().await.unwrap() {
        assert_eq!(sighting, Sighting { name: sighting.name.clone(), ..expected.clone() });
    }
    assert_eq!(store.sightings().await.unwrap().len(), 6);
}

pub(super) async fn receivers_are_never_purged(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let revoked = Receiver { revoked_at: Some(T0), ..receiver("phone-1") };
    store.put_receiver(T0, &revoked).await.unwrap();
    let sighting = Sighting { last_seen_at: Some(T0), ..seen("phone-1") };
    store.note_sightings(std::slice::from_ref(&sighting)).await.unwrap();
    assert_eq!(store.purge(T0 + HOUR, MAX, false).await.unwrap(), 0);
    assert_eq!(store.receivers().await.unwrap(), [revoked]);
    assert_eq!(store.sightings().await.unwrap(), [sighting]);
}
