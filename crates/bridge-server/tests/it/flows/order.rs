//! The SMS of one number are judged in their order, wherever each of them waits.

use bridge_core::InboundSms;
use bridge_store::journal::Entry;
use serde_json::json;
use uuid::Uuid;

use crate::harness::Bridge;

const ALICE: &str = "+919876543210";

/// An SMS that is in the journal, because `power_down_store` did not take it, is seen by this bridge alone: one that came
/// after it must not be where any bridge would judge it before.
#[tokio::test]
async fn what_comes_after_one_in_the_journal_waits_there_too() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(ALICE).await;
    bridge.set("maintenance_mode", json!(true)).await;
    bridge.text(ALICE, "first").await;
    let stores = &bridge.stores;
    let waiting = stores.audit.waiting_sms(None, 10).await.unwrap();
    let [first] = waiting.as_slice() else { panic!("{waiting:?}") };
    // As if `power_down_store` had not taken it in time.
    let kept = InboundSms { sms_id: Uuid::from_u128(7), ..first.sms.clone() };
    stores.journal.keep(&Entry::Waiting(Box::new(kept))).await.unwrap();
    stores.audit.mark_processed(bridge.clock.now(), &[first.id]).await.unwrap();

    let second = bridge.deliver(&bridge.right_sms(ALICE, &registered)).await;
    assert_eq!(second.status, 202);
    assert_eq!(stores.audit.waiting_sms(None, 10).await.unwrap(), []);
    assert_eq!(stores.journal.waiting(), 2);

    bridge.set("maintenance_mode", json!(false)).await;
    // Once to hand the journal over, once to judge.
    bridge.settle().await;
    let mut rows = bridge.rows(ALICE).await;
    rows.sort_by_key(|row| row["redis_id"].as_i64());
    let texts: Vec<&str> = rows.iter().map(|row| row["sms_message"].as_str().unwrap()).collect();
    assert_eq!(texts, ["first", registered.text("sms_body")]);
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    bridge.stop().await;
}
