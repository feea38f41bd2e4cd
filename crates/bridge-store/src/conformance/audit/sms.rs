//! `input_sms` and `power_down_store`: every SMS once, as it came (D22, D23, D25).

use bridge_core::checks::CheckId;
use bridge_core::phone::PhoneError;
use bridge_core::verdict::{Code, Codes, FailedAt};
use bridge_core::{InboundSms, Span, Verdict};

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::audit::{SmsRow, WaitingSms};
use crate::judged::QueuedSms;

pub(super) async fn every_column_comes_back(audit: &dyn AuditUnderTest) {
    let check = CheckId::from_name("count_check").unwrap();
    let mut codes = Codes([Code::Pass; _]);
    codes.0[check.index()] = Code::Fail;
    codes.0[check.index() + 1] = Code::NotApplicable;
    codes.0[check.index() + 2] = Code::Disabled;
    let verdict = Verdict {
        codes,
        failed_at: Some(FailedAt::Check(check)),
        reason: Some("too_many".to_owned()),
        late_delivery: true,
    };
    let received = InboundSms {
        received_timestamp: T0 - HOUR + MILLI,
        clock_skew: Span(-90_000),
        ..sms(1, ALICE, "x", T0)
    };
    let queued = QueuedSms {
        verdict,
        judged_at: T0 + SECOND,
        onboarding_id: Some(id(7)),
        sms_in_window: 4,
        ..queued(i64::MAX, received.clone(), failed())
    };
    assert_eq!(audit.store().append_sms(&[queued]).await.unwrap(), 1);

    let rows = audit.store().sms_of(ALICE, None, MAX).await.unwrap();
    let expected = SmsRow {
        id: rows[0].id,
        redis_id: i64::MAX,
        mobile_number: ALICE.to_owned(),
        country_code: Some("91".to_owned()),
        local_mobile: Some("9876543210".to_owned()),
        sms_message: "x".to_owned(),
        received_timestamp: T0 - HOUR + MILLI,
        device_id: Some("d1".to_owned()),
        codes,
        validation_status: "failed".to_owned(),
        failed_at_check: Some("count_check".to_owned()),
        reason: Some("too_many".to_owned()),
        created_at: T0 + SECOND,
        sms_id: id(1),
        receiver_id: "phone-1".to_owned(),
        format: "generic".to_owned(),
        fingerprint: "f".repeat(32),
        server_received_at: T0,
        late_delivery: true,
        synced_at: None,
        onboarding_id: Some(id(7)),
        sms_in_window: 4,
        clock_skew: Span(-90_000),
        stamped: true,
        stamp_raw: None,
    };
    assert_eq!(rows, [expected]);
}

pub(super) async fn appending_twice_is_appending_once(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let batch = [queued(1, sms(1, ALICE, "x", T0), passed()), queued(2, sms(2, ALICE, "y", T0), failed())];
    assert_eq!(store.append_sms(&batch).await.unwrap(), 2);
    let first = store.sms_of(ALICE, None, MAX).await.unwrap();
    assert_eq!(store.append_sms(&batch).await.unwrap(), 0);
    let third = queued(3, sms(3, ALICE, "z", T0), failed());
    let [one, two] = batch;
    assert_eq!(store.append_sms(&[one, third.clone(), third, two]).await.unwrap(), 1);
    let rows = store.sms_of(ALICE, None, MAX).await.unwrap();
    assert_eq!((rows.len(), &rows[1..]), (3, &first[..]));

    // After a loss the hot store may give an id again: the row must not be dropped for that (D22).
    let id_again = queued(1, sms(4, ALICE, "w", T0), failed());
    assert_eq!(store.append_sms(&[id_again]).await.unwrap(), 1);
    assert_eq!(store.append_sms(&[]).await.unwrap(), 0);
}

pub(super) async fn strange_texts_and_senders_are_kept(audit: &dyn AuditUnderTest) {
    let texts = [
        "ONBOARD:ｆｕｌｌ ｗｉｄｔｈ नमस्ते \u{1f511}\u{200b}\r\n".to_owned(),
        "ä".repeat(10_240),
        bridge_core::message::storable("a\0b").into_owned(),
        "'; DROP TABLE input_sms; --".to_owned(),
        String::new(),
    ];
    for (n, text) in (0_u32..).zip(&texts) {
        let bank = InboundSms {
            sender_raw: "Bänk'".to_owned(),
            sender: Err(PhoneError::Alphanumeric),
            ..sms(u128::from(n), ALICE, text, T0)
        };
        let row = QueuedSms { device_id: None, ..queued(n.into(), bank, failed()) };
        assert_eq!(audit.store().append_sms(&[row]).await.unwrap(), 1);
    }
    let rows = audit.store().sms_of("Bänk'", None, MAX).await.unwrap();
    let kept: Vec<&str> = rows.iter().rev().map(|row| row.sms_message.as_str()).collect();
    assert_eq!(kept, texts);
    assert_eq!((&rows[0].country_code, &rows[0].local_mobile, &rows[0].device_id), (&None, &None, &None));
}

