//! The audit store on real PostgreSQL servers, directly and through PgBouncer. Through PgBouncer it is always a
//! role that may do no more than `ops.grant_to` gives it.

mod failing;
mod partitions;
mod pooling;
mod refused;
mod schema;

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bridge_backends::postgres::{self, open_trail};
use bridge_core::checks::CHECKS;
use bridge_core::verdict::{Code, Codes};
use bridge_core::{InboundSms, Mobile, Span, Timestamp, Verdict};
use bridge_store::AuditStore;
use bridge_store::conformance::under_test::AuditUnderTest;
use bridge_store::judged::QueuedSms;
use bridge_store::{DeskStore, Trail};
use test_servers::Postgres;
use test_servers::pgbouncer::{self, Pgbouncer, Version};
use uuid::Uuid;

/// A database that was migrated once; each case gets a copy.
const TEMPLATE: &str = "migrated";
/// The role without the right to create or drop anything.
const BRIDGE: &str = "bridge";

/// The server that all cases share: it ends with this process.
fn server() -> &'static Postgres {
    static SERVER: LazyLock<Postgres> = LazyLock::new(|| {
        let server = Postgres::start(&options()).unwrap();
        server.sql("postgres", &format!("create database {TEMPLATE}")).unwrap();
        let url = server.url_of(TEMPLATE);
        std::thread::spawn(move || block_on(postgres::migrate(&url))).join().unwrap().unwrap();
        server
            .sql(TEMPLATE, &format!("create role {BRIDGE} login; select ops.grant_to('{BRIDGE}')"))
            .unwrap();
        server
    });
    &SERVER
}

fn options() -> test_servers::postgres::Options {
    let settings = [("max_connections", "400")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    test_servers::postgres::Options { settings: settings.into(), ..Default::default() }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A fresh copy of the migrated database.
fn fresh(server: &Postgres) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("case_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    server.sql("postgres", &format!("create database {name} template {TEMPLATE}")).unwrap();
    name
}

/// A store in a database of its own.
pub(crate) struct AuditPostgres {
    trail: Trail,
    direct: String,
}

#[async_trait]
impl AuditUnderTest for AuditPostgres {
    fn store(&self) -> &dyn AuditStore {
        &*self.trail.audit
    }

    fn desk(&self) -> &dyn DeskStore {
        &*self.trail.desk
    }

    async fn column(&self, table: &str, column: &str) -> Vec<Option<String>> {
        let order = if ["ops.validated_mobile", "ops.epoch", "ops.member", "ops.session"].contains(&table) {
            "ctid"
        } else {
            "id"
        };
        let sql = format!("SELECT ({column})::text FROM {table} ORDER BY {order}");
        let (client, connection) =
            tokio_postgres::connect(&self.direct, tokio_postgres::NoTls).await.unwrap();
        let (rows, _) = tokio::join!(async move { client.query(&sql, &[]).await.unwrap() }, connection);
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// Directly, without a pooler.
pub(crate) async fn direct() -> Box<dyn AuditUnderTest> {
    let server = server();
    let direct = server.url_of(&fresh(server));
    Box::new(AuditPostgres { trail: open_trail(&direct, 3).unwrap(), direct })
}

/// Through PgBouncer in transaction mode over few connections.
fn pooled(pooler: &Pgbouncer) -> Box<dyn AuditUnderTest> {
    let server = server();
    let name = fresh(server);
    let url = through(pooler, &name);
    Box::new(AuditPostgres { trail: open_trail(&url, 5).unwrap(), direct: server.url_of(&name) })
}

/// The address of a database for the role without rights.
fn through(pooler: &Pgbouncer, database: &str) -> String {
    pooler.url_of(database).replace("//postgres@", &format!("//{BRIDGE}@"))
}

/// Three connections to the server; asks it whether a role exists.
fn pooler_options() -> pgbouncer::Options {
    // Every case has a database of its own: what served it must not be kept.
    let settings = [("auth_user", "postgres"), ("server_idle_timeout", "1")];
    let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    pgbouncer::Options { pool_size: 3, settings, ..pgbouncer::Options::default() }
}

/// Debian's PgBouncer: it does not know prepared statements.
pub(crate) fn pgbouncer_1_18() -> &'static Pgbouncer {
    static POOLER: LazyLock<Pgbouncer> =
        LazyLock::new(|| Pgbouncer::start(server(), &pooler_options()).unwrap());
    &POOLER
}

/// One that follows prepared statements.
pub(crate) fn pgbouncer_new() -> &'static Pgbouncer {
    static POOLER: LazyLock<Pgbouncer> = LazyLock::new(|| {
        let options = pgbouncer::Options {
            version: Version::V1_24,
            max_prepared_statements: Some(100),
            ..pooler_options()
        };
        Pgbouncer::start(server(), &options).unwrap()
    });
    &POOLER
}

pub(crate) async fn through_1_18() -> Box<dyn AuditUnderTest> {
    pooled(pgbouncer_1_18())
}

pub(crate) async fn through_new() -> Box<dyn AuditUnderTest> {
    pooled(pgbouncer_new())
}

/// A judged SMS; the nth of its number.
fn judged(mobile: &str, n: u32, at: Timestamp, passed: bool) -> QueuedSms {
    let verdict = match passed {
        true => Verdict {
            codes: Codes([Code::Pass; CHECKS.len()]),
            failed_at: None,
            reason: None,
            late_delivery: false,
        },
        false => Verdict::failed_match("no_onboarding"),
    };
    let sms = InboundSms {
        sms_id: Uuid::from_u128(mobile[1..].parse::<u128>().unwrap() << 32 | u128::from(n)),
        sender_raw: mobile.to_owned(),
        sender: Ok(Mobile::from_e164(mobile).unwrap()),
        text: format!("ONBOARD:{n}"),
        received_timestamp: at,
        stamped: true,
        stamp_raw: None,
        clock_not_set: None,
        server_received_at: at,
        receiver_id: "phone-1".to_owned(),
        format: "generic".to_owned(),
        line: None,
        delivery_id: None,
        clock_skew: Span(0),
        part: None,
    };
    QueuedSms {
        id: n.into(),
        sms,
        fingerprint: "f".repeat(32),
        verdict,
        judged_at: at,
        onboarding_id: None,
        device_id: Some(format!("device {n}")),
        sms_in_window: 1,
    }
}

/// 2026-01-31T12:00:00Z
const T0: Timestamp = Timestamp(1_769_860_800_000);
const ALICE: &str = "+919876543210";
const DAYS: Span = Span(86_400_000);
