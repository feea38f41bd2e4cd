//! The hot store on SQLite: each operation one closure over the writer's transaction.

mod arrivals;
mod counting;
mod deliveries;
mod epochs;
mod handed;
mod holding;
mod onboardings;
mod person;
mod places;
mod queues;
mod restoring;
mod schema;
mod sms;
mod told;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bridge_core::checks::{SenderFacts, Standing};
use bridge_core::onboarding::{LastSms, pair};
use bridge_core::{InboundSms, Onboarding, Span, Timestamp};
use bridge_store::blacklisting::Blacklisting;
use bridge_store::damage::Damage;
use bridge_store::events::QueuedEvent;
use bridge_store::finding::Finding;
use bridge_store::hot::{
    Admission, Admitted, Cancelled, Counters, HotStore, HotTotals, IntakeLimits, PeerEvent, Pressure,
    QueueSizes, Recorded, Registered, Registration, Restore, Right, Which,
};
use bridge_store::judged::{Judged, QueuedSms};
use bridge_store::person::{HotPerson, Removed, Traces};
use bridge_store::{Result, StoreError, StoreFault};
use rusqlite::{Connection, params};
use tokio::sync::broadcast;
use uuid::Uuid;

use crate::sqlite::engine::{Changes, Engine, failed, limit};
use arrivals::Arrivals;
use deliveries::Deliveries;
use epochs::Epochs;
use handed::{Arriving, Recording};
use holding::Marks;
use schema::SCHEMA;
use told::Telling;

/// The hot store in one file.
pub(crate) struct SqliteHot {
    engine: Engine,
    path: PathBuf,
    epochs: Arc<Epochs>,
    memory: Arc<Memory>,
}

/// What the writer need not look up in the file.
struct Memory {
    marks: Marks,
    arrivals: Arrivals,
    deliveries: Deliveries,
    telling: Telling,
}

impl SqliteHot {
    pub(crate) fn open(path: &Path) -> Result<SqliteHot> {
        let engine = Engine::open(path, &SCHEMA)?;
        let memory = engine.look("open", |conn| {
            Ok(Memory {
                marks: Marks::load(conn)?,
                arrivals: Arrivals::load(conn)?,
                deliveries: Deliveries::load(conn)?,
                telling: Telling::default(),
            })
        })?;
        Ok(SqliteHot { engine, path: path.to_owned(), epochs: Arc::default(), memory: Arc::new(memory) })
    }

    /// Carries out what may only be done in the epoch that was entered.
    async fn live<T, F>(&self, name: &'static str, early: fn(&Option<T>) -> bool, mut body: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&Connection, &mut Changes) -> rusqlite::Result<T> + Send + 'static,
    {
        let epochs = self.epochs.clone();
        let in_epoch = move |conn: &Connection, changes: &mut Changes| {
            if epochs.hold(conn)? { body(conn, changes).map(Some) } else { Ok(None) }
        };
        let done = self.engine.write_unless(name, early, in_epoch).await?;
        done.ok_or(StoreError { operation: name, kind: StoreFault::Lost, source: None })
    }
}

#[async_trait]
impl HotStore for SqliteHot {
    async fn ping(&self) -> Result<()> {
        self.engine.read("ping", |c| c.query_row("SELECT 1", [], |_| Ok(()))).await
    }

    async fn try_write(&self, bytes: u32) -> Result<()> {
        self.engine.write("try_write", move |c, _| crate::sqlite::engine::try_write(c, bytes)).await
    }

    fn is_durable(&self) -> bool {
        true
    }

    fn damage(&self) -> Option<Damage> {
        self.engine.damage()
    }

    /// The file and its WAL; the disk sets the limit, and tells when it is reached.
    async fn pressure(&self) -> Result<Pressure> {
        let path = self.path.clone();
        let sizes = move |_: &Connection| {
            let wal = path.with_extension("db-wal");
            Ok([path, wal].iter().filter_map(|file| file.metadata().ok()).map(|file| file.len()).sum())
        };
        let used_bytes = self.engine.read("pressure", sizes).await?;
        Ok(Pressure { used_bytes, limit_bytes: None })
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        Ok(Vec::new())
    }

