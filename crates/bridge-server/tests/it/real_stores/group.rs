//! Real servers, and as many bridges on them as a test wants.

use std::sync::Arc;
use std::time::Duration;

use bridge_app::base::clock::Clock;
use bridge_app::options::{Elsewhere, Place};
use bridge_core::Timestamp;
use serde_json::Value;
use test_servers::{Pgbouncer, Postgres, Redis, Server, legs, pgbouncer, postgres, redis};

use crate::harness::{ADMIN_TOKEN, Answer, Bridge, NOON};

/// Bounded, because a server that never answers must end the test; long, because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Group {
    pub(crate) redis: Redis,
    pub(crate) postgres: Postgres,
    pub(crate) pgbouncer: Pgbouncer,
    pub(crate) database: String,
    /// A database of the same server that stands for Supabase.
    pub(crate) remote: String,
    pub(crate) clock: Clock,
}

impl Group {
    /// `None` after saying why, where a server is missing and it need not be there.
    pub(crate) fn start(name: &str) -> Option<Group> {
        Group::start_with(name, &redis::Options::default())
    }

    pub(crate) fn start_with(name: &str, options: &redis::Options) -> Option<Group> {
        let servers = || {
            let redis = Redis::start(options)?;
            let postgres = Postgres::start(&postgres::Options::default())?;
            let pgbouncer = Pgbouncer::start(&postgres, &pgbouncer::Options::default())?;
            let (database, remote) = (postgres.new_database()?, postgres.new_database()?);
            test_servers::supabase::make_roles(&postgres, &remote)?;
            postgres.sql(&remote, bridge_backends::remote::SQL)?;
            Ok(Group { redis, postgres, pgbouncer, database, remote, clock: Clock::standing_at(NOON) })
        };
        legs::or_skip(name, servers())
    }

    /// One more bridge, in a folder of its own.
    pub(crate) async fn bridge(&self) -> Bridge {
        self.bridge_on(Arc::new(tempfile::tempdir().unwrap())).await
    }

    pub(crate) async fn bridge_on(&self, folder: Arc<tempfile::TempDir>) -> Bridge {
        self.bridge_with(folder, &[]).await
    }

    /// With further flags.
    pub(crate) async fn bridge_with(&self, folder: Arc<tempfile::TempDir>, flags: &[&str]) -> Bridge {
        self.bridge_beside(folder, self.clock.clone(), flags, Elsewhere::default()).await
    }

    /// One for which the hot store is another machine, with a clock of its own.
    pub(crate) async fn bridge_elsewhere(&self, now: Timestamp) -> Bridge {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let elsewhere = Elsewhere { hot: Place::Elsewhere, ..Elsewhere::default() };
        self.bridge_beside(folder, Clock::standing_at(now), &[], elsewhere).await
    }

    async fn bridge_beside(
        &self,
        folder: Arc<tempfile::TempDir>,
        clock: Clock,
        more: &[&str],
        elsewhere: Elsewhere,
    ) -> Bridge {
        let flags = [
            ("--hot-url", self.redis.url()),
            ("--audit-url", self.pgbouncer.url_of(&self.database)),
            ("--audit-direct-url", self.postgres.url_of(&self.database)),
            ("--remote-url", self.postgres.url_of(&self.remote)),
            ("--webhook-allow", "127.0.0.0/8".to_owned()),
        ];
        let flags = flags.iter().flat_map(|(flag, value)| [*flag, value.as_str()]);
        let flags: Vec<&str> = flags.chain(more.iter().copied()).collect();
        Bridge::start_beside(folder, clock, &flags, elsewhere).await
    }

    pub(crate) fn sql(&self, query: &str) -> String {
        self.postgres.sql(&self.database, query).unwrap().trim().to_owned()
    }

    pub(crate) fn remote_sql(&self, query: &str) -> String {
        self.postgres.sql(&self.remote, query).unwrap().trim().to_owned()
    }

    /// Sends one raw command to Redis.
    pub(crate) async fn redis<T: ::redis::FromRedisValue>(&self, command: &[&str]) -> T {
        let client = ::redis::Client::open(self.redis.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut cmd = ::redis::cmd(command[0]);
        cmd.arg(&command[1..]);
        cmd.query_async(&mut connection).await.unwrap()
    }
}

/// Waits, with an end, until the answer is there.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asking = async {
        loop {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    };
    match tokio::time::timeout(PATIENCE, asking).await {
        Ok(found) => found,
        Err(_) => panic!("{what}: not within {PATIENCE:?}"),
    }
}

/// Redis forgets everything, and the bridge has given it its memory back. How long that takes is not seen: the pause may
/// be over before anybody asks for it.
pub(crate) async fn flush_and_rebuild(group: &Group, bridge: &Bridge) {
    let before = bridge.app().availability.generation();
    let _: String = group.redis(&["FLUSHALL"]).await;
    until("rebuilt", async || {
        let availability = &bridge.app().availability;
        (availability.generation() > before && availability.is_open()).then_some(())
    })
    .await;
}

/// Until registrations are taken, or not.
pub(crate) async fn until_onboarding(bridge: &Bridge, word: &str) -> Answer {
    until(word, async || {
        let status = bridge.get("/status", "").await;
        (status.text("onboarding") == word).then_some(status)
    })
    .await
}

/// So many rows of a number, once they are there, in the order in which they were judged.
pub(crate) async fn until_rows(bridge: &Bridge, mobile: &str, count: usize) -> Vec<Value> {
    let path = format!("/admin/sms?mobile={}&limit=500", mobile.replace('+', "%2B"));
    until("rows in input_sms", async || {
        let page = bridge.get(&path, ADMIN_TOKEN).await;
        let mut rows = page.body["items"].as_array().cloned().unwrap_or_default();
        rows.sort_by_key(|row| row["redis_id"].as_i64());
        if rows.len() < count {
            bridge.settle().await;
        }
        (rows.len() == count).then_some(rows)
    })
    .await
}
