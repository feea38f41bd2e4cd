//! The books of bridges on Redis, PostgreSQL and a remote, each asked directly and not through what may be cut.

use std::collections::BTreeMap;

use ::redis::Commands as _;
use serde::de::DeserializeOwned;
use test_servers::{Postgres, Server};

use super::{Books, RemoteRow};
use crate::Outcome;
use crate::chaos::cluster::{DATABASE, Stores};
use crate::chaos::oracle::CHECKS;

pub(super) fn read(stores: &Stores) -> Outcome<Books> {
    let codes: Vec<String> = CHECKS.iter().map(|check| format!("{check}::text")).collect();
    let sms = format!(
        "select redis_id, sms_id, mobile_number, sms_message,
                round(extract(epoch from received_timestamp) * 1000)::bigint as received_ms,
                validation_status, failed_at_check, {} as codes, synced_at is not null as synced from input_sms",
        codes.join(" || ")
    );
    let onboardings =
        "select mobile_number || ':' || coalesce(device_id, '') as pair, hash, status, is_validated, onboarding_id
                       from onboarding_mobile";
    let validated = "select mobile_number || ':' || device_id as pair from ops.validated_mobile";
    let remote = "select mobile_number || ':' || device_id as pair, mobile_validated as is_validated
                  from validated_mobiles";
    let mut hot = ::redis::Client::open(stores.hot.primary().url())?.get_connection()?;
    let mut left = left(stores)?;
    // Not the marks of numbers with a waiting SMS: a bridge that dies between mark and row leaves one, which
    // forgets itself.
    let keys = hot.scan_match::<_, String>("queue_input_sms:*")?.count();
    left.insert("queue_input_sms:*", u64::try_from(keys)?);
    Ok(Books {
        sms: rows(&stores.postgres, &sms)?,
        onboardings: rows(&stores.postgres, onboardings)?,
        blocked: lines(&stores.postgres, "select mobile_number from blacklist_sms")?,
        validated: lines(&stores.postgres, validated)?,
        hot_validated: ::redis::cmd("SMEMBERS").arg("Queue_validated_mobiles").query(&mut hot)?,
        left,
        remote: Some(rows::<RemoteRow>(&stores.remote.database, remote)?),
    })
}

pub(super) fn counters(stores: &Stores) -> Outcome<BTreeMap<String, i64>> {
    let sql = "select counter_name || '=' || counter_value from power_down_store_counters";
    let pair = |line: String| {
        let (name, value) = line.split_once('=')?;
        Some((name.to_owned(), value.parse().ok()?))
    };
    Ok(lines(&stores.postgres, sql)?.into_iter().filter_map(pair).collect())
}

pub(super) fn left(stores: &Stores) -> Outcome<BTreeMap<&'static str, u64>> {
    let mut left = BTreeMap::new();
    for (name, sql) in [
        ("webhook deliveries", "select count(*) from ops.webhook_delivery where state <> 'delivered'"),
        ("power_down_store", "select count(*) from power_down_store where not processed"),
        (
            "not synced",
            "select count(*) from input_sms where validation_status = 'passed' and synced_at is null",
        ),
    ] {
        left.insert(name, stores.postgres.sql(DATABASE, sql)?.trim().parse()?);
    }
    Ok(left)
}

fn lines(server: &Postgres, sql: &str) -> Outcome<Vec<String>> {
    Ok(server.sql(DATABASE, sql)?.lines().map(str::to_owned).collect())
}

fn rows<T: DeserializeOwned>(server: &Postgres, sql: &str) -> Outcome<Vec<T>> {
    let sql = format!("select row_to_json(r) from ({sql}) r");
    lines(server, &sql)?.iter().map(|line| Ok(serde_json::from_str(line)?)).collect()
}
