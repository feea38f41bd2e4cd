//! How the server is set up and how full it is, for `doctor` and the memory limit. Not whether it answers.

use bridge_store::Result;
use bridge_store::finding::{Finding, Level};
use bridge_store::hot::Pressure;
use redis::Value;

use super::RedisHot;
use super::answer::Row;
use super::connection::{Place, Request, field};
use super::scripts::read;
use super::sentinels::Heard;

/// A judged SMS takes 731 bytes while it stays below this, else 1,995.
const LISTPACK_VALUE_MIN: u64 = 512;
/// Of the memory limit: from here on `doctor` warns.
const MEMORY_HIGH_PERCENT: u64 = 80;

fn number(info: &str, name: &str) -> u64 {
    field(info, name).and_then(|value| value.parse().ok()).unwrap_or_default()
}

fn pressure(info: &str) -> Pressure {
    let limit = [number(info, "maxmemory"), number(info, "total_system_memory")];
    Pressure {
        used_bytes: number(info, "used_memory"),
        limit_bytes: limit.into_iter().find(|&bytes| bytes > 0),
    }
}

fn finding(level: Level, what: &str, found: impl Into<String>, advice: &str) -> Finding {
    Finding { level, what: what.to_owned(), found: found.into(), advice: advice.to_owned() }
}

/// Good if it holds, else as bad as it is, with what to do.
fn expect(holds: bool, otherwise: Level, what: &str, found: String, advice: &str) -> Finding {
    if holds { finding(Level::Good, what, found, "") } else { finding(otherwise, what, found, advice) }
}

impl RedisHot {
    pub(super) async fn pressure(&self) -> Result<Pressure> {
        let mut command = redis::cmd("INFO");
        command.arg("memory");
        let info: String = self.server.ask("pressure", Request::One(&command)).await?;
        Ok(pressure(&info))
    }

    pub(super) async fn examine(&self) -> Result<Vec<Finding>> {
        const OPERATION: &str = "examine";
        let info: String = self.server.ask(OPERATION, Request::One(&redis::cmd("INFO"))).await?;
        let mut findings = vec![version(&info), role(&info)];
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg(CONFIGURATION.map(|(name, _)| name).as_slice());
        // Managed servers forbid it, and say so in many ways.
        match self.server.ask::<Value>(OPERATION, Request::One(&command)).await {
            Ok(answer) => {
                let mut row = read(OPERATION, Row::of(answer))?;
                for (name, judge) in CONFIGURATION {
                    let value = row.as_mut().and_then(|row| row.optional(name));
                    findings.push(value.map_or_else(|| not_told(name), |value| judge(name, &value)));
                }
            }
            Err(_) => findings.push(not_told("CONFIG")),
        }
        findings.extend([memory(&info), persistence(&info)]);
        if let Place::Named(named) = self.server.place() {
            findings.push(sentinels(&named.heard().await));
            findings.push(replicas(&info));
        }
        Ok(findings)
    }
}

/// A setting of the server, and what its value means.
type Judge = fn(&str, &str) -> Finding;

/// `hash-max-listpack-value` has one name from Redis 7.0 on, and in every Valkey.
const CONFIGURATION: [(&str, Judge); 4] = [
    ("maxmemory-policy", |what, value| {
        expect(
            value == "noeviction",
            Level::Problem,
            what,
            value.to_owned(),
            "an evicted key is a lost fact: CONFIG SET maxmemory-policy noeviction",
        )
    }),
    ("appendonly", |what, value| {
        expect(
            value == "yes",
            Level::Warning,
            what,
            value.to_owned(),
            "every restart of the server loses what it knew and costs a rebuild: CONFIG SET appendonly yes",
        )
    }),
    ("appendfsync", |what, value| {
        expect(
            value != "no",
            Level::Warning,
            what,
            value.to_owned(),
            "a power cut loses up to half a minute of what is known: CONFIG SET appendfsync everysec",
        )
    }),
    ("hash-max-listpack-value", |what, value| {
        expect(
            value.parse().is_ok_and(|bytes: u64| bytes >= LISTPACK_VALUE_MIN),
            Level::Warning,
            what,
            value.to_owned(),
            "a waiting SMS takes 1,995 bytes instead of 731: CONFIG SET hash-max-listpack-value 512",
        )
    }),
];

