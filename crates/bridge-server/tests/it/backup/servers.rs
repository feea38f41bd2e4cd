//! Backups where the stores are servers: PostgreSQL's own dump is in the file, and Redis is rebuilt.

use test_servers::{Postgres, Redis, Server, legs, postgres, redis};

use super::*;

fn servers(name: &str) -> Option<(Postgres, Redis)> {
    let start = || {
        let options = postgres::Options {
            password: Some("hunter2&+ ".trim().to_owned()),
            ..postgres::Options::default()
        };
        Ok((Postgres::start(&options)?, Redis::start(&redis::Options::default())?))
    };
    legs::or_skip(name, start())
}

fn on(data: &Path, arguments: &[&str], database: &str, redis: &str) -> tokio::process::Command {
    let mut command = command(data, arguments);
    command
        .env("PATH", "/usr/bin:/bin")
        .env("SMS_BRIDGE_AUDIT_URL", database)
        .env("SMS_BRIDGE_HOT_URL", redis);
    command
}

#[tokio::test]
async fn postgresql_is_dumped_looked_at_and_filled_again() {
    let Some((postgres, redis)) = servers("postgresql_is_dumped_looked_at_and_filled_again") else { return };
    let Some(empty) = servers("postgresql_is_dumped_looked_at_and_filled_again").map(|(_, redis)| redis)
    else {
        return;
    };
    let (from, to) = (postgres.new_database().unwrap(), postgres.new_database().unwrap());
    let place = Place::new();
    let bridge =
        Process::start_with(on(&place.data(), &[], &postgres.url_of(&from), &redis.url())).await.unwrap();
    let used = validate(&bridge, "+919876543210").await;
    let open = register(&bridge, "+919876543212", "phone").await;
    let file = place.file("one.smsb");
    let made = good(on(&place.data(), &["backup", &file], &postgres.url_of(&from), &redis.url())).await;
    assert!(made.stdout.contains("Redis is not in it"), "{}", made.stdout);
    bridge.stop().await;

    // Into the database where everything is: refused.
    let other = Place::new();
    let full = run(on(&other.data(), &["restore", &file], &postgres.url_of(&from), &empty.url())).await;
    assert!(full.code() == Some(1) && full.stderr.contains("has tables already"), "{full:?}");
    let wrong = run(command(&other.data(), &["restore", &file])).await;
    assert!(wrong.code() == Some(1) && wrong.stderr.contains("--audit-url"), "{wrong:?}");

    good(on(&other.data(), &["restore", &file, "--close-pending"], &postgres.url_of(&to), &empty.url()))
        .await;
    let bridge =
        Process::start_with(on(&other.data(), &[], &postgres.url_of(&to), &empty.url())).await.unwrap();
    let dead = text(&bridge, "+919876543210", &used, "again-1").await;
    assert_ne!(dead["validation_status"], "passed", "it was used: {dead}");
    let dead = text(&bridge, "+919876543212", open["sms_body"].as_str().unwrap(), "again-2").await;
    assert_ne!(dead["validation_status"], "passed", "it was closed: {dead}");
    validate(&bridge, "+919876543213").await;
    bridge.stop().await;
    let ids = postgres.sql(&to, "SELECT min(redis_id), max(redis_id) FROM input_sms").unwrap();
    let (least, most) = ids.trim().split_once('|').unwrap();
    assert!(least.parse::<i64>().unwrap() < AHEAD && most.parse::<i64>().unwrap() > AHEAD, "{ids}");
}

#[tokio::test]
async fn a_program_that_is_missing_or_fails_is_told() {
    let Some((postgres, redis)) = servers("a_program_that_is_missing_or_fails_is_told") else { return };
    let database = postgres.url_of(&postgres.new_database().unwrap());
    let place = Place::new();
    Process::start_with(on(&place.data(), &[], &database, &redis.url())).await.unwrap().stop().await;
    let file = place.file("one.smsb");
    let mut without = on(&place.data(), &["backup", &file], &database, &redis.url());
    without.env("PATH", "/nonexistent");
    let ended = run(without).await;
    assert!(ended.code() == Some(1) && ended.stderr.contains("postgresql-client"), "{ended:?}");
    let wrong = database.replace("hunter2", "hunter3");
    let ended = run(on(&place.data(), &["backup", &file], &wrong, &redis.url())).await;
    assert!(ended.code() == Some(1) && !ended.stderr.contains("hunter"), "{ended:?}");
    // With one store in a file and the other elsewhere there is no common moment while it runs.
    let mixed = |arguments: &[&str]| on(&place.data(), arguments, &database, "embedded");
    let bridge = Process::start_with(mixed(&[])).await.unwrap();
    let ended = run(mixed(&["backup", &file])).await;
    assert!(ended.code() == Some(1) && ended.stderr.contains("must be stopped"), "{ended:?}");
    bridge.stop().await;
    good(mixed(&["backup", &file])).await;
}
