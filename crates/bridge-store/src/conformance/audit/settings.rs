//! `sms_settings` with its history, and the counters (D21).

use bridge_core::catalog;
use bridge_core::settings::Settings;
use serde_json::json;

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::audit::{Counter, SettingPut, SettingRow};

pub(super) async fn seeding_gives_every_setting_its_default(audit: &dyn AuditUnderTest) {
    assert_eq!(audit.store().settings().await.unwrap(), []);
    audit.store().seed_settings(T0).await.unwrap();
    let rows = audit.store().settings().await.unwrap();
    let keys = rows.iter().filter(|row| catalog::find(&row.key).is_some() && row.updated_at == T0);
    assert_eq!((keys.count(), rows.len()), (catalog::all().len(), catalog::all().len()));
    let (read, problems) = Settings::from_rows(rows.iter().map(|r| (r.key.as_str(), r.value.as_str())));
    assert_eq!((read, problems), (Settings::default(), vec![]));
}

async fn value_of(audit: &dyn AuditUnderTest, key: &str) -> SettingRow {
    audit.store().settings().await.unwrap().into_iter().find(|row| row.key == key).unwrap()
}

pub(super) async fn a_changed_setting_survives_seeding(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    store.seed_settings(T0).await.unwrap();
    let now = T0 + SECOND;
    for (key, value, text) in [
        ("batch_size", json!(7), "7"),
        ("maintenance_mode", json!(true), "true"),
        ("allowed_country_codes", json!(["91", "44"]), r#"["91","44"]"#),
        ("default_country_code", json!("44"), "44"),
    ] {
        let SettingPut::Stored(rows) = store.put_setting(now, key, &value, "desk").await.unwrap() else {
            panic!("{key} stored")
        };
        assert_eq!(rows, store.settings().await.unwrap(), "the answer is the table as it is");
        store.seed_settings(T0 + HOUR).await.unwrap();
        let row = SettingRow { key: key.to_owned(), value: text.to_owned(), updated_at: now };
        assert_eq!(value_of(audit, key).await, row);
    }
}

pub(super) async fn a_setting_that_breaks_a_rule_is_refused(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    store.seed_settings(T0).await.unwrap();
    let before = store.settings().await.unwrap();
    let now = T0 + SECOND;
    for (key, value) in [
        ("batch_size", json!(0)),
        ("batch_size", json!("many")),
        ("count_check_threshold", json!(10)),
        ("check_sequence", json!(["count_check"])),
    ] {
        let put = store.put_setting(now, key, &value, "desk").await.unwrap();
        assert!(matches!(&put, SettingPut::Refused(broken) if !broken.is_empty()), "{key}: {put:?}");
    }
    let unknown = store.put_setting(now, "no_such_setting", &json!(1), "desk").await.unwrap();
    assert_eq!(unknown, SettingPut::Unknown);
    assert_eq!(store.settings().await.unwrap(), before);
    assert_eq!(audit.column("ops.settings_history", "setting_key").await, []);
    // Together they are valid, in this order.
    for (key, value) in [("blacklist_threshold", json!(20)), ("count_check_threshold", json!(10))] {
        assert!(matches!(store.put_setting(now, key, &value, "x").await.unwrap(), SettingPut::Stored(_)));
    }
}

pub(super) async fn the_history_keeps_what_was(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    store.put_setting(T0, "batch_size", &json!(1), "first").await.unwrap();
    store.seed_settings(T0).await.unwrap();
    for (size, by) in [(2, "second"), (2, "third"), (9, "fourth")] {
        store.put_setting(T0, "batch_size", &json!(size), by).await.unwrap();
        store.seed_settings(T0 + HOUR).await.unwrap();
    }
    let some = |texts: [&str; 4]| texts.map(|text| Some(text.to_owned()));
    assert_eq!(audit.column("ops.settings_history", "new_value").await, some(["1", "2", "2", "9"]));
    let old = [None, Some("1"), Some("2"), Some("2")].map(|text| text.map(str::to_owned));
    assert_eq!(audit.column("ops.settings_history", "old_value").await, old);
    let by = some(["first", "second", "third", "fourth"]);
    assert_eq!(audit.column("ops.settings_history", "changed_by").await, by);
}

pub(super) async fn several_settings_change_together_or_not_at_all(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    store.seed_settings(T0).await.unwrap();
    let before = store.settings().await.unwrap();
    let (ten, twenty, none) = (json!(10), json!(20), json!(0));
    for (changes, refused) in [
        (vec![("batch_size", &ten), ("count_check_threshold", &ten)], true),
        (vec![("batch_size", &none), ("blacklist_threshold", &twenty)], true),
        (vec![("batch_size", &ten), ("no_such_setting", &ten)], false),
    ] {
        match store.put_settings(T0 + SECOND, &changes, "desk").await.unwrap() {
            SettingPut::Refused(broken) => assert!(refused && !broken.is_empty(), "{changes:?}: {broken:?}"),
            SettingPut::Unknown => assert!(!refused, "{changes:?}"),
            SettingPut::Stored(_) => panic!("{changes:?} stored"),
        }
    }
    assert_eq!(store.settings().await.unwrap(), before);
    assert_eq!(audit.column("ops.settings_history", "setting_key").await, []);

    let together = [("count_check_threshold", &ten), ("blacklist_threshold", &twenty)];
    let put = store.put_settings(T0 + SECOND, &together, "desk").await.unwrap();
    assert!(matches!(put, SettingPut::Stored(rows) if rows.len() == before.len()));
    assert_eq!(value_of(audit, "count_check_threshold").await.value, "10");
    assert_eq!(value_of(audit, "blacklist_threshold").await.value, "20");
    assert_eq!(audit.column("ops.settings_history", "setting_key").await.len(), 2);
}

fn counter(name: &str, value: i64) -> Counter {
    Counter { name: name.to_owned(), value }
}

pub(super) async fn counters_keep_the_larger_value(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    assert_eq!(store.counters().await.unwrap(), []);
    let both = [counter("queue_onboarding", 5), counter("queue_input_sms", 1_000_000_000_000)];
    store.save_counters(T0, &both).await.unwrap();
    store.save_counters(T0, &[counter("queue_input_sms", 7), counter("queue_onboarding", 6)]).await.unwrap();
    store.save_counters(T0, &[]).await.unwrap();
    let larger = [counter("queue_input_sms", 1_000_000_000_000), counter("queue_onboarding", 6)];
    assert_eq!(store.counters().await.unwrap(), larger, "by name");
}

pub(super) async fn report_counters_add_up(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    for by in [3, 0, 4] {
        store.add_to_counter(T0, "input_sms_dumped", by).await.unwrap();
    }
    store.add_to_counter(T0, "hetzner_synced", 1).await.unwrap();
    let sums = [counter("hetzner_synced", 1), counter("input_sms_dumped", 7)];
    assert_eq!(store.counters().await.unwrap(), sums);
}
