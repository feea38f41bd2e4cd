//! A request names one sender and says one thing, or nobody is taken for anybody.

use serde_json::json;

use super::{ALICE, post};
use crate::bad_input::quarantine;
use crate::harness::Bridge;
use crate::receivers::text;

const VICTIM: &str = "+919999999999";

#[tokio::test]
async fn what_a_texter_writes_into_his_sms_makes_no_second_sender() {
    let bridge = Bridge::start().await;
    let registered = bridge.registered(VICTIM).await;
    let hash = registered.text("sms_body");
    let json = "application/json";
    let form = "application/x-www-form-urlencoded";
    let victim = VICTIM.replace('+', "%2B");
    let with_query = format!("/sms/receive?sender={victim}");
    let cases: Vec<(&str, &str, String)> = vec![
        ("/sms/receive", json, format!(r#"{{"from":"{ALICE}","text":"{hash}","mobile_number":"{VICTIM}"}}"#)),
        ("/sms/receive", json, format!(r#"{{"from":"{ALICE}","text":"{hash}","from":"{VICTIM}"}}"#)),
        ("/sms/receive", json, format!(r#"{{"from":"{ALICE}","text":"x","message":"{hash}"}}"#)),
        ("/sms/receive", form, format!("from=%2B919876543210&text={hash}&mobile_number={victim}")),
        ("/sms/receive", form, format!("from=%2B919876543210&text={hash}&from={victim}")),
        (
            &with_query,
            json,
            format!(r#"{{"from":"{ALICE}","text":"{hash}"}}"#),
        ),
        // As another format that is told by its names.
        (
            "/sms/receive",
            json,
            format!(
                r#"{{"from":"{ALICE}","text":"a","webhookSubscriptionId":"1","webhookEvent":"MESSAGE_RECEIVED","sender":"{VICTIM}","message":"{hash}"}}"#
            ),
        ),
        (
            "/sms/receive",
            json,
            format!(
                r#"{{"from":"{ALICE}","text":"x","sentStamp":1,"receivedStamp":1769860800000,"webhookSubscriptionId":"1","webhookEvent":"MESSAGE_RECEIVED","sender":"{VICTIM}","message":"{hash}"}}"#
            ),
        ),
        (
            "/sms/receive/bogkonstantin",
            json,
            format!(r#"{{"from":"{ALICE}","text":"x","from":"{VICTIM}","text":"{hash}"}}"#),
        ),
    ];
    for (n, (path, kind, body)) in cases.iter().enumerate() {
        let answer = post(&bridge, path, kind, body.clone()).await;
        let told = &answer.body["validation_status"];
        assert!(told.is_null(), "{path} {body}: {}", answer.body);
        assert_eq!(quarantine(&bridge).await.len(), n + 1, "{path} {body}");
    }
    assert_eq!(bridge.status(&registered).await.text("status"), "pending");
    let app = bridge.app();
    let findings = app.receivers.findings(app.clock.now(), &app.live.now());
    let found = format!("{} requests of receiver default said two different things", cases.len());
    assert!(findings.iter().any(|finding| finding.found.starts_with(&found)), "{findings:?}");
    bridge.stop().await;
}

#[tokio::test]
async fn spellings_of_one_number_and_the_fields_of_a_known_format_are_no_contradiction() {
    let bridge = Bridge::start().await;
    for (n, body) in [
        json!({"from": ALICE, "number": "09876543210", "sender": "98765 43210", "text": "1"}),
        json!({"from": ALICE, "mobile_number": "", "msisdn": null, "text": "2", "body": "2"}),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = post(&bridge, "/sms/receive", "application/json", body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(bridge.rows(ALICE).await.len(), n + 1);
    }
    // Its route says that this is Bogkonstantin's: `from` is the sender, whatever else stands there.
    let body = json!({"from": ALICE, "text": "3", "sender": "Mum", "sentStamp": 1, "receivedStamp": 1_769_860_800_000_i64});
    post(&bridge, "/sms/receive/bogkonstantin", "application/json", body.to_string()).await;
    let rows = bridge.rows(ALICE).await;
    assert_eq!((rows.len(), text(&rows[0], "sms_message")), (3, "3"));
    bridge.stop().await;
}
