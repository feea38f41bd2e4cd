//! Settings that cannot be: every rule is named, and what was in force stays.

use reqwest::Method;
use serde_json::{Value, json};

use super::{FORM, JSON, Refusal, assert_refused, blames, refusal};
use crate::harness::{ADMIN_TOKEN, API_KEY, Answer, Bridge};

/// Name, key of the setting, secret, content type, body, refusal.
type Put<'a> = (&'a str, &'a str, &'a str, &'a str, &'a [u8], Refusal<'a>);

async fn put(bridge: &Bridge, key: &str, secret: &str, kind: &str, body: &[u8]) -> Answer {
    let request = bridge.request(Method::PUT, &format!("/admin/settings/{key}")).bearer_auth(secret);
    bridge.send(request.header("content-type", kind).body(body.to_owned())).await
}

async fn all(bridge: &Bridge) -> Value {
    bridge.get("/admin/settings", ADMIN_TOKEN).await.body
}

#[tokio::test]
async fn a_value_against_a_rule_is_refused_and_the_rule_named() {
    let bridge = Bridge::start().await;
    let before = all(&bridge).await;
    let six: Vec<&str> = bridge_core::checks::CHECKS[..6].iter().map(|check| check.name).collect();
    let mut twice: Vec<&str> = bridge_core::checks::CHECKS.iter().map(|check| check.name).collect();
    twice[6] = twice[0];
    let eight: Vec<&str> = six.iter().copied().chain(["time_window_check", "moon_check"]).collect();
    let cases = [
        ("salt too short", "hash_salt_length", json!(15), "from 16 to 64"),
        ("salt too long", "hash_salt_length", json!(65), "from 16 to 64"),
        ("salt as text", "hash_salt_length", json!("16"), "not a text"),
        ("salt as a fraction", "hash_salt_length", json!(16.5), "a whole number"),
        ("negative", "clock_skew_tolerance_seconds", json!(-1), "from 0 to 600"),
        ("too tolerant", "clock_skew_tolerance_seconds", json!(601), "from 0 to 600"),
        ("larger than any integer", "batch_size", json!(1e300), "a whole number"),
        ("interval 0", "local_sync_interval_seconds", json!(0), "from 1 to"),
        ("threshold 0", "count_check_threshold", json!(0), "from 1 to"),
        ("count above blacklist", "count_check_threshold", json!(10), "count_check_threshold"),
        ("blacklist below count", "blacklist_threshold", json!(5), "count_check_threshold"),
        ("ttl below time limit", "onboarding_ttl_seconds", json!(300), "user_timelimit_seconds"),
        ("time limit above ttl", "user_timelimit_seconds", json!(86_400), "user_timelimit_seconds"),
        ("flag as text", "maintenance_mode", json!("true"), "true or false"),
        ("flag as number", "mobile_check_enabled", json!(1), "true or false"),
        ("null", "maintenance_mode", json!(null), "not null"),
        ("unknown word", "late_delivery_policy", json!("maybe"), "accept, reject"),
        ("unknown durability", "durability", json!("none"), "strict, everysec"),
        ("unknown level", "log_level", json!("LOUD"), "INFO"),
        ("a check is missing", "check_sequence", json!(six), "missing: time_window_check"),
        ("a check twice", "check_sequence", json!(twice), "mobile_check twice"),
        ("no such check", "check_sequence", json!(eight), "moon_check"),
        ("sequence as text", "check_sequence", json!("mobile_check"), "every check once"),
        ("sequence of numbers", "check_sequence", json!([1, 2, 3, 4, 5, 6, 7]), "every check once"),
        ("no header at all", "permitted_headers", json!([]), ""),
        ("an empty header", "permitted_headers", json!([""]), ""),
        ("countries as one text", "allowed_country_codes", json!("91"), "a list of texts"),
        ("no country at all", "allowed_country_codes", json!([]), ""),
        ("a country that is none", "default_country_code", json!("abc"), ""),
        ("no receiving number", "sms_receiver_number", json!("hello"), ""),
        ("receiving number as number", "sms_receiver_number", json!(919_800_000_000_i64), "a text"),
    ];
    for (case, key, value, rule) in &cases {
        let answer = bridge.set(key, value.clone()).await;
        // A rule between two settings is told of the one that must be greater.
        let to_blame = match *key {
            "count_check_threshold" if rule.ends_with("_threshold") => "blacklist_threshold",
            "user_timelimit_seconds" => "onboarding_ttl_seconds",
            other => other,
        };
        assert_refused(case, &answer, blames(422, "invalid_setting", &[to_blame]));
        let (detail, rule) = (answer.body["errors"][0]["detail"].as_str().unwrap(), *rule);
        assert!(detail.contains(rule), "{case}: {detail:?} does not say {rule:?}");
        assert!(answer.text("detail").contains(key), "{case}: {}", answer.body);
    }
    assert_eq!(all(&bridge).await, before, "nothing that was refused is in force");
    bridge.stop().await;
}

