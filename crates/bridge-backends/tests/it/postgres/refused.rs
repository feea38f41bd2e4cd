//! One poisoned row never stops a batch.

use bridge_backends::postgres::{open, open_trail};
use bridge_core::phone::PhoneError;
use bridge_store::conformance::under_test::AuditUnderTest;
use bridge_store::judged::QueuedSms;

use super::{ALICE, AuditPostgres, T0, fresh, judged, server};

fn batch() -> Vec<QueuedSms> {
    (0..50).map(|n| judged(ALICE, n, T0, n % 2 == 1)).collect()
}

async fn with(sql: &str) -> AuditPostgres {
    let name = fresh(server());
    server().sql(&name, sql).unwrap();
    let direct = server().url_of(&name);
    AuditPostgres { trail: open_trail(&direct, 2).unwrap(), direct }
}

async fn assert_quarantined(audit: &AuditPostgres, batch: &[QueuedSms], guilty: &[usize]) {
    let store = audit.store();
    for new in [batch.len() - guilty.len(), 0] {
        assert_eq!(store.append_sms(batch).await.unwrap(), new, "it counts as done");
        let mut kept = store.quarantined(100).await.unwrap();
        kept.reverse();
        let rows: Vec<QueuedSms> = kept.iter().map(|q| serde_json::from_slice(&q.body).unwrap()).collect();
        assert!(rows.iter().eq(guilty.iter().map(|n| &batch[*n])), "whole, and once: {kept:?}");
        assert!(kept.iter().all(|q| q.content_type == "application/json" && !q.reason.is_empty()));
    }
}

#[tokio::test]
async fn what_a_constraint_or_trigger_refuses_goes_to_quarantine() {
    let audit = with(
        "alter table input_sms add constraint not_seven check (redis_id <> 7);
         create function no_thirty() returns trigger language plpgsql as
             $$ begin if new.redis_id = 30 then raise exception 'not thirty'; end if; return new; end $$;
         create trigger no_thirty before insert on input_sms for each row execute function no_thirty()",
    )
    .await;
    assert_quarantined(&audit, &batch(), &[7, 30]).await;
    let reasons = audit.column("ops.quarantine", "reason").await;
    assert!(reasons[0].as_deref().unwrap().contains("not_seven"), "{reasons:?}");
    assert_eq!(reasons[1].as_deref(), Some("not thirty (SQLSTATE P0001)"));
    let validated = audit.column("ops.validated_mobile", "device_id").await;
    assert_eq!(validated.len(), 25, "who passed stays validated");
}

#[tokio::test]
async fn what_the_database_cannot_hold_goes_to_quarantine() {
    let audit = with("select 1").await;
    let mut batch = batch();
    batch[3].sms.text = "a\0b".to_owned();
    batch[40].device_id = Some("\0".to_owned());
    // Too long for an index, and not to be compressed.
    let noise: String = (0..500_u32).map(|n| format!("{:x}", n.wrapping_mul(2_654_435_761))).collect();
    batch[10].sms.sender = Err(PhoneError::Alphanumeric);
    batch[10].sms.sender_raw = noise;
    assert_quarantined(&audit, &batch, &[3, 10, 40]).await;
}

#[tokio::test]
async fn an_onboarding_can_be_poisoned_too() {
    let audit = with("alter table onboarding_mobile add constraint no_email check (email is null)").await;
    let onboarding = |n: u128, email: Option<&str>| {
        let who = bridge_core::onboarding::Applicant {
            mobile: bridge_core::Mobile::from_e164(ALICE).unwrap(),
            email: email.map(str::to_owned),
            device_id: None,
            client: None,
        };
        let id = uuid::Uuid::from_u128(n);
        bridge_core::Onboarding::open(who, "ONBOARD", id, &[0; 16], T0, &bridge_core::Settings::default())
    };
    let batch = [onboarding(1, None), onboarding(2, Some("a@example.org")), onboarding(3, None)];
    assert_eq!(audit.store().upsert_onboardings(&batch).await.unwrap(), 2);
    assert_eq!(audit.store().quarantined(9).await.unwrap().len(), 1);
}

/// What is wrong with the server is no row's fault.
#[tokio::test]
async fn a_missing_privilege_refuses_no_row() {
    let name = fresh(server());
    server().sql(&name, "revoke insert on input_sms from bridge").unwrap();
    let url = super::through(super::pgbouncer_1_18(), &name);
    let store = open(&url, 2).unwrap();
    let error = store.append_sms(&batch()).await.unwrap_err();
    let why = error.source.unwrap().to_string();
    assert!(why.contains("grant_to"), "{why}");
    assert_eq!(store.quarantined(9).await.unwrap(), []);
    let found = store.examine().await.unwrap();
    let privileges = found.iter().find(|finding| finding.what == "privileges").unwrap();
    assert_eq!(privileges.found, "missing on public.input_sms");
}
