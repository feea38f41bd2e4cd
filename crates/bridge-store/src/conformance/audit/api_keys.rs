//! Keys that an operator made: each name once, what they open, and that a revoked one is gone.

use super::super::samples::*;
use super::super::under_test::AuditUnderTest;
use crate::audit::{ApiKey, Scope};

fn key(n: u128, name: &str) -> ApiKey {
    ApiKey {
        id: id(n),
        name: name.to_owned(),
        scopes: vec![Scope::Register, Scope::Status],
        secret_hash: "ab".repeat(32),
        hint: "sbk_1a2b".to_owned(),
        created_at: T0,
        created_by: "ann".to_owned(),
        last_used_at: None,
    }
}

pub(super) async fn a_key_is_kept_once_and_used_ever_later(audit: &dyn AuditUnderTest) {
    let store = audit.store();
    let shop = key(2, "the shop \u{1f6d2}");
    let older = ApiKey { created_at: T0 - SECOND, scopes: Scope::ALL.to_vec(), ..key(1, "bank") };
    assert!(store.add_api_key(&shop).await.unwrap());
    assert!(store.add_api_key(&older).await.unwrap());
    assert!(!store.add_api_key(&key(3, "BANK")).await.unwrap(), "the name is taken");
    assert!(!store.add_api_key(&key(2, "other")).await.unwrap(), "the id is taken");
    assert_eq!(store.api_keys().await.unwrap(), [older.clone(), shop.clone()], "oldest first");
    for at in [T0 + HOUR, T0 + SECOND] {
        store.note_api_key_used(id(2), at).await.unwrap();
    }
    store.note_api_key_used(id(9), T0).await.unwrap();
    let used = ApiKey { last_used_at: Some(T0 + HOUR), ..shop };
    assert_eq!(store.api_keys().await.unwrap(), [older, used.clone()]);
    assert!(store.remove_api_key(id(1)).await.unwrap());
    assert!(!store.remove_api_key(id(1)).await.unwrap());
    assert_eq!(store.api_keys().await.unwrap(), [used]);
    assert!(store.add_api_key(&key(4, "Bank")).await.unwrap(), "a revoked key's name is free");
}