fn not_told(what: &str) -> Finding {
    finding(
        Level::Warning,
        what,
        "the server does not tell",
        "make sure yourself: maxmemory-policy noeviction, appendonly yes, appendfsync everysec, hash-max-listpack-value 512",
    )
}

fn version(info: &str) -> Finding {
    // Valkey also tells which Redis it stands for.
    let (name, version) = match field(info, "valkey_version") {
        Some(version) => ("Valkey", version),
        None => ("Redis", field(info, "redis_version").unwrap_or("of an unknown version")),
    };
    let major: u64 = version.split('.').next().and_then(|part| part.parse().ok()).unwrap_or_default();
    expect(
        major >= 7,
        Level::Problem,
        "server",
        format!("{name} {version}"),
        "use Redis 7.0 or newer, or Valkey",
    )
}

fn role(info: &str) -> Finding {
    let role = field(info, "role").unwrap_or("unknown");
    let advice = "a replica takes no writes: point the URL at the primary";
    expect(role == "master", Level::Problem, "role", role.to_owned(), advice)
}

fn sentinels(heard: &Heard) -> Finding {
    let Heard { sentinels, sure, primary, troubles } = heard;
    let primary = primary.as_ref().map_or_else(|| "no primary".to_owned(), ToString::to_string);
    let troubles = if troubles.is_empty() { String::new() } else { format!(": {}", troubles.join("; ")) };
    expect(
        sure == sentinels,
        Level::Warning,
        "sentinels",
        format!("{sure} of {sentinels} say with a majority that it is {primary}{troubles}"),
        "while no Sentinel sees a majority SMS are kept for later and registration pauses: run three, on three machines",
    )
}

/// What a failover may lose of Redis is in the journals of the bridges, if these are whole.
fn replicas(info: &str) -> Finding {
    let (replicas, enough) = (number(info, "connected_slaves"), field(info, "min_slaves_good_slaves"));
    let asked = if enough.is_some() { "and writes wait for some" } else { "and no write waits for one" };
    expect(
        replicas > 0,
        Level::Warning,
        "replicas",
        format!("{replicas} connected, {asked}"),
        "nothing can be promoted: start a replica. What it did not have yet is taken from the journals of the bridges; a \
         machine that is lost with its journal loses it, unless min-replicas-to-write is 1",
    )
}

fn memory(info: &str) -> Finding {
    let Pressure { used_bytes, limit_bytes } = pressure(info);
    let limit = limit_bytes.unwrap_or_default().max(1);
    let percent = used_bytes.saturating_mul(100) / limit;
    let of = if number(info, "maxmemory") > 0 { "maxmemory" } else { "the host's memory, as maxmemory is 0" };
    expect(
        percent < MEMORY_HIGH_PERCENT,
        Level::Warning,
        "memory",
        format!("{percent} % of {of} ({used_bytes} of {limit} bytes)"),
        "see that the workers can write what waits in the queues, or raise maxmemory",
    )
}

fn persistence(info: &str) -> Finding {
    let failed: Vec<&str> = ["rdb_last_bgsave_status", "aof_last_bgrewrite_status", "aof_last_write_status"]
        .into_iter()
        .filter(|name| field(info, name).is_some_and(|status| status != "ok"))
        .collect();
    let (found, advice) = if failed.is_empty() {
        ("the last writes to its disk succeeded".to_owned(), "")
    } else {
        (
            format!("failed: {}", failed.join(", ")),
            "it may refuse writes until its disk is fixed: see its log",
        )
    };
    expect(failed.is_empty(), Level::Problem, "persistence", found, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_maxmemory_the_hosts_memory_is_the_limit() {
        let info = "# Memory\r\nused_memory:100\r\nmaxmemory:0\r\ntotal_system_memory:1000\r\n";
        assert_eq!(pressure(info), Pressure { used_bytes: 100, limit_bytes: Some(1000) });
        assert_eq!(pressure("used_memory:1\r\nmaxmemory:50\r\n").limit_bytes, Some(50));
        assert_eq!(pressure("used_memory:1\r\n").limit_bytes, None);
    }

    #[test]
    fn a_valkey_is_named_by_its_own_version() {
        let info = "redis_version:7.2.4\r\nserver_name:valkey\r\nvalkey_version:8.0.1\r\n";
        assert_eq!(version(info).found, "Valkey 8.0.1");
        assert_eq!(version("redis_version:6.2.14\r\n").level, Level::Problem);
    }
}