pub(super) async fn what_passed_is_a_validated_mobile(audit: &dyn AuditUnderTest) {
    let no_device = QueuedSms { device_id: None, ..queued(3, sms(3, BOB, "x", T0), passed()) };
    let batch = [
        queued(1, sms(1, ALICE, "x", T0), passed()),
        queued(2, sms(2, "+919876543219", "y", T0), failed()),
        no_device,
        queued(4, sms(4, ALICE, "once more", T0), passed()),
    ];
    for _ in 0..2 {
        audit.store().append_sms(&batch).await.unwrap();
        let mobiles = audit.column("ops.validated_mobile", "mobile_number").await;
        assert_eq!(mobiles, [Some(ALICE.to_owned()), Some(BOB.to_owned())]);
        let devices = audit.column("ops.validated_mobile", "device_id").await;
        assert_eq!(devices, [Some("d1".to_owned()), Some(String::new())]);
        let first = audit.column("ops.validated_mobile", "sms_id").await;
        assert_eq!(first[0], Some(id(1).to_string()));
    }
}

pub(super) async fn pages_go_from_new_to_old(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    for n in 1..=5 {
        let mine = queued(n, sms(n.unsigned_abs().into(), ALICE, "x", T0), failed());
        let other = queued(n + 10, sms(u128::from(n.unsigned_abs()) + 10, BOB, "x", T0), failed());
        store.append_sms(&[mine, other]).await.unwrap();
    }
    let mut before = None;
    let mut pages = Vec::new();
    loop {
        let page = store.sms_of(ALICE, before, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.id);
        pages.push(page.iter().map(|row| row.redis_id).collect::<Vec<_>>());
    }
    assert_eq!(pages, [vec![5, 4], vec![3, 2], vec![1]]);
    assert_eq!(store.sms_of("+919876543219", None, 2).await.unwrap(), []);
}

pub(super) async fn stored_for_later_in_order_of_arrival(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let bank = InboundSms {
        sender_raw: "MYBANK".to_owned(),
        sender: Err(PhoneError::Alphanumeric),
        line: Some("sim-2".to_owned()),
        delivery_id: Some("a".to_owned()),
        stamped: false,
        stamp_raw: None,
        clock_not_set: None,
        clock_skew: HOUR,
        part: Some(part(1, 2)),
        ..sms(7, ALICE, "नमस्ते \u{1f511}", T0 - HOUR)
    };
    let arrived = [sms(9, ALICE, "x", T0), sms(8, BOB, "y", T0 + HOUR), bank];
    for sms in &arrived {
        store.store_for_later(sms).await.unwrap();
    }
    let waiting = store.waiting_sms(None, MAX).await.unwrap();
    assert!(waiting.is_sorted_by_key(WaitingSms::place));
    let in_order = [&arrived[2], &arrived[0], &arrived[1]];
    assert!(waiting.iter().map(|waiting| &waiting.sms).eq(in_order), "{waiting:?}");
    assert_eq!(store.waiting_sms(None, 2).await.unwrap(), waiting[..2]);
    assert_eq!(store.waiting_sms(Some(waiting[0].place()), MAX).await.unwrap(), waiting[1..]);
    assert_eq!(store.waiting_sms(Some(waiting[2].place()), MAX).await.unwrap(), []);
}

pub(super) async fn stored_for_later_once_and_until_processed(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    for (n, text) in [(1, "x"), (2, "y"), (1, "x"), (3, "z")] {
        store.store_for_later(&sms(n, ALICE, text, T0)).await.unwrap();
    }
    let waiting = store.waiting_sms(None, MAX).await.unwrap();
    assert_eq!(waiting.len(), 3);
    for now in [T0, T0 + HOUR] {
        store.mark_processed(now, &[waiting[1].id, 12_345]).await.unwrap();
    }
    store.mark_processed(T0, &[]).await.unwrap();
    let left: Vec<_> =
        store.waiting_sms(None, MAX).await.unwrap().into_iter().map(|w| w.sms.sms_id).collect();
    assert_eq!(left, [id(1), id(3)]);
    store.store_for_later(&sms(2, ALICE, "y", T0)).await.unwrap();
    assert_eq!(store.waiting_sms(None, MAX).await.unwrap().len(), 2, "a processed one does not wait again");
}
