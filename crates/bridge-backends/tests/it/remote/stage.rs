//! A remote with the shipped SQL, and both ways to it.

use std::sync::Arc;

use bridge_backends::remote;
use bridge_core::Timestamp;
use bridge_store::Remote;
use bridge_store::audit::Unsynced;
use bridge_store::remote::Paused;
use test_servers::{Pgbouncer, Postgres, Postgrest, Result, legs, pgbouncer, postgres, supabase};
use uuid::Uuid;

const SQL: &str = bridge_backends::remote::SQL;
const NOON: Timestamp = Timestamp(1_769_860_800_123);

/// A database of Supabase's kind, and what stands in front of it.
pub(super) struct Stage {
    pub(super) database: Postgres,
    pub(super) rest: Postgrest,
    pub(super) pooler: Pgbouncer,
}

impl Stage {
    /// Everything up and the SQL run twice; `None` where the programs are missing.
    pub(super) fn open(name: &str) -> Option<Stage> {
        legs::or_skip(name, Stage::start())
    }

    fn start() -> Result<Stage> {
        let database = Postgres::start(&postgres::Options::default())?;
        supabase::make_roles(&database, "postgres")?;
        database.sql("postgres", SQL)?;
        database.sql("postgres", SQL)?;
        let rest = Postgrest::start(&database, "postgres")?;
        let pooler = Pgbouncer::start(
            &database,
            &pgbouncer::Options { pool_size: 1, ..pgbouncer::Options::default() },
        )?;
        Ok(Stage { database, rest, pooler })
    }

    /// Every way to this remote, by its name.
    pub(super) fn ways(&self) -> Vec<(&'static str, Arc<dyn Remote>)> {
        vec![
            ("postgres", self.postgres()),
            ("pgbouncer", remote::open(&self.pooler.url_of("postgres"), None).unwrap()),
            ("postgrest", self.postgrest(supabase::SERVICE_ROLE)),
        ]
    }

    pub(super) fn postgres(&self) -> Arc<dyn Remote> {
        remote::open(&self.database.url_of("postgres"), None).unwrap()
    }

    pub(super) fn postgrest(&self, role: &str) -> Arc<dyn Remote> {
        use test_servers::Server;
        remote::open(&self.rest.url(), Some(&self.rest.key(role).unwrap())).unwrap()
    }

    /// What `psql` prints of one query.
    pub(super) fn sql(&self, sql: &str) -> String {
        self.database.sql("postgres", sql).unwrap()
    }

    /// The table as lines, without the times.
    pub(super) fn table(&self) -> String {
        self.sql("select mobile_number, device_id, mobile_validated, sms_id from public.validated_mobiles order by 1, 2")
    }
}

/// A row of that number, whose SMS has that number as its id.
pub(super) fn row(mobile: &str, device: &str, sms: u128) -> Unsynced {
    Unsynced {
        sms_id: Uuid::from_u128(sms),
        server_received_at: NOON,
        mobile_number: mobile.to_owned(),
        device_id: device.to_owned(),
        validated_at: NOON,
    }
}

/// The reason of a remote that takes nothing.
pub(super) fn reason<T: std::fmt::Debug>(answer: std::result::Result<T, Paused>) -> String {
    answer.unwrap_err().reason
}
