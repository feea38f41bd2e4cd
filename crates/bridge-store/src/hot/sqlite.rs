//! The hot store on SQLite: each operation one closure over the writer's transaction.

mod onboardings;
mod queues;
mod sms;

use std::path::Path;

use async_trait::async_trait;
use bridge_core::checks::Known;
use bridge_core::{InboundSms, Onboarding, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};
use tokio::sync::broadcast;
use uuid::Uuid;

use super::{
    Admission, Admitted, Answer, Blacklisting, Cancelled, Counters, HotStore, IntakeLimits, Judged,
    QueueSizes, QueuedSms, Recorded, Registered, Registration, Which,
};
use crate::Result;
use crate::sqlite::{Engine, Schema};

const SCHEMA: Schema = Schema {
    name: "hot",
    steps: &[include_str!("../../migrations/sqlite_hot/0001_hot.sql")],
    settle: release_orphans,
};

/// Whoever opens the file is alone with it: an SMS still `admitted` belongs to a process that died, and
/// its next copy need not wait for the time-out.
fn release_orphans(conn: &Connection) -> rusqlite::Result<()> {
    conn.execute("UPDATE seen SET admitted_at = 0 WHERE answer IS NULL", []).map(|_| ())
}

/// The hot store in one file.
pub(crate) struct SqliteHot {
    engine: Engine,
}

impl SqliteHot {
    pub(crate) fn open(path: &Path) -> Result<SqliteHot> {
        Ok(SqliteHot { engine: Engine::open(path, &SCHEMA)? })
    }
}

#[async_trait]
impl HotStore for SqliteHot {
    async fn ping(&self) -> Result<()> {
        self.engine.read("ping", |c| c.query_row("SELECT 1", [], |_| Ok(()))).await
    }

    async fn try_write(&self, bytes: u32) -> Result<()> {
        self.engine.write("try_write", move |c, _| crate::sqlite::try_write(c, bytes)).await
    }

    async fn register(&self, now: Timestamp, registration: &Registration) -> Result<Registered> {
        let registration = registration.clone();
        self.engine
            .write("register", move |c, changes| onboardings::register(c, changes, now, &registration))
            .await
    }

    async fn onboarding(&self, now: Timestamp, id: Uuid) -> Result<Option<Onboarding>> {
        self.engine.read("onboarding", move |c| onboardings::by_id(c, now, id)).await
    }

    async fn newest_onboarding(&self, now: Timestamp, mobile: &str) -> Result<Option<Onboarding>> {
        let mobile = mobile.to_owned();
        self.engine.read("newest_onboarding", move |c| onboardings::newest(c, now, &mobile)).await
    }

    async fn cancel(&self, now: Timestamp, id: Uuid) -> Result<Cancelled> {
        self.engine.write("cancel", move |c, changes| onboardings::cancel(c, changes, now, id)).await
    }

    async fn revive(&self, now: Timestamp, onboarding: &Onboarding, until: Timestamp) -> Result<Known> {
        let onboarding = onboarding.clone();
        self.engine.write("revive", move |c, _| onboardings::revive(c, now, &onboarding, until)).await
    }

    async fn expire_deadlines(&self, now: Timestamp, max: usize) -> Result<usize> {
        self.engine
            .write("expire_deadlines", move |c, changes| onboardings::expire(c, changes, now, max))
            .await
    }

    async fn collect_garbage(&self, now: Timestamp, max: usize) -> Result<usize> {
        self.engine.write("collect_garbage", move |c, _| queues::collect_garbage(c, now, max)).await
    }

    async fn admit(&self, now: Timestamp, sms: &InboundSms, limits: IntakeLimits) -> Result<Admitted> {
        let sms = sms.clone();
        self.engine
            .write_unless("admit", acknowledges_nothing, move |c, _| sms::admit(c, now, &sms, limits))
            .await
    }

    async fn record(&self, now: Timestamp, judged: &Judged) -> Result<Recorded> {
        let judged = judged.clone();
        self.engine.write("record", move |c, changes| sms::record(c, changes, now, &judged)).await
    }

    async fn queued_sms(&self, which: Which, max: usize) -> Result<Vec<QueuedSms>> {
        self.engine.read("queued_sms", move |c| queues::sms(c, which, max)).await
    }

    async fn forget_sms(&self, ids: &[i64]) -> Result<()> {
        let ids = ids.to_vec();
        self.engine.write("forget_sms", move |c, _| queues::forget_sms(c, &ids)).await
    }

    async fn queued_onboardings(&self, max: usize) -> Result<Vec<Onboarding>> {
        self.engine.read("queued_onboardings", move |c| queues::onboardings(c, max)).await
    }

    async fn forget_onboardings(&self, written: &[(Uuid, i64)]) -> Result<()> {
        let written = written.to_vec();
        self.engine.write("forget_onboardings", move |c, _| queues::forget_onboardings(c, &written)).await
    }

