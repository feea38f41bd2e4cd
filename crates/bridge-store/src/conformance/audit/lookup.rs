//! What is asked by the phone's own time, and of parts.

use bridge_core::phone::PhoneError;
use bridge_core::sms::Part;
use bridge_core::{InboundSms, Span, Timestamp};

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::AuditStore;
use crate::audit::{AskedSms, HourCount, KNOWN_WITHIN};

fn asked(mobile_number: &str, text: &str, stamps: &[Timestamp]) -> AskedSms {
    AskedSms { mobile_number: mobile_number.to_owned(), text: text.to_owned(), stamps: stamps.to_vec() }
}

async fn process(store: &dyn AuditStore, sms: &InboundSms) {
    store.store_for_later(sms).await.unwrap();
    let waiting = store.waiting_sms(None, MAX).await.unwrap();
    let row = waiting.iter().find(|row| row.sms.sms_id == sms.sms_id).unwrap();
    store.mark_processed(T0, &[row.id]).await.unwrap();
}

pub(super) async fn a_known_sms_is_found_wherever_it_is(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let month = Span(32 * 24 * HOUR.0);
    let stamped_before =
        InboundSms { received_timestamp: T0 - HOUR, ..sms(1, ALICE, "नमस्ते", T0) };
    let bank = InboundSms {
        sender_raw: "MYBANK".to_owned(),
        sender: Err(PhoneError::Alphanumeric),
        ..sms(2, ALICE, "x", T0 + month)
    };
    store.append_sms(&[queued(1, stamped_before, failed()), queued(2, bank, passed())]).await.unwrap();
    store.store_for_later(&sms(3, BOB, "waits", T0)).await.unwrap();
    process(store, &sms(4, BOB, "was judged", T0)).await;
    let lines = T0 + month + month;
    store.append_sms(&[queued(3, sms(5, ALICE, "a\r\nb", lines), failed())]).await.unwrap();
    store.store_for_later(&sms(6, BOB, "\r\n", lines)).await.unwrap();

    let before = T0 - HOUR;
    let questions = [
        (asked(ALICE, "नमस्ते", &[before]), true),
        (asked(ALICE, "नमस्ते", &[before - KNOWN_WITHIN]), true),
        (asked(ALICE, "नमस्ते", &[before + KNOWN_WITHIN]), true),
        (asked(ALICE, "नमस्ते", &[before - KNOWN_WITHIN - MILLI]), false),
        (asked(ALICE, "नमस्ते", &[before + KNOWN_WITHIN + MILLI]), false),
        (asked(ALICE, "नमस्ते", &[T0, T0 + HOUR, before]), true),
        (asked(ALICE, "नमस्ते", &[T0]), false),
        // Whose time nobody knows (D40): by number and text.
        (asked(ALICE, "नमस्ते", &[]), true),
        (asked(BOB, "नमस्ते", &[]), false),
        (asked(BOB, "waits", &[]), true),
        (asked(ALICE, "नमस्ते ", &[before]), false),
        (asked(BOB, "नमस्ते", &[before]), false),
        (asked("MYBANK", "x", &[T0 + month]), true),
        (asked("mybank", "x", &[T0 + month]), false),
        (asked(BOB, "waits", &[T0 + SECOND]), true),
        (asked(BOB, "was judged", &[T0]), true),
        (asked(ALICE, "waits", &[T0]), false),
        // As a spreadsheet writes ends of lines (D46).
        (asked(ALICE, "a\nb", &[lines]), true),
        (asked(ALICE, "a\r\nb", &[lines]), true),
        (asked(ALICE, "a\nb", &[]), true),
        (asked(ALICE, "ab", &[lines]), false),
        (asked(BOB, "\n", &[lines]), true),
        (asked(BOB, "\r\n", &[]), true),
    ];
    for (question, answer) in &questions {
        assert_eq!(store.known_sms(std::slice::from_ref(question)).await.unwrap(), [*answer]);
    }
    let (all, answers): (Vec<AskedSms>, Vec<bool>) = questions.into_iter().unzip();
    assert_eq!(store.known_sms(&all).await.unwrap(), answers);
    assert!(store.known_sms(&[]).await.unwrap().is_empty());
}

pub(super) async fn sms_are_counted_by_receiver_and_hour(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let row = |n: i64, receiver: &str, at: Timestamp| {
        let (receiver_id, server_received_at) = (receiver.to_owned(), T0 + HOUR + HOUR);
        let sms = sms(n.unsigned_abs().into(), ALICE, "x", at);
        queued(n, InboundSms { receiver_id, server_received_at, ..sms }, failed())
    };
    let batch = [
        row(1, "b", T0),
        row(2, "b", T0 + HOUR - MILLI),
        row(3, "B", T0 + MILLI),
        row(4, "b", T0 + HOUR),
        row(5, "b", T0 - MILLI),
        row(6, "b", T0 + HOUR + HOUR),
    ];
    store.append_sms(&batch).await.unwrap();
    let counted = |receiver: &str, hour: Timestamp, count: i64| HourCount {
        receiver_id: receiver.to_owned(),
        hour,
        count,
    };
    let whole = [counted("B", T0, 1), counted("b", T0, 2), counted("b", T0 + HOUR, 1)];
    assert_eq!(store.count_by_hour(T0, T0 + HOUR + HOUR).await.unwrap(), whole);
    assert_eq!(
        store.count_by_hour(T0 + MILLI, T0 + HOUR).await.unwrap(),
        [whole[0].clone(), counted("b", T0, 1)]
    );
    assert_eq!(store.count_by_hour(T0, T0).await.unwrap(), []);
}

pub(super) async fn a_part_is_judged_once(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let second = |n: u128| InboundSms { part: Some(part(2, 3)), ..sms(n, ALICE, "x", T0) };
    store.store_for_later(&second(1)).await.unwrap();
    process(store, &InboundSms { part: Some(part(3, 3)), ..sms(2, ALICE, "y", T0) }).await;
    process(store, &sms(3, ALICE, "x", T0)).await;
    assert!(!store.parts_judged(&second(9), T0).await.unwrap(), "it waits");
    process(store, &second(1)).await;
    let again = InboundSms { received_timestamp: T0 + HOUR, server_received_at: T0 + HOUR, ..second(9) };
    assert!(store.parts_judged(&again, T0).await.unwrap());
    assert!(
        !store.parts_judged(&again, T0 + MILLI).await.unwrap(),
        "that was another SMS of the same reference"
    );
    let longer = Some(part(2, 4));
    let other_reference = Some(Part { reference: "18".to_owned(), ..part(2, 3) });
    for other in [
        InboundSms { part: None, ..second(9) },
        InboundSms { part: Some(part(1, 3)), ..second(9) },
        InboundSms { part: longer, ..second(9) },
        InboundSms { part: other_reference, ..second(9) },
        InboundSms { receiver_id: "phone-2".to_owned(), ..second(9) },
        InboundSms { part: Some(part(2, 3)), ..sms(9, BOB, "x", T0) },
    ] {
        assert!(!store.parts_judged(&other, T0).await.unwrap(), "{other:?}");
    }
}
