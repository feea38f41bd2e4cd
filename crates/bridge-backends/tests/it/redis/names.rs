//! What 003 names, as 003 names it, read with plain commands.

use std::collections::{BTreeMap, BTreeSet};

use bridge_store::blacklisting::Blacklisting;
use test_servers::Server;

use super::people::{ALICE, pass, register, take_in};
use crate::folder::{T0, sms};

type Hash = BTreeMap<String, String>;

fn fields(hash: &Hash, names: &str) {
    let missing: Vec<&str> = names.split(", ").filter(|name| !hash.contains_key(*name)).collect();
    assert!(missing.is_empty(), "missing {missing:?} in {hash:?}");
}

#[tokio::test]
async fn keys_fields_and_ttls_are_those_of_003() {
    let store = super::hot_redis().await;
    let mut plain = redis::Client::open(store.server.url()).unwrap().get_connection().unwrap();
    let mut ask = |line: &str| -> redis::Value {
        let mut words = line.split(' ');
        let mut command = redis::cmd(words.next().unwrap());
        for word in words {
            command.arg(word);
        }
        command.query(&mut plain).unwrap()
    };
    let hash = |value: redis::Value| redis::from_redis_value::<Hash>(value).unwrap();
    let text = |value: redis::Value| redis::from_redis_value::<String>(value).unwrap();
    let near = |value: redis::Value, wanted: i64| {
        let seconds: i64 = redis::from_redis_value(value).unwrap();
        assert!((wanted - 60..=wanted).contains(&seconds), "{seconds} of {wanted} seconds");
    };

    register(&*store, 1).await.unwrap();
    let onboarding = hash(ask("HGETALL queue_onboarding:+919876543210"));
    fields(
        &onboarding,
        "mobile_number, email, device_id, hash, salt, country_code, local_mobile, request_timestamp, user_deadline, expires_at",
    );
    assert_eq!(onboarding["mobile_number"], ALICE);
    assert_eq!(text(ask("GET onboard_hash:+919876543210")), onboarding["hash"]);
    near(ask("TTL queue_onboarding:+919876543210"), 86_400);
    near(ask("TTL onboard_hash:+919876543210"), 86_400);
    assert_eq!(text(ask("GET counter:queue_onboarding")), "1");

    let answer = pass(&*store, &sms(10, "ONBOARD:x")).await.unwrap();
    take_in(&*store, 11).await.unwrap();
    let row = hash(ask(&format!("HGETALL queue_input_sms:{}", answer.id)));
    fields(
        &row,
        "id, mobile_number, device_id, sms_message, received_timestamp, country_code, local_mobile, mobile_check, \
         duplicate_check, header_hash_check, count_check, foreign_number_check, blacklist_check, time_window_check, \
         validation_status",
    );
    assert_eq!((row["validation_status"].as_str(), row["duplicate_check"].as_str()), ("passed", "1"));
    assert_eq!(ask("TTL queue_input_sms:1"), redis::Value::Int(-1));
    assert_eq!(ask("SISMEMBER Queue_validated_mobiles +919876543210:d1"), redis::Value::Int(1));
    assert_eq!(text(ask("GET sms_count:+919876543210")), "2");
    near(ask("TTL sms_count:+919876543210"), 86_400);
    assert_eq!(text(ask("GET counter:queue_input_sms")), "1");

    store
        .blacklist(&Blacklisting {
            mobile_number: ALICE.to_owned(),
            country_code: "91".to_owned(),
            local_mobile: "9876543210".to_owned(),
            blacklisted_at: T0,
            reason: "operator".to_owned(),
            message_count: 0,
            expires_at: None,
            blocked_by: None,
        })
        .await
        .unwrap();
    assert_eq!(ask("SISMEMBER blacklist_mobiles +919876543210"), redis::Value::Int(1));
    store.cache_settings(&[("batch_size".to_owned(), "500".to_owned())]).await.unwrap();
    assert_eq!(text(ask("GET setting:batch_size")), "500");
    near(ask("TTL setting:batch_size"), 60);
    store.announce_setting("batch_size").await.unwrap();
    assert_eq!(ask("EXISTS setting:batch_size"), redis::Value::Int(0));

    // Nothing else but what begins with `bridge:`, and a row in a listpack.
    let named = "queue_onboarding:+919876543210, onboard_hash:+919876543210, queue_input_sms:1, Queue_validated_mobiles, \
         blacklist_mobiles, sms_count:+919876543210, counter:queue_input_sms, counter:queue_onboarding";
    let keys: BTreeSet<String> = redis::from_redis_value(ask("KEYS *")).unwrap();
    let others: BTreeSet<&str> =
        keys.iter().map(String::as_str).filter(|key| !key.starts_with("bridge:")).collect();
    assert_eq!(others, named.split(", ").collect());
    assert_eq!(text(ask("OBJECT ENCODING queue_input_sms:1")), "listpack");
}

#[tokio::test]
async fn keys_of_others_survive_a_rebuild() {
    let store = super::hot_redis().await;
    let mut plain = redis::Client::open(store.server.url()).unwrap().get_connection().unwrap();
    register(&*store, 1).await.unwrap();
    let _: () = redis::cmd("SET").arg("celery").arg("theirs").query(&mut plain).unwrap();
    super::rebuild(&*store, 2).await;
    let keys: BTreeSet<String> = redis::cmd("KEYS").arg("*").query(&mut plain).unwrap();
    let left: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
    assert_eq!(left, ["bridge:epoch", "celery", "counter:queue_onboarding"].into());
}
