//! The declarations against the contract, and every rule by its sentence.

use serde_json::{Value, json};

use super::*;

fn broken(key: &str, value: &Value) -> String {
    let errors = Settings::default().with(find(key).unwrap(), value).unwrap_err();
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[test]
fn every_setting_of_the_contract_is_declared_once() {
    let contract = "onboarding_ttl_seconds=86400, user_timelimit_seconds=300, hash_salt_length=16, sms_receiver_number=\"\", \
        permitted_headers=[\"ONBOARD\"], default_country_code=\"91\", registrations_per_mobile_per_hour=10, \
        hetzner_sync_interval_seconds=10, local_sync_interval_seconds=120, blacklist_check_interval_seconds=300, \
        onboarding_sync_interval_seconds=1, batch_size=500, counter_sync_interval_seconds=60, cleanup_interval_seconds=10, \
        replay_interval_seconds=5, purge_interval_seconds=3600, audit_retention_days=400, mobile_check_enabled=true, \
        duplicate_check_enabled=true, header_hash_check_enabled=true, count_check_enabled=true, \
        foreign_number_check_enabled=true, blacklist_check_enabled=true, time_window_check_enabled=true, \
        allowed_country_codes=[\"91\"], clock_skew_tolerance_seconds=60, late_delivery_policy=\"accept\", \
        count_check_threshold=5, blacklist_threshold=10, durability=\"strict\", onboardings_per_mobile=8, redis_memory_limit_percent=80, \
        max_database_retries=3, receiver_silence_seconds=600, log_level=\"INFO\", maintenance_mode=false, \
        page_app_name=\"\", page_privacy_url=\"\", page_help_contact=\"\", page_accent_colour=\"\", \
        return_url_origins=[], embed_origins=[], hosted_registration_enabled=false, hash_style=\"sha256\", edge_required=false, time_zone=\"\", status_origins=[]";
    for line in contract.split(", ") {
        let (key, default) = line.trim().split_once('=').unwrap();
        let def = find(key).unwrap_or_else(|| panic!("{key}"));
        assert_eq!(def.default_value(), serde_json::from_str::<Value>(default).unwrap(), "{key}");
    }
    assert_eq!(
        all().len(),
        contract.split(", ").count() + 3,
        "and check_sequence, blocked_emails_ignore_tags and backup_wanted_every_hours"
    );
    assert!(all().iter().all(|def| def.description.ends_with('.')), "every setting is described");
}

#[test]
fn defaults_are_valid_and_survive_the_table() {
    let rows: Vec<(&str, String)> =
        all().iter().map(|def| (def.key, def.to_text(&def.default_value()))).collect();
    let (settings, problems) = Settings::from_rows(rows.iter().map(|(k, v)| (*k, v.as_str())));
    assert_eq!((settings, problems), (Settings::default(), vec![]));
}

#[test]
fn a_broken_rule_is_named() {
    for (key, value, rule) in [
        (
            "hash_salt_length",
            json!(15),
            "hash_salt_length must be a whole number from 16 to 64 (bytes), not 15",
        ),
        (
            "hash_salt_length",
            json!("16"),
            "hash_salt_length must be a whole number from 16 to 64 (bytes), not a text",
        ),
        (
            "hash_salt_length",
            json!(16.5),
            "hash_salt_length must be a whole number from 16 to 64 (bytes), not 16.5",
        ),
        ("batch_size", json!(-1), "batch_size must be a whole number from 1 to 10000 (rows), not -1"),
        (
            "local_sync_interval_seconds",
            json!(0),
            "local_sync_interval_seconds must be a whole number from 1 to 86400 (seconds), not 0",
        ),
        ("mobile_check_enabled", json!("yes"), "mobile_check_enabled must be true or false, not a text"),
        (
            "log_level",
            json!("LOUD"),
            "log_level must be one of TRACE, DEBUG, INFO, WARNING, ERROR, not \"LOUD\"",
        ),
        (
            "allowed_country_codes",
            json!(["+91"]),
            "allowed_country_codes must be a calling code in digits, like 91, not \"+91\"",
        ),
        ("allowed_country_codes", json!([]), "allowed_country_codes must hold 1 to 250 entries"),
        ("allowed_country_codes", json!(["91", "91"]), "allowed_country_codes names \"91\" twice"),
        ("allowed_country_codes", json!([91]), "allowed_country_codes must be a list of texts"),
        (
            "permitted_headers",
            json!(["ON BOARD"]),
            "permitted_headers must hold words of 1 to 20 letters and digits, not \"ON BOARD\"",
        ),
        (
            "check_sequence",
            json!(["mobile_check"]),
            "check_sequence must name all 7 checks; missing: duplicate_check, header_hash_check, count_check, foreign_number_check, blacklist_check, time_window_check",
        ),
        (
            "check_sequence",
            json!(["mobile_check", "mobile_check"]),
            "check_sequence names mobile_check twice",
        ),
        ("check_sequence", json!(["magic_check"]), "check_sequence names \"magic_check\", which is no check"),
        (
            "sms_receiver_number",
            json!("12345"),
            "sms_receiver_number must start with + and the country's calling code, like +919876543210",
        ),
        (
            "sms_receiver_number",
            json!("+91 98765 43210"),
            "sms_receiver_number must be written +919876543210",
        ),
        (
            "onboarding_ttl_seconds",
            json!(300),
            "onboarding_ttl_seconds must be greater than user_timelimit_seconds, which is 300",
        ),
        (
            "count_check_threshold",
            json!(10),
            "blacklist_threshold must be greater than count_check_threshold, which is 10",
        ),
        ("maintenance_mode", json!(null), "maintenance_mode must be true or false, not null"),
    ] {
        assert_eq!(broken(key, &value), rule);
    }
}

#[test]
fn a_damaged_row_falls_back_to_its_default_and_is_reported() {
    let (settings, problems) = Settings::from_rows([
        ("batch_size", "many"),
        ("gone", "1"),
        ("user_timelimit_seconds", "90000"),
        ("hash_salt_length", "32"),
    ]);
    assert_eq!(settings, Settings { hash_salt_length: 32, ..Settings::default() });
    assert_eq!(problems.len(), 3, "{problems:?}");
}

#[test]
fn several_settings_change_together_or_not_at_all() {
    let (count, blacklist) = (find("count_check_threshold").unwrap(), find("blacklist_threshold").unwrap());
    let (ten, twenty, none) = (json!(10), json!(20), json!(0));
    let together = Settings::default().with_all([(count, &ten), (blacklist, &twenty)]).unwrap();
    assert_eq!((together.count_check_threshold, together.blacklist_threshold), (10, 20));
    let broken = Settings::default().with_all([(count, &none), (blacklist, &none)]).unwrap_err();
    assert_eq!(
        broken.iter().map(|b| b.key).collect::<Vec<_>>(),
        ["count_check_threshold", "blacklist_threshold"]
    );
}

#[test]
fn every_setting_can_be_drawn_and_no_default_is_dangerous() {
    for def in all() {
        let input = def.input();
        match def.setting_type() {
            "integer" => assert!(input.min < input.max && input.unit.is_some(), "{}", def.key),
            "boolean" => assert_eq!(input.kind, "boolean"),
            "string" => assert!(["text", "choice"].contains(&input.kind)),
            _ => assert!(["list", "sequence"].contains(&input.kind)),
        }
        assert_eq!(def.danger(&def.default_value()), None, "{}", def.key);
        for danger in &def.dangers {
            let mut settings = Settings::default();
            assert_eq!(def.set(&mut settings, &danger.value), Ok(()), "{} takes {}", def.key, danger.value);
            assert!(danger.why.ends_with('.'));
        }
    }
    let off = find("header_hash_check_enabled").unwrap();
    assert!(off.danger(&json!(false)).is_some_and(|why| why.starts_with("Any SMS of a number")));
}

/// What the API shows of each kind of setting, and how its row is written and read.
#[test]
fn a_value_is_typed_in_the_api_and_text_in_its_row() {
    for (key, kind, category, value, text) in [
        ("batch_size", "integer", "sync", json!(7), "7"),
        ("maintenance_mode", "boolean", "monitoring", json!(true), "true"),
        ("count_check_enabled", "boolean", "validation", json!(false), "false"),
        ("log_level", "string", "monitoring", json!("DEBUG"), "DEBUG"),
        ("late_delivery_policy", "string", "validation", json!("reject"), "reject"),
        ("durability", "string", "infrastructure", json!("everysec"), "everysec"),
        ("hash_style", "string", "general", json!("short"), "short"),
        ("page_app_name", "string", "general", json!("42"), "42"),
        ("allowed_country_codes", "json", "validation", json!(["91", "44"]), "[\"91\",\"44\"]"),
        ("count_check_threshold", "integer", "thresholds", json!(3), "3"),
    ] {
        let def = find(key).unwrap();
        assert_eq!((def.setting_type(), def.category.as_str()), (kind, category), "{key}");
        assert_eq!(def.to_text(&value), text);
        assert_eq!(def.from_text(text), value, "{key}");
        let changed = Settings::default().with(def, &value).unwrap();
        assert_eq!(def.value(&changed), value, "{key}");
        assert_ne!(def.value(&changed), def.default_value(), "{key}");
    }
    assert_eq!(find("batch_size").unwrap().from_text("many"), json!("many"), "its rule refuses it by name");
}

/// Every word that a choice takes is read and written as itself.
#[test]
fn every_word_of_a_choice_is_taken() {
    for def in all() {
        for word in def.input().words.iter().filter(|_| def.input().kind == "choice") {
            let changed = Settings::default().with(def, &json!(word)).unwrap();
            assert_eq!(def.value(&changed), json!(word), "{}", def.key);
        }
    }
}

/// What an input needs to know follows from the rule.
#[test]
fn the_input_of_each_kind_of_setting() {
    let input = |key: &str| find(key).unwrap().input();
    let batch = input("batch_size");
    assert_eq!(
        (batch.kind, batch.min, batch.max, batch.unit),
        ("integer", Some(1), Some(10_000), Some("rows"))
    );
    assert_eq!(input("durability").words, ["strict", "everysec"]);
    assert_eq!(input("check_sequence").words.len(), CHECKS.len());
    assert_eq!((input("page_app_name").kind, input("allowed_country_codes").kind), ("text", "list"));
}

#[test]
fn limits_belong_to_what_they_limit() {
    for (key, least, most) in [
        ("hash_salt_length", json!(16), json!(64)),
        ("clock_skew_tolerance_seconds", json!(0), json!(600)),
        ("batch_size", json!(1), json!(10_000)),
    ] {
        for value in [least, most] {
            assert!(Settings::default().with(find(key).unwrap(), &value).is_ok(), "{key} {value}");
        }
    }
    assert_eq!(
        broken("batch_size", &json!(10_001)),
        "batch_size must be a whole number from 1 to 10000 (rows), not 10001"
    );
    assert_eq!(
        broken("batch_size", &json!(4_294_967_296_u64)),
        "batch_size must be a whole number from 1 to 10000 (rows), not 4294967296"
    );
    for (value, got) in
        [(json!([]), "a list"), (json!({}), "an object"), (json!(1), "a number"), (json!(true), "a boolean")]
    {
        let sentence = broken("log_level", &value);
        assert!(sentence.ends_with(&format!(", not {got}")), "{sentence}");
    }
    assert_eq!(
        broken("allowed_country_codes", &json!("91")),
        "allowed_country_codes must be a list of texts, not a text"
    );
    assert_eq!(broken("page_app_name", &json!(1)), "page_app_name must be a text, not a number");
}

#[test]
fn the_checks_ask_the_settings_for_what_they_need() {
    let mut settings = Settings { clock_skew_tolerance_seconds: 7, ..Settings::default() };
    assert_eq!(settings.tolerance(), crate::Span(7_000));
    settings.permitted_headers = vec!["SIGNUP".into(), "ONBOARD".into()];
    assert_eq!(settings.header(), "SIGNUP");
    settings.allowed_country_codes = vec!["1".into(), "44".into()];
    for (number, allowed) in [("+447911123456", true), ("+12425550123", true), ("+919876543210", false)] {
        assert_eq!(settings.allows_country(&crate::Mobile::from_e164(number).unwrap()), allowed, "{number}");
    }
    let off = CheckId::from_name("count_check").unwrap();
    settings.checks_enabled[off.index()] = false;
    for id in CheckId::all() {
        assert_eq!(settings.is_enabled(id), id != off);
        assert_eq!(settings.is_enabled_by_name(id.name()), id != off);
    }
    assert!(!settings.is_enabled_by_name("magic_check"));
}

/// Of two rules between settings, the broken one alone falls back.
#[test]
fn one_wrong_row_undoes_no_other() {
    let (settings, problems) = Settings::from_rows([
        ("count_check_threshold", "20"),
        ("blacklist_threshold", "20"),
        ("batch_size", "7"),
        ("user_timelimit_seconds", "120"),
    ]);
    assert_eq!(problems.len(), 1, "{problems:?}");
    // Its default is too small for the other: all fall back together rather than to a value that nobody chose.
    assert_eq!(settings, Settings::default());
    let (settings, problems) = Settings::from_rows([("onboarding_ttl_seconds", "200"), ("batch_size", "7")]);
    assert_eq!((settings.onboarding_ttl_seconds, settings.batch_size), (86_400, 7), "{problems:?}");
    let (settings, problems) =
        Settings::from_rows([("onboarding_ttl_seconds", "301"), ("blacklist_threshold", "6")]);
    assert_eq!((settings.onboarding_ttl_seconds, settings.blacklist_threshold), (301, 6), "{problems:?}");
}

/// Where contract section 6 has them: a page shows each category once.
#[test]
fn the_settings_of_a_category_stand_together() {
    let mut order: Vec<&str> = all().iter().map(|def| def.category.as_str()).collect();
    order.dedup();
    assert_eq!(order, ["general", "sync", "validation", "thresholds", "infrastructure", "monitoring"]);
    let toggles: Vec<&str> = CheckId::all().map(CheckId::toggle).collect();
    let first = all().iter().position(|def| def.key == toggles[0]).unwrap();
    let keys: Vec<&str> = all()[first..].iter().map(|def| def.key).take(toggles.len() + 1).collect();
    assert_eq!(keys, [toggles.as_slice(), &["check_sequence"]].concat());
    let off = find(toggles[0]).unwrap();
    assert!(
        off.description.starts_with(&format!("Runs {}: the ", CheckId::all().next().unwrap().name())),
        "{}",
        off.description
    );
}
