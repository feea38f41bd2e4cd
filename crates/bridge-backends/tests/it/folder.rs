//! The data folder of the embedded stores: one process at a time, and what was kept is kept.

use bridge_backends::embedded::{open_audit, open_hot};
use bridge_core::onboarding::Applicant;
use bridge_core::{InboundSms, Mobile, Onboarding, Settings, Span, Timestamp, Verdict};
use bridge_store::conformance::under_test::begin;
use bridge_store::folder::{FolderError, FolderLock};
use bridge_store::hot::{Admission, IntakeLimits, Recorded, Registered, Registration};
use bridge_store::judged::Judged;
use bridge_store::{HotStore, StoreFault};
use uuid::Uuid;

pub(crate) const T0: Timestamp = Timestamp(1_769_860_800_000);
const LIMITS: IntakeLimits =
    IntakeLimits { blacklist_above: 10, takeover_after: Span(10_000), behind_waiting: true };

pub(crate) fn sms(n: u128, text: &str) -> InboundSms {
    InboundSms {
        sms_id: Uuid::from_u128(n),
        sender_raw: "+919876543210".to_owned(),
        sender: Ok(Mobile::from_e164("+919876543210").unwrap()),
        text: text.to_owned(),
        received_timestamp: T0,
        stamped: true,
        stamp_raw: None,
        clock_not_set: None,
        server_received_at: T0,
        receiver_id: "phone-1".to_owned(),
        format: "generic".to_owned(),
        line: None,
        delivery_id: None,
        clock_skew: Span(0),
        part: None,
    }
}

async fn register(store: &dyn HotStore) -> Onboarding {
    let mobile = Mobile::from_e164("+919876543210").unwrap();
    let who = Applicant { mobile, email: None, device_id: Some("d1".to_owned()), client: None };
    let onboarding = Onboarding::open(who, "ONBOARD", Uuid::from_u128(1), &[0; 16], T0, &Settings::default());
    let registration = Registration { onboarding, per_hour: 10, places: 8, refuse_blacklisted: true };
    let Registered::New(onboarding) = store.register(T0, &registration).await.unwrap() else { panic!("new") };
    onboarding
}

#[test]
fn a_second_lock_is_refused_with_advice() {
    let folder = tempfile::tempdir().unwrap();
    let lock = FolderLock::take(&folder.path().join("made/on/the/way")).unwrap();
    let path = folder.path().join("made/on/the/way");
    let refused = FolderLock::take(&path).unwrap_err();
    assert!(matches!(refused, FolderError::InUse(_)));
    let expected = format!(
        "another SMS Bridge is using the data folder {}: stop it first, or give this one a folder of its own with --data-dir",
        path.display()
    );
    assert_eq!(refused.to_string(), expected);
    drop(lock);
    FolderLock::take(&path).unwrap();
}

#[test]
fn a_file_in_place_of_the_folder_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    std::fs::write(&path, "not a folder").unwrap();
    let refused = FolderLock::take(&path).unwrap_err();
    assert!(matches!(refused, FolderError::Unusable { .. }), "{refused}");
    assert!(refused.to_string().contains(&path.display().to_string()), "{refused}");
}

#[test]
fn a_newer_schema_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    drop((open_hot(folder.path()).unwrap(), open_audit(folder.path()).unwrap()));
    for (file, name) in [("hot.db", "hot"), ("audit.db", "audit")] {
        let conn = rusqlite::Connection::open(folder.path().join(file)).unwrap();
        conn.pragma_update(None, "user_version", 999).unwrap();
        let refused = match name {
            "hot" => open_hot(folder.path()).err(),
            _ => open_audit(folder.path()).err(),
        };
        let refused = refused.unwrap().to_string();
        assert!(refused.contains(&format!("{name}.db was written by a newer version")), "{refused}");
        let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
        assert_eq!(version, 999);
    }
}