    async fn server_time(&self) -> Result<Option<Timestamp>> {
        Ok(None)
    }

    async fn epoch(&self) -> Result<Option<String>> {
        self.engine.read("epoch", epochs::current).await
    }

    async fn epoch_of_data(&self) -> Result<Option<String>> {
        self.epoch().await
    }

    /// Nobody exchanges the file of a running bridge.
    async fn queues_are_entered(&self) -> Result<()> {
        Ok(())
    }

    fn enter(&self, epoch: Option<&str>) {
        self.epochs.enter(epoch);
    }

    async fn begin_rebuild(&self, token: Uuid) -> Result<String> {
        let epochs = self.epochs.clone();
        self.engine.write("begin_rebuild", move |c, _| epochs.begin(c, token)).await
    }

    async fn restore(&self, now: Timestamp, right: Right, part: Restore<'_>) -> Result<bool> {
        let (epochs, memory) = (self.epochs.clone(), self.memory.clone());
        let part = restoring::Part::from(part);
        self.engine
            .write("restore", move |c, changes| {
                let may = epochs.allow(c, right)?;
                if may {
                    restoring::restore(c, &memory, changes, now, &part)?;
                }
                Ok(may)
            })
            .await
    }

    async fn finish_rebuild(&self, token: Uuid) -> Result<bool> {
        self.engine.write("finish_rebuild", move |c, _| epochs::finish(c, token)).await
    }

    async fn lease(&self, job: &str, holder: Uuid, length: Span) -> Result<bool> {
        let job = job.to_owned();
        self.engine.write("lease", move |c, _| holding::lease(c, &job, holder, length)).await
    }

    async fn release(&self, job: &str, holder: Uuid) -> Result<()> {
        let job = job.to_owned();
        self.engine.write("release", move |c, _| holding::release(c, &job, holder)).await
    }

    async fn first_use(&self, now: Timestamp, what: &str, length: Span) -> Result<bool> {
        let what = what.to_owned();
        self.engine.write("first_use", move |c, _| holding::first_use(c, now, &what, length)).await
    }

    async fn mark_waiting(&self, now: Timestamp, waiting: &[(String, Uuid)]) -> Result<()> {
        let (memory, waiting) = (self.memory.clone(), waiting.to_vec());
        self.engine.write("mark_waiting", move |c, _| memory.marks.mark(c, now, &waiting)).await
    }

    async fn unmark_waiting(&self, done: &[(String, Uuid)]) -> Result<()> {
        let done = done.to_vec();
        self.engine.write("unmark_waiting", move |c, _| holding::unmark(c, &done)).await
    }

    async fn register(&self, now: Timestamp, registration: &Registration) -> Result<Registered> {
        let (registration, memory) = (registration.clone(), self.memory.clone());
        self.live(
            "register",
            |_| false,
            move |c, changes| onboardings::register(c, &memory.telling, changes, now, &registration),
        )
        .await
    }

    async fn onboarding(&self, now: Timestamp, id: Uuid) -> Result<Option<Onboarding>> {
        self.engine.read("onboarding", move |c| onboardings::by_id(c, now, id)).await
    }

    async fn standing_onboardings(&self, now: Timestamp, mobile: &str) -> Result<Vec<Onboarding>> {
        let mobile = mobile.to_owned();
        self.engine.read("standing_onboardings", move |c| onboardings::standing(c, now, &mobile)).await
    }

    async fn cancel(&self, now: Timestamp, id: Uuid) -> Result<Cancelled> {
        let memory = self.memory.clone();
        self.live(
            "cancel",
            |_| false,
            move |c, changes| onboardings::cancel(c, &memory.telling, changes, now, id),
        )
        .await
    }

