//! An operator accepts an SMS whose time alone was in doubt (decisions.md D48): by API, desk and command.

use bridge_core::Span;
use reqwest::Method;
use serde_json::{Value, json};

use crate::desk::visitor::{PASSWORD, Visitor};
use crate::harness::{ADMIN_TOKEN, Answer, Bridge};
use crate::process::{command, run};

const ALICE: &str = "+919876543210";
const WHY: &str = "the phone was in a drawer";

impl Bridge {
    async fn accept(&self, sms: &Answer, body: Value) -> Answer {
        let path = format!("/admin/sms/{}/accept", sms.text("message_id"));
        self.send(self.request(Method::POST, &path).bearer_auth(ADMIN_TOKEN).json(&body)).await
    }
}

/// A registration, and its SMS an hour late without a stamp.
async fn late(bridge: &Bridge, mobile: &str) -> (Answer, Answer) {
    let registered = bridge.registered(mobile).await;
    bridge.clock.advance(Span(3_600_000));
    let body = json!({"from": mobile, "text": registered.text("sms_body"), "timestamp": "soon"});
    let request = bridge.request(Method::POST, "/sms/receive").bearer_auth(crate::harness::RECEIVER_KEY);
    let sms = bridge.send(request.json(&body)).await;
    assert_eq!((sms.verdict(), sms.text("reason")), ("time_window_check", "stamp_unusable"), "{}", sms.body);
    bridge.settle().await;
    (registered, sms)
}

/// On whatever stores.
pub(crate) async fn an_operator_accepts_a_late_sms(bridge: &Bridge) {
    let (registered, sms) = late(bridge, ALICE).await;
    let counted = bridge.rows(ALICE).await.len();

    let accepted = bridge.accept(&sms, json!({"reason": WHY})).await;
    assert_eq!(accepted.status, 200, "{}", accepted.body);
    assert_eq!((accepted.verdict(), accepted.text("reason")), ("passed", "accepted_by_operator"));
    assert_eq!(accepted.body["accepts"], sms.body["message_id"]);
    assert_eq!(accepted.codes(), "1111113", "time_window_check is left out");

    let status = bridge.status(&registered).await;
    assert_eq!(status.text("status"), "validated", "{}", status.body);
    assert_eq!(status.body["last_sms"]["reason"], "accepted_by_operator", "the app is told");

    bridge.settle().await;
    let rows = bridge.rows(ALICE).await;
    assert_eq!(rows.len(), counted + 1, "the one that failed stays as it was judged");
    let first = rows.iter().find(|row| row["sms_id"] == sms.body["message_id"]).unwrap();
    assert_eq!((&first["reason"], &first["validation_status"]), (&json!("stamp_unusable"), &json!("failed")));
    let again = rows.iter().find(|row| row["sms_id"] == accepted.body["message_id"]).unwrap();
    assert_eq!(again["validation_status"], "passed");
    assert_eq!(again["time_window_check"], 3);
    assert_eq!(again["sms_message"], first["sms_message"]);
    crate::judging_again::judged_the_same_again(bridge).await;

    let log = bridge.get("/admin/log", ADMIN_TOKEN).await.body.to_string();
    assert!(log.contains("sms.accept") && log.contains(WHY), "{log}");
    let twice = bridge.accept(&sms, json!({"reason": WHY})).await;
    assert_eq!((twice.status.as_u16(), twice.code()), (409, "onboarding_final"), "{}", twice.body);
    let of_accepted = bridge.accept(&accepted, json!({"reason": WHY})).await;
    assert_eq!((of_accepted.status.as_u16(), of_accepted.code()), (409, "not_acceptable"));
}

#[tokio::test]
async fn accepted_by_hand() {
    let bridge = Bridge::start().await;
    an_operator_accepts_a_late_sms(&bridge).await;
    bridge.stop().await;
}