#[test]
fn a_file_that_is_no_database_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("hot.db"), "this is no database at all ".repeat(100)).unwrap();
    let Err(FolderError::Store { source, .. }) = open_hot(folder.path()) else { panic!("refused") };
    assert_eq!(source.kind, StoreFault::Damaged);
}

#[tokio::test]
async fn what_was_kept_is_there_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let (hot, audit) = (open_hot(folder.path()).unwrap(), open_audit(folder.path()).unwrap());
    begin(&*hot).await;
    let epoch = hot.epoch().await.unwrap();
    let onboarding = register(&*hot).await;
    hot.admit(T0, &sms(10, "x"), LIMITS).await.unwrap();
    audit.store_for_later(&sms(11, "y")).await.unwrap();
    audit.seed_settings(T0).await.unwrap();
    let settings = audit.settings().await.unwrap();
    drop((hot, audit));

    let (hot, audit) = (open_hot(folder.path()).unwrap(), open_audit(folder.path()).unwrap());
    assert_eq!(hot.epoch().await.unwrap(), epoch, "its epoch does not end with the process");
    hot.enter(epoch.as_deref());
    assert_eq!(hot.queued_onboardings(9).await.unwrap(), [onboarding]);
    assert_eq!(audit.waiting_sms(None, 9).await.unwrap()[0].sms, sms(11, "y"));
    assert_eq!(audit.settings().await.unwrap(), settings);
    // The process that was judging it is gone: no need to wait for the time-out.
    let copy = hot.admit(T0, &sms(12, "x"), LIMITS).await.unwrap();
    let Admission::Judge { sms_id, known, .. } = copy.outcome else { panic!("taken over: {copy:?}") };
    assert_eq!((sms_id, known.sms_in_window), (Uuid::from_u128(10), 1));
}

#[tokio::test]
async fn redeliveries_are_known_after_opening_again() {
    let folder = tempfile::tempdir().unwrap();
    let hot = open_hot(folder.path()).unwrap();
    begin(&*hot).await;
    let epoch = hot.epoch().await.unwrap();
    let bare = InboundSms { stamped: false, ..sms(2, "bare") };
    let all = [InboundSms { delivery_id: Some("a".to_owned()), ..sms(1, "x") }, bare];
    let mut answers = Vec::new();
    for sms in &all {
        let admitted = hot.admit(T0, sms, LIMITS).await.unwrap();
        let Admission::Judge { fingerprint, known, .. } = admitted.outcome else { panic!("to be judged") };
        let judged = Judged::new(sms.clone(), fingerprint, Verdict::failed_match("no_onboarding"), &known);
        let Recorded::Done(answer) = hot.record(T0, &judged).await.unwrap() else { panic!("recorded") };
        answers.push(answer);
    }
    drop(hot);

    let hot = open_hot(folder.path()).unwrap();
    hot.enter(epoch.as_deref());
    let stamped_again = InboundSms { received_timestamp: T0 + Span(5_000), ..all[0].clone() };
    for (sms, answer) in [(&all[0], 0), (&stamped_again, 0), (&all[1], 1)] {
        let again = hot.admit(T0, sms, LIMITS).await.unwrap();
        assert_eq!(again.outcome, Admission::Answered(answers[answer].clone()));
    }
    let reused = hot.admit(T0, &InboundSms { text: "y".to_owned(), ..stamped_again }, LIMITS).await.unwrap();
    assert!(reused.delivery_id_reused);
    // What is remembered longest goes when it is over, deliveries and answers with it.
    let end = T0 + Span(72 * 3_600_000);
    hot.collect_garbage(end, 99).await.unwrap();
    drop(hot);
    let conn = rusqlite::Connection::open(folder.path().join("hot.db")).unwrap();
    for table in ["seen", "arrived", "answered", "delivery", "delivered"] {
        let left: i64 =
            conn.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}");
    }
}