    async fn move_deadline(&self, now: Timestamp, moved: &Onboarding) -> Result<bool> {
        let moved = moved.clone();
        self.live(
            "move_deadline",
            |_| false,
            move |c, changes| onboardings::move_deadline(c, changes, now, &moved),
        )
        .await
    }

    async fn show_last(&self, now: Timestamp, id: Uuid, last: &LastSms) -> Result<bool> {
        let last = last.clone();
        self.live(
            "show_last",
            |_| false,
            move |c, changes| onboardings::show_last(c, changes, now, id, &last),
        )
        .await
    }

    async fn revive(&self, now: Timestamp, onboarding: &Onboarding, until: Timestamp) -> Result<SenderFacts> {
        let onboarding = onboarding.clone();
        self.live("revive", |_| false, move |c, _| onboardings::revive(c, now, &onboarding, until)).await
    }

    async fn expire_deadlines(&self, now: Timestamp, max: usize) -> Result<usize> {
        let memory = self.memory.clone();
        self.engine
            .write("expire_deadlines", move |c, changes| {
                onboardings::expire(c, &memory.telling, changes, now, max)
            })
            .await
    }

    async fn collect_garbage(&self, now: Timestamp, max: usize) -> Result<usize> {
        let memory = self.memory.clone();
        self.engine
            .write("collect_garbage", move |c, _| {
                let arrived = memory.arrivals.clear(c, now, limit(max))?;
                let delivered = memory.deliveries.clear(c, now, limit(max))?;
                Ok(arrived + delivered + queues::collect_garbage(c, now, max)?)
            })
            .await
    }

    async fn admit(&self, now: Timestamp, sms: &InboundSms, limits: IntakeLimits) -> Result<Admitted> {
        let (sms, memory) = (Arriving::of(sms), self.memory.clone());
        self.live("admit", acknowledges_nothing, move |c, _| sms::admit(c, &memory, now, &sms, limits)).await
    }

    async fn record(&self, now: Timestamp, judged: &Judged) -> Result<Recorded> {
        const OPERATION: &str = "record";
        let unwritable = |error: serde_json::Error| {
            failed(OPERATION, rusqlite::Error::ToSqlConversionFailure(error.into()))
        };
        let (mut sms, memory) = (Recording::of(judged).map_err(unwritable)?, self.memory.clone());
        self.live(OPERATION, |_| false, move |c, changes| sms::record(c, &memory, changes, now, &mut sms))
            .await
    }

    async fn queued_sms(&self, which: Which, max: usize) -> Result<Vec<QueuedSms>> {
        self.engine.read("queued_sms", move |c| queues::sms(c, which, max)).await
    }

    async fn newest_sms(&self, max: usize) -> Result<Vec<QueuedSms>> {
        self.engine.read("newest_sms", move |c| queues::newest_sms(c, max)).await
    }