    async fn queued_blacklistings(&self, max: usize) -> Result<Vec<Blacklisting>> {
        self.engine.read("queued_blacklistings", move |c| queues::blacklistings(c, max)).await
    }

    async fn forget_blacklistings(&self, mobiles: &[String]) -> Result<()> {
        let mobiles = mobiles.to_vec();
        self.engine.write("forget_blacklistings", move |c, _| queues::forget_blacklistings(c, &mobiles)).await
    }

    async fn queue_sizes(&self) -> Result<QueueSizes> {
        self.engine.read("queue_sizes", queues::sizes).await
    }

    async fn blacklist(&self, entry: &Blacklisting) -> Result<()> {
        let entry = entry.clone();
        self.engine.write("blacklist", move |c, _| queues::blacklist(c, &entry)).await
    }

    async fn unblacklist(&self, mobile: &str) -> Result<()> {
        let mobile = mobile.to_owned();
        self.engine.write("unblacklist", move |c, _| queues::unblacklist(c, &mobile)).await
    }

    async fn replace_blacklist(&self, mobiles: &[String]) -> Result<()> {
        let mobiles = mobiles.to_vec();
        self.engine.write("replace_blacklist", move |c, _| queues::replace_blacklist(c, &mobiles)).await
    }

    async fn counters(&self) -> Result<Counters> {
        self.engine
            .read("counters", |c| {
                Ok(Counters {
                    queue_input_sms: counter(c, INPUT_SMS)?,
                    queue_onboarding: counter(c, ONBOARDING)?,
                })
            })
            .await
    }

    async fn raise_counters(&self, at_least: Counters) -> Result<()> {
        self.engine
            .write("raise_counters", move |c, _| {
                let mut raise =
                    c.prepare_cached("UPDATE counter SET value = max(value, ?2) WHERE name = ?1")?;
                raise.execute(params![INPUT_SMS, at_least.queue_input_sms])?;
                raise.execute(params![ONBOARDING, at_least.queue_onboarding])?;
                Ok(())
            })
            .await
    }

    fn changes(&self) -> broadcast::Receiver<Uuid> {
        self.engine.changes()
    }
}

/// An SMS that is to be judged need not be durable yet: its recording is, together with this, and finds out
/// if this was lost. A first answer given again, or a sender blacklisted, must be on disk before it is told.
fn acknowledges_nothing(admitted: &Admitted) -> bool {
    match &admitted.outcome {
        Admission::Judge { known, .. } => !known.blacklisted,
        Admission::BeingJudged => true,
        Admission::Answered(_) => false,
    }
}

const INPUT_SMS: &str = "queue_input_sms";
const ONBOARDING: &str = "queue_onboarding";

fn counter(conn: &Connection, name: &str) -> rusqlite::Result<i64> {
    conn.prepare_cached("SELECT value FROM counter WHERE name = ?1")?.query_row([name], |row| row.get(0))
}

/// Two statements: RETURNING would build a table for its one row.
fn next_id(conn: &Connection, name: &str) -> rusqlite::Result<i64> {
    conn.prepare_cached("UPDATE counter SET value = value + 1 WHERE name = ?1")?.execute([name])?;
    counter(conn, name)
}

/// Everything the checks need about one sender, except its count.
fn known(conn: &Connection, now: Timestamp, mobile: &str, sms_in_window: i64) -> rusqlite::Result<Known> {
    let (onboarding, pair_validated) = standing(conn, now, mobile)?;
    let blacklisted = contains(conn, "SELECT 1 FROM blacklist WHERE mobile = ?1", mobile)?;
    Ok(Known { onboarding, pair_validated, sms_in_window, blacklisted })
}

/// The newest onboarding of a number, and whether its pair is validated.
fn standing(conn: &Connection, now: Timestamp, mobile: &str) -> rusqlite::Result<(Option<Onboarding>, bool)> {
    let onboarding = onboardings::newest(conn, now, mobile)?;
    let device = onboarding.as_ref().and_then(|o| o.device_id.as_deref());
    let pair = bridge_core::onboarding::pair(mobile, device);
    let validated = contains(conn, "SELECT 1 FROM validated WHERE pair = ?1", &pair)?;
    Ok((onboarding, validated))
}

fn contains(conn: &Connection, sql: &str, key: &str) -> rusqlite::Result<bool> {
    conn.prepare_cached(sql)?.exists([key])
}

fn answer(
    conn: &Connection,
    now: Timestamp,
    fingerprint: &[u8],
) -> rusqlite::Result<Option<(Uuid, Option<Answer>)>> {
    conn.prepare_cached("SELECT sms_id, answer FROM seen WHERE fingerprint = ?1 AND expires_at > ?2")?
        .query_row(params![fingerprint, now.0], |row| {
            let answer: Option<crate::sqlite::Json<Answer>> = row.get(1)?;
            Ok((Uuid::from_bytes(row.get(0)?), answer.map(|a| a.0)))
        })
        .optional()
}