#[tokio::test]
async fn what_an_operator_cannot_know_better_stays_refused() {
    let bridge = Bridge::start().await;
    let (registered, sms) = late(&bridge, ALICE).await;
    for reason in
        [json!({}), json!({"reason": " "}), json!({"reason": "x".repeat(201)}), json!({"reason": ["x"]})]
    {
        let refused = bridge.accept(&sms, reason).await;
        assert_eq!((refused.status.as_u16(), refused.code()), (400, "invalid_request"), "{}", refused.body);
    }
    let wrong = bridge.text(ALICE, &format!("ONBOARD:{}", "0".repeat(64))).await;
    bridge.settle().await;
    let refused = bridge.accept(&wrong, json!({"reason": WHY})).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "not_acceptable"), "{}", refused.body);

    // A check that it had passed fails now: nothing is recorded, and once that is mended it can be accepted.
    let blocked = json!({"mobile_number": ALICE});
    let block = bridge.request(Method::POST, "/admin/blacklist").bearer_auth(ADMIN_TOKEN).json(&blocked);
    bridge.send(block).await;
    let refused = bridge.accept(&sms, json!({"reason": WHY})).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "not_acceptable"), "{}", refused.body);
    assert!(refused.text("detail").contains("blacklist_check"), "{}", refused.body);
    let path = format!("/admin/blacklist/{ALICE}");
    bridge.send(bridge.request(Method::DELETE, &path).bearer_auth(ADMIN_TOKEN)).await;
    bridge.set("maintenance_mode", json!(true)).await;
    let paused = bridge.accept(&sms, json!({"reason": WHY})).await;
    assert_eq!((paused.status.as_u16(), paused.code()), (503, "unavailable"), "{}", paused.body);
    bridge.set("maintenance_mode", json!(false)).await;
    // Whatever the settings ask for now.
    bridge.set("header_hash_check_enabled", json!(false)).await;
    bridge.clock.advance(Span(3_000));
    assert_eq!(bridge.accept(&sms, json!({"reason": WHY})).await.verdict(), "passed");
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    for nobody in ["7", "019c13a8-5a00-7c3e-9d55-0f6b1a2c3d4e"] {
        let path = format!("/admin/sms/{nobody}/accept");
        let request = bridge.request(Method::POST, &path).bearer_auth(ADMIN_TOKEN);
        let missing = bridge.send(request.json(&json!({"reason": WHY}))).await;
        assert_eq!(missing.status, 404);
    }
    bridge.stop().await;
}

#[tokio::test]
async fn nothing_is_accepted_while_the_hash_was_not_asked_for() {
    let bridge = Bridge::start().await;
    bridge.set("header_hash_check_enabled", json!(false)).await;
    let (_, sms) = late(&bridge, ALICE).await;
    let refused = bridge.accept(&sms, json!({"reason": WHY})).await;
    assert_eq!((refused.status.as_u16(), refused.code()), (409, "not_acceptable"), "{}", refused.body);
    assert!(refused.text("detail").contains("header_hash_check"), "{}", refused.body);
    bridge.stop().await;
}

#[tokio::test]
async fn the_desk_offers_it_where_it_can_be_done() {
    let bridge = Bridge::start().await;
    let mut owner = Visitor::owner(&bridge).await;
    let mut viewer = Visitor::with_role(&bridge, &owner, "vera", "viewer").await;
    let (registered, sms) = late(&bridge, ALICE).await;
    // Their sessions have ended meanwhile.
    owner.log_in("olga", PASSWORD).await;
    viewer.log_in("vera", PASSWORD).await;
    let page = format!("/admin/ui/sms/{}", sms.text("message_id"));
    let offered = |answer: Answer| answer.body.as_str().unwrap().contains("Accept this SMS");
    assert!(!offered(viewer.open(&page).await));
    assert!(offered(owner.open(&page).await));
    let to = format!("{page}/accept");
    assert_eq!(viewer.submit(&to, &[("reason", WHY)]).await.status, 403);
    let done = owner.submit(&to, &[("reason", WHY)]).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert_eq!(bridge.status(&registered).await.text("status"), "validated");
    bridge.settle().await;
    let first = owner.open(&page).await;
    let html = first.body.as_str().unwrap().to_owned();
    assert!(!offered(first) && html.contains("the SMS as it passed then"), "{html}");
    let id = bridge_core::acceptance::accepted_id(sms.text("message_id").parse().unwrap());
    let again = owner.open(&format!("/admin/ui/sms/{id}")).await;
    let html = again.body.as_str().unwrap();
    assert!(html.contains("the SMS as it was judged first"), "{html}");
    assert!(html.contains("An operator accepted the SMS"), "{html}");
    bridge.stop().await;
}

#[tokio::test]
async fn a_command_accepts_it_also_when_its_onboarding_left_the_hot_store() {
    let bridge = Bridge::start().await;
    let (_, sms) = late(&bridge, ALICE).await;
    bridge.settle().await;
    // The program's own clock is months later.
    let folder = bridge.stop().await;
    let accept = ["sms", "accept", sms.text("message_id"), "--reason", WHY];
    let ended = run(command(folder.path(), &accept)).await;
    assert_eq!(ended.code(), Some(0), "{ended:?}");
    assert!(ended.stdout.contains("its number is validated"), "{}", ended.stdout);
    let again = run(command(folder.path(), &accept)).await;
    assert!(again.stderr.contains("final"), "{again:?}");
}