    async fn queued_one(&self, id: i64) -> Result<Option<QueuedSms>> {
        self.engine.read("queued_one", move |c| queues::one_sms(c, id)).await
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

    fn tell_changes(&self, wanted: bool) {
        self.memory.telling.set(wanted);
    }

    async fn queued_events(&self, max: usize) -> Result<Vec<QueuedEvent>> {
        self.engine.read("queued_events", move |c| told::queued(c, max)).await
    }

    async fn forget_events(&self, places: &[String]) -> Result<()> {
        let places = places.to_vec();
        self.engine.write("forget_events", move |c, _| told::forget(c, &places)).await
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

    async fn replace_blacklist(&self, blocks: &[(String, Option<Timestamp>)]) -> Result<()> {
        let blocks = blocks.to_vec();
        self.engine.write("replace_blacklist", move |c, _| queues::replace_blacklist(c, &blocks)).await
    }

    /// Not a read: only the writer knows where answers lie.
    async fn person(&self, now: Timestamp, mobile: &str, traces: &Traces) -> Result<HotPerson> {
        let (memory, mobile, traces) = (self.memory.clone(), mobile.to_owned(), traces.clone());
        self.engine.write("person", move |c, _| person::look(c, &memory, now, &mobile, &traces)).await
    }

    async fn erase(&self, mobile: &str, until: Timestamp, traces: &Traces) -> Result<Removed> {
        let (memory, mobile, traces) = (self.memory.clone(), mobile.to_owned(), traces.clone());
        self.engine
            .write("erase", move |c, changes| person::erase(c, &memory, changes, &mobile, until, &traces))
            .await
    }

    async fn unvalidate(&self, mobile: &str) -> Result<u64> {
        let mobile = mobile.to_owned();
        self.engine.write("unvalidate", move |c, _| person::unvalidate(c, &mobile)).await
    }

    async fn totals(&self) -> Result<HotTotals> {
        self.engine.read("totals", queues::totals).await
    }

    async fn not_validated(&self, pairs: &[String]) -> Result<Vec<String>> {
        let pairs = pairs.to_vec();
        self.engine.read("not_validated", move |c| queues::not_validated(c, pairs)).await
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

    /// Nobody reads settings here: the file that has them is as near.
    async fn cache_settings(&self, _rows: &[(String, String)]) -> Result<()> {
        Ok(())
    }

    async fn announce_setting(&self, key: &str) -> Result<()> {
        self.engine.announce(PeerEvent::Setting(key.to_owned()));
        Ok(())
    }

    async fn announce_receivers(&self) -> Result<()> {
        self.engine.announce(PeerEvent::Receivers);
        Ok(())
    }

    async fn announce_blocked_emails(&self) -> Result<()> {
        self.engine.announce(PeerEvent::BlockedEmails);
        Ok(())
    }

    async fn announce_webhooks(&self) -> Result<()> {
        self.engine.announce(PeerEvent::Webhooks);
        Ok(())
    }

    async fn announce_api_keys(&self) -> Result<()> {
        self.engine.announce(PeerEvent::ApiKeys);
        Ok(())
    }

    fn peer_events(&self) -> broadcast::Receiver<PeerEvent> {
        self.engine.changes()
    }
}

/// An SMS that is to be judged need not be durable yet: its recording is, together with this, and finds out
/// if this was lost. A first answer given again, or a sender blacklisted, must be on disk before it is told.
fn acknowledges_nothing(admitted: &Option<Admitted>) -> bool {
    let Some(admitted) = admitted else { return true };
    match &admitted.outcome {
        Admission::Judge { known, .. } => !known.blacklisted,
        Admission::BeingJudged | Admission::BehindWaiting => true,
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
fn known(
    conn: &Connection,
    now: Timestamp,
    mobile: &str,
    sms_in_window: i64,
) -> rusqlite::Result<SenderFacts> {
    let blacklisted = is_blocked(conn, now, mobile)?;
    let standing = onboardings::standing(conn, now, mobile)?;
    if standing.is_empty() {
        let pair_validated = is_validated(conn, &pair(mobile, None))?;
        return Ok(SenderFacts { pair_validated, ..SenderFacts::of(Vec::new(), sms_in_window, blacklisted) });
    }
    let with_pair = |onboarding: Onboarding| {
        let pair_validated = is_validated(conn, &onboarding.pair())?;
        Ok(Standing { onboarding, pair_validated })
    };
    let standing = standing.into_iter().map(with_pair).collect::<rusqlite::Result<_>>()?;
    Ok(SenderFacts::of(standing, sms_in_window, blacklisted))
}

fn is_validated(conn: &Connection, pair: &str) -> rusqlite::Result<bool> {
    contains(conn, "SELECT 1 FROM validated WHERE pair = ?1", pair)
}

/// A block may end by itself.
fn is_blocked(conn: &Connection, now: Timestamp, mobile: &str) -> rusqlite::Result<bool> {
    conn.prepare_cached("SELECT 1 FROM blacklist WHERE mobile = ?1 AND coalesce(expires_at > ?2, TRUE)")?
        .exists(params![mobile, now.0])
}

fn contains(conn: &Connection, sql: &str, key: &str) -> rusqlite::Result<bool> {
    conn.prepare_cached(sql)?.exists([key])
}
