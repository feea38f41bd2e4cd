//! The servers of one run, as `docs/benchmarks.md` describes them: which versions they are, how the bridge finds
//! them, what they cost. Not what is asked of them.

use std::path::Path;
use std::process::Command;

use serde::Serialize;
use test_servers::redis::Flavour;
use test_servers::{Pgbouncer, Postgres, Redis, Server, pgbouncer, postgres, programs, redis};

use crate::bench::process;
use crate::{Outcome, remote};

/// Dropped, they end.
pub(crate) struct Stores {
    redis: Redis,
    pgbouncer: Pgbouncer,
    postgres: Postgres,
    remote: Option<Postgres>,
}

/// Bytes of memory of each.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Memory {
    pub(crate) bridge: u64,
    pub(crate) redis: u64,
    pub(crate) postgres: u64,
    pub(crate) pgbouncer: u64,
}

/// CPU seconds of everything that takes part in an SMS but its sender.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Cpu {
    pub(crate) bridge: f64,
    pub(crate) redis: f64,
    pub(crate) postgres: f64,
    pub(crate) pgbouncer: f64,
}

const DATABASE: &str = "postgres";
/// PgBouncer's own default, where `test_servers` prefers a small one.
const POOL_SIZE: u32 = 20;

/// Redis or Valkey as the bridge wants it: append-only file every second, queue rows small, and the file not rewritten
/// before that is worth it.
pub(crate) fn redis(flavour: Flavour) -> Outcome<Redis> {
    let settings = [("hash-max-listpack-value", "512"), ("auto-aof-rewrite-min-size", "1gb")];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    let append_only = Some(redis::Fsync::EverySecond);
    Ok(Redis::start(&redis::Options { flavour, append_only, settings, ..Default::default() })?)
}

impl Stores {
    pub(crate) fn start(flavour: Flavour) -> Outcome<Stores> {
        let redis = redis(flavour)?;
        let postgres = Postgres::start(&postgres::Options { fsync: true, ..Default::default() })?;
        let options = pgbouncer::Options { pool_size: POOL_SIZE, ..Default::default() };
        let pgbouncer = Pgbouncer::start(&postgres, &options)?;
        Ok(Stores { redis, pgbouncer, postgres, remote: None })
    }

    /// And a remote that is told validated numbers.
    pub(crate) fn start_with_remote(flavour: Flavour) -> Outcome<Stores> {
        Ok(Stores { remote: Some(remote::start(DATABASE)?), ..Stores::start(flavour)? })
    }

    pub(crate) fn environment(&self) -> Vec<(&'static str, String)> {
        let stores = [
            ("SMS_BRIDGE_HOT_URL", self.redis.url()),
            ("SMS_BRIDGE_AUDIT_URL", self.pgbouncer.url_of(DATABASE)),
            ("SMS_BRIDGE_AUDIT_DIRECT_URL", self.postgres.url_of(DATABASE)),
        ];
        let remote = self.remote.as_ref().map(|remote| ("SMS_BRIDGE_REMOTE_URL", remote.url_of(DATABASE)));
        stores.into_iter().chain(remote).collect()
    }

    pub(crate) fn redis_url(&self) -> String {
        self.redis.url()
    }

    /// What Redis says that its data take.
    pub(crate) fn redis_used_bytes(&self) -> Outcome<f64> {
        let mut hot = ::redis::Client::open(self.redis.url())?.get_connection()?;
        let info: String = ::redis::cmd("INFO").arg("memory").query(&mut hot)?;
        let used = info.lines().find_map(|line| line.strip_prefix("used_memory:"));
        Ok(used.ok_or("Redis does not say what it uses")?.trim().parse()?)
    }

    pub(crate) fn sql(&self, sql: &str) -> Outcome {
        self.postgres.sql(DATABASE, sql)?;
        Ok(())
    }

    pub(crate) fn lines(&self, sql: &str) -> Outcome<Vec<String>> {
        Ok(self.postgres.sql(DATABASE, sql)?.lines().map(str::to_owned).collect())
    }

    /// The number of each row there.
    pub(crate) fn at_the_remote(&self) -> Outcome<Vec<String>> {
        let Some(remote) = &self.remote else { return Ok(Vec::new()) };
        let sql = "select mobile_number from validated_mobiles where mobile_validated";
        Ok(remote.sql(DATABASE, sql)?.lines().map(str::to_owned).collect())
    }

    pub(crate) fn memory(&self, bridge: u32) -> Outcome<Memory> {
        Ok(Memory {
            bridge: process::family_memory(bridge)?,
            redis: process::family_memory(self.redis.pid()?)?,
            postgres: process::family_memory(self.postgres.pid()?)?,
            pgbouncer: process::family_memory(self.pgbouncer.pid()?)?,
        })
    }

    /// Asks PostgreSQL itself, past the pooler; one row, its columns.
    pub(crate) fn row(&self, sql: &str) -> Outcome<Vec<String>> {
        Ok(self.postgres.sql(DATABASE, sql)?.split('|').map(str::to_owned).collect())
    }

    pub(crate) fn cpu(&self, bridge: u32) -> Outcome<Cpu> {
        Ok(Cpu {
            bridge: process::cpu_seconds(bridge)?,
            redis: process::family_cpu_seconds(self.redis.pid()?)?,
            postgres: process::family_cpu_seconds(self.postgres.pid()?)?,
            pgbouncer: process::cpu_seconds(self.pgbouncer.pid()?)?,
        })
    }

    /// Each server with its version.
    pub(crate) fn versions(&self, flavour: Flavour) -> Outcome<Vec<String>> {
        let program = match flavour {
            Flavour::Redis => "redis-server",
            Flavour::Valkey => "valkey-server",
        };
        let hot = printed(&programs::find(program)?)?;
        // `Redis server v=7.0.15 sha=…`
        let hot = hot.split(" sha=").next().unwrap_or_default().replace(" server v=", " ");
        let postgres = self.postgres.sql(DATABASE, "show server_version")?;
        let postgres = postgres.split_whitespace().next().unwrap_or_default();
        let pgbouncer = printed(&programs::find("pgbouncer")?)?;
        Ok(vec![hot, format!("PostgreSQL {postgres}"), pgbouncer])
    }
}

/// The first line of what a program says its version is.
fn printed(program: &Path) -> Outcome<String> {
    let output = Command::new(program).arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

impl Cpu {
    pub(crate) fn sum(self) -> f64 {
        self.bridge + self.redis + self.postgres + self.pgbouncer
    }

    /// Microseconds for each of so many SMS since then.
    pub(crate) fn micros_each_since(self, before: Cpu, sms: usize) -> Cpu {
        let each = |now: f64, before: f64| (now - before) * 1_000_000.0 / sms.max(1) as f64;
        Cpu {
            bridge: each(self.bridge, before.bridge),
            redis: each(self.redis, before.redis),
            postgres: each(self.postgres, before.postgres),
            pgbouncer: each(self.pgbouncer, before.pgbouncer),
        }
    }
}
