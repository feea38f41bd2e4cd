//! Judging again without effect: dry runs of settings, the full story of one SMS, and going back in the history.

use bridge_app::admin::rejudge;
use bridge_core::rejudge::Rejudged;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Answer, Bridge};

const ALICE: &str = "+919876543210";
const BOB: &str = "+919876543211";
const CAROL: &str = "+919876543212";

impl Bridge {
    async fn admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.request(method, path).bearer_auth(ADMIN_TOKEN);
        self.send(match body {
            Some(body) => request.json(&body),
            None => request,
        })
        .await
    }

    async fn dry_run(&self, changes: Value) -> Answer {
        self.settle().await;
        let answer =
            self.admin(Method::POST, "/admin/settings/dry-run", Some(json!({"changes": changes}))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    async fn rejudge(&self, sms: &Answer, changes: Value) -> Answer {
        self.settle().await;
        let path = format!("/admin/sms/{}/rejudge", sms.text("message_id"));
        let answer = self.admin(Method::POST, &path, Some(json!({"changes": changes}))).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{}", answer.body);
}

/// Whose verdict would change to what.
fn differ(dry_run: &Answer) -> Vec<(String, String, String)> {
    let outcome = |verdict: &Value| {
        verdict["reason"].as_str().or(verdict["validation_status"].as_str()).unwrap().to_owned()
    };
    let of = |sms: &Value| {
        (sms["mobile_number"].as_str().unwrap().to_owned(), outcome(&sms["before"]), outcome(&sms["after"]))
    };
    dry_run.body["differ"].as_array().unwrap().iter().map(of).collect()
}

fn expected(all: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    all.iter().map(|(who, before, after)| ((*who).into(), (*before).into(), (*after).into())).collect()
}

#[tokio::test]
async fn a_dry_run_shows_whose_verdict_would_differ_and_changes_nothing() {
    let bridge = Bridge::start().await;
    whose_verdict_would_differ(&bridge).await;
    bridge.stop().await;
}

/// Whatever is stored would be judged the same again by the settings of now, which must be those of then.
pub(crate) async fn judged_the_same_again(bridge: &Bridge) {
    bridge.settle().await;
    let (app, settings) = (bridge.app(), bridge.app().live.now());
    let rows = bridge.stores.audit.judged_before(None, 10_000).await.unwrap();
    assert!(!rows.is_empty(), "nothing is stored");
    for (_, row) in rows {
        let judgement = rejudge::one(app, row.sms.sms_id).await.unwrap().unwrap();
        let again = judgement.rejudge(&settings, &settings);
        assert_eq!(again, Rejudged::Verdict(row.verdict.clone()), "{row:?}");
        let why = rejudge::why(app, &judgement).await.unwrap();
        assert_eq!(
            why.iter().filter(|step| step.remedy.is_some()).count(),
            usize::from(!row.verdict.passed())
        );
    }
}

/// On whatever stores.
pub(crate) async fn whose_verdict_would_differ(bridge: &Bridge) {
    let alice = bridge.registered(ALICE).await;
    assert_eq!(bridge.text(ALICE, alice.text("sms_body")).await.verdict(), "passed");
    // Bob pastes the hash without its header, and Carol waits for six minutes and a half.
    let bob = bridge.registered(BOB).await;
    let carol = bridge.registered(CAROL).await;
    assert_eq!(bridge.text(BOB, &format!("JOIN:{}", bob.text("hash"))).await.verdict(), "header_hash_check");
    bridge.clock.advance(bridge_core::Span::seconds(390));
    assert_eq!(bridge.text(CAROL, carol.text("sms_body")).await.verdict(), "time_window_check");
    let before = bridge.rows(ALICE).await;
    judged_the_same_again(bridge).await;

    let same = bridge.dry_run(json!({"log_level": "ERROR"})).await;
    assert_eq!((same.body["judged"].clone(), same.body["unknown"].clone()), (json!(3), json!(0)));
    assert_eq!(differ(&same), []);
    // What came after header_hash_check had not been looked at, but the count and the time are known.
    let join = bridge.dry_run(json!({"permitted_headers": ["ONBOARD", "JOIN"]})).await;
    assert_eq!((differ(&join), join.body["unknown"].clone()), (vec![], json!(1)), "was Bob blacklisted?");
    let join = json!({"permitted_headers": ["ONBOARD", "JOIN"], "blacklist_check_enabled": false});
    let join = bridge.dry_run(join).await;
    assert_eq!(differ(&join), expected(&[(BOB, "no_header", "passed")]));
    let longer = bridge.dry_run(json!({"user_timelimit_seconds": 600})).await;
    assert_eq!(differ(&longer), expected(&[(CAROL, "after_deadline", "passed")]));
    let strict = bridge.dry_run(json!({"allowed_country_codes": ["44"]})).await;
    let country = "country_not_allowed";
    assert_eq!(
        differ(&strict),
        expected(&[(CAROL, "after_deadline", country), (ALICE, "passed", country)]),
        "Bob fails earlier all the same"
    );

    assert_eq!(bridge.rows(ALICE).await, before);
    let kept = bridge.get("/admin/settings/user_timelimit_seconds", ADMIN_TOKEN).await;
    assert_eq!(kept.body["setting_value"], 300);
    let last = json!({"changes": {"user_timelimit_seconds": 600}, "last": 1});
    let last = bridge.admin(Method::POST, "/admin/settings/dry-run", Some(last)).await;
    assert_eq!((last.body["judged"].clone(), differ(&last).len()), (json!(1), 1));
}

#[tokio::test]
async fn a_dry_run_keeps_the_rules_of_a_change() {
    let bridge = Bridge::start().await;
    for (body, status, code) in [
        (json!({"changes": {"count_check_threshold": 10}}), 422, "invalid_setting"),
        (json!({"changes": {"batch_size": "many"}}), 422, "invalid_setting"),
        (json!({"changes": {"no_such_setting": 1}}), 404, "not_found"),
        (json!({"changes": []}), 400, "invalid_request"),
        (json!({"changes": {}, "last": 0}), 400, "invalid_request"),
        (json!({"changes": {}, "last": 5001}), 400, "invalid_request"),
    ] {
        let answer = bridge.admin(Method::POST, "/admin/settings/dry-run", Some(body.clone())).await;
        assert_eq!((answer.status.as_u16(), answer.code()), (status, code), "{body}");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn the_story_of_an_sms_is_told_by_the_settings_that_held_then() {
    let bridge = Bridge::start().await;
    bridge.set("clock_skew_tolerance_seconds", json!(30)).await;
    let registered = bridge.registered(ALICE).await;
    bridge.clock.advance(bridge_core::Span::seconds(300 + 30 + 251));
    let late = bridge.text(ALICE, registered.text("sms_body")).await;
    assert_eq!(late.verdict(), "time_window_check");
    bridge.clock.advance(bridge_core::Span::seconds(60));
    bridge.set("clock_skew_tolerance_seconds", json!(600)).await;
    let order = json!([
        "time_window_check",
        "mobile_check",
        "duplicate_check",
        "header_hash_check",
        "count_check",
        "foreign_number_check",
        "blacklist_check"
    ]);
    bridge.set("check_sequence", order).await;

    let story = bridge.rejudge(&late, json!({})).await;
    let steps = story.body["trace"].as_array().unwrap();
    let results: Vec<&str> = steps.iter().map(|step| step["result"].as_str().unwrap()).collect();
    assert_eq!(results, ["pass", "pass", "pass", "pass", "pass", "pass", "fail", "n/a"]);
    assert_eq!(steps[3]["fact"], "This was number 1 of its sender in 24 hours.");
    assert_eq!(steps[6]["check"], "time_window_check", "in the order of then");
    assert_eq!(
        steps[6]["mend"],
        "It came 4 min 12 s after the deadline of 2026-01-31T12:05:00Z and the 30 s tolerance: it must be sent before, \
         or the number registered again."
    );
    assert_eq!(story.body["stored"]["reason"], "after_deadline");
    assert_eq!(story.body["now"]["verdict"]["validation_status"], "passed", "with ten minutes of tolerance");
    assert_eq!(story.body["now"]["differs"], true);
    let stricter = bridge.rejudge(&late, json!({"clock_skew_tolerance_seconds": 0})).await;
    assert_eq!(stricter.body["now"]["verdict"]["reason"], "after_deadline");
    assert_eq!(stricter.body["now"]["differs"], false);

    let nobody = "/admin/sms/00000000-0000-0000-0000-000000000000/rejudge";
    for path in [nobody, "/admin/sms/none/rejudge"] {
        refused(&bridge.admin(Method::POST, path, None).await, 404, "not_found");
    }
    bridge.stop().await;
}

#[tokio::test]
async fn a_change_can_be_undone_from_the_history() {
    let bridge = Bridge::start().await;
    goes_back_in_the_history(&bridge).await;
    bridge.stop().await;
}

/// On whatever stores.
pub(crate) async fn goes_back_in_the_history(bridge: &Bridge) {
    for value in [json!(["44", "91"]), json!(["44"])] {
        bridge.clock.advance(bridge_core::Span(1_000));
        bridge.set("allowed_country_codes", value).await;
    }
    bridge.set("blacklist_threshold", json!(20)).await;
    bridge.set("count_check_threshold", json!(15)).await;
    let history = bridge.get("/admin/settings/history?key=allowed_country_codes", ADMIN_TOKEN).await;
    let entry = history.body["items"][0].clone();
    assert_eq!(
        (entry["old_value"].clone(), entry["new_value"].clone(), entry["at"].clone()),
        (json!(["44", "91"]), json!(["44"]), json!("2026-01-31T12:00:02Z"))
    );
    let roll_back = async |id: &Value| {
        bridge.admin(Method::POST, &format!("/admin/settings/history/{id}/rollback"), None).await
    };
    let back = roll_back(&entry["id"]).await;
    assert_eq!((back.status.as_u16(), back.body["setting_value"].clone()), (200, json!(["44", "91"])));
    assert_eq!(bridge.registered(ALICE).await.status, 201, "it holds at once");
    let page = bridge.get("/admin/settings/history?limit=2", ADMIN_TOKEN).await;
    assert_eq!(page.body["items"][0]["new_value"], json!(["44", "91"]), "an entry of its own");
    let next = format!("/admin/settings/history?limit=500&before={}", page.body["next_before"]);
    let rest = bridge.get(&next, ADMIN_TOKEN).await;
    assert_eq!(rest.body["items"].as_array().unwrap().len(), 3);
    assert_eq!(rest.body["next_before"], Value::Null);
    // The blacklist would begin at 10 again, below the count of 15.
    let back = roll_back(&rest.body["items"][0]["id"]).await;
    refused(&back, 422, "invalid_setting");
    for id in [json!(999), json!("none")] {
        refused(&roll_back(&id).await, 404, "not_found");
    }
}

#[tokio::test]
async fn several_settings_change_at_once_or_not_at_all() {
    let bridge = Bridge::start().await;
    let patch = async |changes: Value| {
        bridge.admin(Method::PATCH, "/admin/settings", Some(json!({"changes": changes}))).await
    };
    let changed = patch(json!({"count_check_threshold": 12, "blacklist_threshold": 20})).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(changed.body["items"].as_array().unwrap().len(), 2);
    let broken = patch(json!({"count_check_threshold": 1, "batch_size": 0, "durability": "never"})).await;
    refused(&broken, 422, "invalid_setting");
    let fields: Vec<&Value> = broken.body["errors"].as_array().unwrap().iter().map(|e| &e["field"]).collect();
    assert_eq!(fields, ["batch_size", "durability"], "each beside its field");
    let kept = bridge.get("/admin/settings/count_check_threshold", ADMIN_TOKEN).await;
    assert_eq!(kept.body["setting_value"], 12);
    refused(&patch(json!({})).await, 400, "invalid_request");
    bridge.stop().await;
}

#[tokio::test]
async fn a_setting_tells_how_to_draw_it_and_what_it_may_do() {
    let bridge = Bridge::start().await;
    let threshold = bridge.get("/admin/settings/count_check_threshold", ADMIN_TOKEN).await;
    assert_eq!(
        threshold.body["input"],
        json!({"kind": "integer", "min": 1, "max": 1_000_000, "unit": "SMS"})
    );
    let off = bridge.set("header_hash_check_enabled", json!(false)).await;
    assert!(off.text("danger").starts_with("Any SMS of a number that registered validates it"));
    assert_eq!(off.body["dangers"][0]["value"], false);
    let on = bridge.set("header_hash_check_enabled", json!(true)).await;
    assert_eq!(on.body["danger"], Value::Null);
    bridge.stop().await;
}
