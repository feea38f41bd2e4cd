//! Numbers that were stored under an older spelling: what is looked up includes both, doctor and desk tell them, and an
//! operator settles them (D43).

use bridge_store::blacklisting::Blacklisting;
use bridge_store::hot::{Restore, Right};
use reqwest::Method;
use serde_json::json;

use crate::harness::{ADMIN_TOKEN, Bridge};
use crate::receivers::admin;

const OLDER: &str = "+541123456789";
const TODAY: &str = "+5491123456789";

async fn allow_argentina(bridge: &Bridge) {
    bridge.set("allowed_country_codes", json!(["91", "54"])).await;
}

#[tokio::test]
async fn a_number_blocked_under_its_older_spelling_is_blocked_until_somebody_unblocks_it() {
    let bridge = Bridge::start().await;
    allow_argentina(&bridge).await;
    let entry = Blacklisting {
        mobile_number: OLDER.to_owned(),
        country_code: "54".to_owned(),
        local_mobile: "1123456789".to_owned(),
        blacklisted_at: bridge.clock.now(),
        reason: "manual".to_owned(),
        message_count: 0,
        expires_at: None,
        blocked_by: None,
    };
    bridge.stores.audit.append_blacklist(&[entry]).await.unwrap();
    admin(&bridge, Method::POST, "/admin/blacklist", &json!({"mobile_number": "+919876543219"})).await;
    bridge.settle().await;
    assert_eq!(bridge.register(TODAY, "user@example.com", "d1").await.code(), "blacklisted");
    let doctor = bridge.get("/admin/doctor", ADMIN_TOKEN).await.body.to_string();
    assert!(doctor.contains("+541123456789 is +5491123456789 today"), "{doctor}");

    let removed = admin(&bridge, Method::DELETE, &format!("/admin/blacklist/{TODAY}"), &json!({})).await;
    assert_eq!(removed.status, 204, "{}", removed.body);
    bridge.settle().await;
    assert_eq!(bridge.register(TODAY, "user@example.com", "d1").await.status, 201);
    let doctor = bridge.get("/admin/doctor", ADMIN_TOKEN).await.body.to_string();
    assert!(!doctor.contains("spellings"), "{doctor}");
    bridge.stop().await;
}

#[tokio::test]
async fn a_number_validated_under_its_older_spelling_is_validated_on_that_device() {
    let bridge = Bridge::start().await;
    allow_argentina(&bridge).await;
    let pairs = [format!("{OLDER}:d1")];
    let now = bridge.clock.now();
    assert!(bridge.stores.hot.restore(now, Right::Entered, Restore::Validated(&pairs)).await.unwrap());
    let register =
        async |device: &str| bridge.register("+54 9 11 2345-6789", "user@example.com", device).await;
    assert_eq!(register("d1").await.code(), "already_validated");
    assert_eq!(register("d2").await.status, 201);
    let removed = admin(&bridge, Method::DELETE, &format!("/admin/validated/{TODAY}"), &json!({})).await;
    assert!(removed.status.is_success(), "{}", removed.body);
    assert_eq!(register("d1").await.status, 201);
    bridge.stop().await;
}