#[tokio::test]
async fn garbage_really_goes() {
    let folder = tempfile::tempdir().unwrap();
    let hot = open_hot(folder.path()).unwrap();
    begin(&*hot).await;
    let onboarding = register(&*hot).await;
    hot.admit(T0, &sms(10, "x"), LIMITS).await.unwrap();
    let end = T0 + Span(72 * 3_600_000);
    hot.expire_deadlines(end, 9).await.unwrap();
    hot.forget_onboardings(&[(onboarding.id, 2)]).await.unwrap();
    // The onboarding, its hourly count, the count of SMS, and the memory of the SMS.
    assert_eq!(hot.collect_garbage(end, 9).await.unwrap(), 4);
    assert_eq!(hot.collect_garbage(end, 9).await.unwrap(), 0);
}

/// Before receivers' clocks were measured, and parts told apart.
#[tokio::test]
async fn rows_of_the_last_version_are_read_without_skew_and_part() {
    let folder = tempfile::tempdir().unwrap();
    let (hot, audit) = (open_hot(folder.path()).unwrap(), open_audit(folder.path()).unwrap());
    begin(&*hot).await;
    let admitted = hot.admit(T0, &sms(10, "x"), LIMITS).await.unwrap();
    let Admission::Judge { fingerprint, known, .. } = admitted.outcome else { panic!("to be judged") };
    let judged = Judged::new(sms(10, "x"), fingerprint, Verdict::failed_match("no_onboarding"), &known);
    hot.record(T0, &judged).await.unwrap();
    audit.store_for_later(&sms(11, "y")).await.unwrap();
    drop((hot, audit));
    for (file, table, paths) in [
        ("hot.db", "queue_input_sms", "'$.sms.clock_skew', '$.sms.part'"),
        ("audit.db", "power_down_store", "'$.clock_skew', '$.part'"),
    ] {
        let conn = rusqlite::Connection::open(folder.path().join(file)).unwrap();
        let sql = format!("UPDATE {table} SET body = json_remove(body, {paths}) WHERE json_valid(body)");
        assert_eq!(conn.execute(&sql, []).unwrap(), 1);
        let body: String =
            conn.query_row(&format!("SELECT body FROM {table}"), [], |row| row.get(0)).unwrap();
        assert!(!body.contains("skew") && !body.contains("\"part\""), "{body}");
    }
    let (hot, audit) = (open_hot(folder.path()).unwrap(), open_audit(folder.path()).unwrap());
    assert_eq!(hot.queued_one(1).await.unwrap().unwrap().sms, sms(10, "x"));
    assert_eq!(audit.waiting_sms(None, 9).await.unwrap()[0].sms, sms(11, "y"));
}

#[tokio::test]
async fn what_an_older_version_quarantined_gets_names() {
    let folder = tempfile::tempdir().unwrap();
    let conn = rusqlite::Connection::open(folder.path().join("audit.db")).unwrap();
    conn.execute_batch(include_str!("../../migrations/sqlite_audit/0001_audit.sql")).unwrap();
    conn.execute_batch(
        "INSERT INTO ops_quarantine (at, receiver_id, format, reason, content_type, body) VALUES
             ('2026-01-31T12:00:00.000Z', 'x', 'x', 'x', 'x', x'01'),
             ('2026-01-31T12:00:00.000Z', 'x', 'x', 'x', 'x', x'02');
         PRAGMA user_version = 1;",
    )
    .unwrap();
    drop(conn);
    let audit = open_audit(folder.path()).unwrap();
    let old = audit.quarantined(9).await.unwrap();
    assert_eq!(old.iter().map(|old| &old.body[..]).collect::<Vec<_>>(), [[2], [1]]);
    assert_ne!(old[0].id, old[1].id);
    assert!(old.iter().all(|old| old.id.get_version_num() == 4), "{old:?}");
    assert!(audit.remove_quarantined(old[0].id).await.unwrap());
    assert_eq!(audit.quarantined(9).await.unwrap(), old[1..]);
}