#[tokio::test]
async fn a_request_that_cannot_be_read_changes_nothing() {
    let bridge = Bridge::start().await;
    let before = all(&bridge).await;
    let huge = format!(r#"{{"value":"{}"}}"#, "9".repeat(2 * 1024 * 1024));
    let value = blames(400, "invalid_request", &["value"]);
    let unreadable = refusal(400, "invalid_request");
    let key = "user_timelimit_seconds";
    let puts: &[Put<'_>] = &[
        ("unknown setting", "no_such", ADMIN_TOKEN, JSON, br#"{"value":1}"#, refusal(404, "not_found")),
        ("another case", "LOG_LEVEL", ADMIN_TOKEN, JSON, br#"{"value":"INFO"}"#, refusal(404, "not_found")),
        ("key is no UTF-8", "%ff", ADMIN_TOKEN, JSON, br#"{"value":1}"#, unreadable),
        ("wrong key", key, API_KEY, JSON, br#"{"value":60}"#, refusal(401, "unauthorized")),
        ("empty body", key, ADMIN_TOKEN, JSON, b"", unreadable),
        ("not JSON", key, ADMIN_TOKEN, JSON, b"{value:60}", unreadable),
        ("a form", key, ADMIN_TOKEN, FORM, b"value=60", unreadable),
        ("invalid UTF-8", key, ADMIN_TOKEN, JSON, b"{\"value\":\"\xff\"}", unreadable),
        ("lone surrogate", key, ADMIN_TOKEN, JSON, br#"{"value":"\ud83d"}"#, unreadable),
        ("a bare value", key, ADMIN_TOKEN, JSON, b"60", value),
        ("a list", key, ADMIN_TOKEN, JSON, b"[60]", value),
        ("another name", key, ADMIN_TOKEN, JSON, br#"{"setting_value":60}"#, value),
        ("2 MiB", key, ADMIN_TOKEN, JSON, huge.as_bytes(), refusal(413, "body_too_large")),
    ];
    for (case, key, secret, kind, body, expected) in puts {
        assert_refused(case, &put(&bridge, key, secret, kind, body).await, *expected);
    }
    for (case, method, path, secret, expected) in [
        ("unknown setting", Method::GET, "/admin/settings/no_such", ADMIN_TOKEN, refusal(404, "not_found")),
        ("no token", Method::GET, "/admin/settings", "x", refusal(401, "unauthorized")),
        (
            "wrong method",
            Method::DELETE,
            "/admin/settings/log_level",
            ADMIN_TOKEN,
            refusal(405, "method_not_allowed"),
        ),
        ("no mobile", Method::GET, "/admin/sms", ADMIN_TOKEN, blames(400, "invalid_request", &["mobile"])),
        (
            "limit 0",
            Method::GET,
            "/admin/sms?mobile=1&limit=0",
            ADMIN_TOKEN,
            blames(400, "invalid_request", &["limit"]),
        ),
        (
            "before x",
            Method::GET,
            "/admin/sms?mobile=1&before=x",
            ADMIN_TOKEN,
            blames(400, "invalid_request", &["before"]),
        ),
        (
            "no number to free",
            Method::DELETE,
            "/admin/blacklist/x",
            ADMIN_TOKEN,
            blames(400, "invalid_mobile_number", &["mobile_number"]),
        ),
        (
            "free to go",
            Method::DELETE,
            "/admin/blacklist/+919876543210",
            ADMIN_TOKEN,
            refusal(404, "not_found"),
        ),
        ("no UTF-8 to free", Method::DELETE, "/admin/blacklist/%ff", ADMIN_TOKEN, unreadable),
    ] {
        assert_refused(case, &bridge.send(bridge.request(method, path).bearer_auth(secret)).await, expected);
    }
    assert_eq!(all(&bridge).await, before);
    bridge.stop().await;
}
