//! The hot store on Redis or Valkey: what 003 describes. An SMS costs two script calls over one connection, each
//! atomic as a whole. Not durable by itself: the bridge keeps a journal beside it (D29), and finds out at every
//! operation whether the server still knows what it knew (D28).

mod answer;
mod connection;
mod doctor;
mod fault;
mod fields;
mod keys;
mod onboardings;
mod peer_events;
mod person;
mod queues;
mod rebuild;
mod restoring;
mod scripts;
mod seen;
mod sentinels;
mod sms;
mod told;
mod watch;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bridge_core::checks::SenderFacts;
use bridge_core::onboarding::LastSms;
use bridge_core::{InboundSms, Onboarding, Span, Timestamp};
use bridge_store::Result;
use bridge_store::blacklisting::Blacklisting;
use bridge_store::events::QueuedEvent;
use bridge_store::finding::Finding;
use bridge_store::hot::{
    Admitted, Cancelled, Counters, HotStore, HotTotals, IntakeLimits, PeerEvent, Pressure, QueueSizes,
    Recorded, Registered, Registration, Restore, Right, Which,
};
use bridge_store::judged::{Judged, QueuedSms};
use bridge_store::person::{HotPerson, Removed, Traces};
use redis::Value;
use tokio::sync::broadcast;
use uuid::Uuid;

use self::connection::{Place, Request, Server};
use self::peer_events::Notices;
use self::scripts::Call;
use self::sentinels::Sentinels;
use self::watch::Watch;

/// Rows, ids or members in one command or script call: a few milliseconds of the server's time.
const CHUNK: usize = 500;
/// The same where it happens all day long beside the SMS: a millisecond.
const DAILY_CHUNK: usize = 100;

/// The URL is none that could work.
#[derive(Debug, thiserror::Error)]
#[error(
    "{why}: give a URL like redis://user:password@host:6379/0, rediss:// for TLS, unix:///path/to/socket, or \
     redis+sentinel://user:password@a:26379,b:26379/mymaster"
)]
pub struct UrlError {
    why: String,
}

/// The store at a URL. The server need not be up: it is connected to when first asked, and again when the
/// connection breaks. Must be called within a tokio runtime.
///
/// With `rediss://` the server's certificate must be signed by an authority that this machine trusts; the variables
/// `SSL_CERT_FILE` and `SSL_CERT_DIR` name other authorities than the system's, such as a private one.
///
/// With `redis+sentinel://` (`rediss+sentinel://` for TLS) it is the primary that Redis Sentinel names.
///
/// # Errors
/// If the URL is none.
pub fn open(url: &str) -> std::result::Result<Arc<dyn HotStore>, UrlError> {
    // Whoever was first to choose a provider for the process stays the one.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sentinels = Sentinels::of(url)?.map(Arc::new);
    let place = match &sentinels {
        Some(sentinels) => Place::Named(Arc::clone(sentinels)),
        // Only the kind of mistake: the URL may hold a password.
        None => Place::At(Box::new(
            redis::Client::open(url).map_err(|error| UrlError { why: error.category().to_owned() })?,
        )),
    };
    let queues = Arc::new(Server::new(place.clone()));
    let server = Arc::new(Server::new(place));
    let notices = Notices::listen(Arc::clone(&server));
    let watch =
        sentinels.map(|sentinels| Watch::keep(sentinels, vec![Arc::clone(&server), Arc::clone(&queues)]));
    Ok(Arc::new(RedisHot {
        server,
        queues,
        entered: RwLock::default(),
        tells: AtomicBool::default(),
        notices,
        _watch: watch,
    }))
}

struct RedisHot {
    server: Arc<Server>,
    /// The same server over a connection of its own, for what workers carry away: the server takes turns between
    /// connections, and no SMS waits behind hundreds of rows.
    queues: Arc<Server>,
    entered: RwLock<Option<Arc<str>>>,
    /// Whether changes of states are told to apps.
    tells: AtomicBool,
    notices: Notices,
    /// Keeps both connections at the primary that Sentinels name.
    _watch: Option<Watch>,
}

impl RedisHot {
    /// The epoch in which this bridge judges and registers.
    fn entered(&self, operation: &'static str) -> Result<Arc<str>> {
        let entered = self.entered.read().unwrap_or_else(PoisonError::into_inner).clone();
        entered.ok_or_else(|| fault::lost(operation))
    }

    /// When a change of a state is told to have happened; empty where it is not told.
    fn told_at(&self, now: Timestamp) -> String {
        if self.tells.load(Ordering::Relaxed) { now.0.to_string() } else { String::new() }
    }

    /// Runs a script that answers a number.
    async fn number(&self, operation: &'static str, call: Call) -> Result<i64> {
        match call.run(&self.server, operation).await? {
            Value::Int(number) => Ok(number),
            _ => Err(fault::damaged(operation, "the script answered no number")),
        }
    }
}

#[async_trait]
impl HotStore for RedisHot {
    async fn ping(&self) -> Result<()> {
        self.server.ask::<Value>("ping", Request::One(&redis::cmd("PING"))).await.map(|_| ())
    }

    async fn try_write(&self, bytes: u32) -> Result<()> {
        /// Should the second command not come through.
        const PROBE_MS: u32 = 1_000;
        let value = vec![b'x'; usize::try_from(bytes).unwrap_or(usize::MAX)];
        let mut pipe = redis::pipe();
        pipe.cmd("SET").arg(keys::PROBE).arg(value).arg("PX").arg(PROBE_MS);
        pipe.cmd("UNLINK").arg(keys::PROBE);
        self.server.ask::<Value>("try_write", Request::Many(&pipe)).await.map(|_| ())
    }

    fn is_durable(&self) -> bool {
        false
    }

    async fn pressure(&self) -> Result<Pressure> {
        self.pressure().await
    }

    async fn examine(&self) -> Result<Vec<Finding>> {
        self.examine().await
    }

    async fn server_time(&self) -> Result<Option<Timestamp>> {
        let (seconds, micros): (i64, i64) =
            self.server.ask("server_time", Request::One(&redis::cmd("TIME"))).await?;
        Ok(Some(Timestamp(seconds * 1000 + micros / 1000)))
    }

    async fn epoch(&self) -> Result<Option<String>> {
        self.epoch().await
    }

    async fn epoch_of_data(&self) -> Result<Option<String>> {
        self.epoch_of_data().await
    }

    async fn queues_are_entered(&self) -> Result<()> {
        self.queues_are_entered().await
    }

    fn enter(&self, epoch: Option<&str>) {
        *self.entered.write().unwrap_or_else(PoisonError::into_inner) = epoch.map(Arc::from);
    }

    async fn begin_rebuild(&self, token: Uuid) -> Result<String> {
        self.begin_rebuild(token).await
    }

    async fn restore(&self, now: Timestamp, right: Right, part: Restore<'_>) -> Result<bool> {
        self.restore(now, right, part).await
    }

    async fn finish_rebuild(&self, token: Uuid) -> Result<bool> {
        self.finish_rebuild(token).await
    }

    async fn lease(&self, job: &str, holder: Uuid, length: Span) -> Result<bool> {
        let call = scripts::LEASE.call().arg(keys::lease(job)).arg(holder.to_string()).arg(length.0);
        self.number("lease", call).await.map(|taken| taken == 1)
    }

    async fn release(&self, job: &str, holder: Uuid) -> Result<()> {
        let call = scripts::RELEASE.call().arg(keys::lease(job)).arg(holder.to_string());
        call.run(&self.server, "release").await.map(|_| ())
    }

    async fn first_use(&self, now: Timestamp, what: &str, length: Span) -> Result<bool> {
        let call = scripts::FIRST_USE.call().arg(keys::of(keys::USED_ONCE, what));
        let call = call.arg(now.0).arg((now + length).0).arg(length.0);
        self.number("first_use", call).await.map(|first| first == 1)
    }

    async fn mark_waiting(&self, now: Timestamp, waiting: &[(String, Uuid)]) -> Result<()> {
        self.mark_waiting(now, waiting).await
    }

    async fn unmark_waiting(&self, done: &[(String, Uuid)]) -> Result<()> {
        for some in done.chunks(CHUNK) {
            let mut pipe = redis::pipe();
            for (mobile, id) in some {
                pipe.cmd("ZREM").arg(keys::of(keys::WAITING, mobile)).arg(id.to_string());
            }
            self.server.ask::<Value>("unmark_waiting", Request::Many(&pipe)).await?;
        }
        Ok(())
    }

    async fn register(&self, now: Timestamp, registration: &Registration) -> Result<Registered> {
        self.register(now, registration).await
    }

    async fn onboarding(&self, now: Timestamp, id: Uuid) -> Result<Option<Onboarding>> {
        self.find(now, id).await
    }

    async fn standing_onboardings(&self, now: Timestamp, mobile: &str) -> Result<Vec<Onboarding>> {
        self.standing(now, mobile).await
    }

    async fn cancel(&self, now: Timestamp, id: Uuid) -> Result<Cancelled> {
        self.cancel(now, id).await
    }

    async fn move_deadline(&self, now: Timestamp, moved: &Onboarding) -> Result<bool> {
        self.move_deadline(now, moved).await
    }

    async fn show_last(&self, now: Timestamp, id: Uuid, last: &LastSms) -> Result<bool> {
        self.show_last(now, id, last).await
    }

    async fn revive(&self, now: Timestamp, onboarding: &Onboarding, until: Timestamp) -> Result<SenderFacts> {
        self.revive(now, onboarding, until).await
    }

    async fn expire_deadlines(&self, now: Timestamp, max: usize) -> Result<usize> {
        self.expire_deadlines(now, max).await
    }

    async fn collect_garbage(&self, now: Timestamp, max: usize) -> Result<usize> {
        self.collect_garbage(now, max).await
    }

    async fn admit(&self, now: Timestamp, sms: &InboundSms, limits: IntakeLimits) -> Result<Admitted> {
        self.admit(now, sms, limits).await
    }

    async fn record(&self, now: Timestamp, judged: &Judged) -> Result<Recorded> {
        self.record(now, judged).await
    }

    async fn queued_sms(&self, which: Which, max: usize) -> Result<Vec<QueuedSms>> {
        self.queued_sms(which, max).await
    }

    async fn newest_sms(&self, max: usize) -> Result<Vec<QueuedSms>> {
        self.newest_sms(max).await
    }

    async fn queued_one(&self, id: i64) -> Result<Option<QueuedSms>> {
        self.queued_one(id).await
    }

    async fn forget_sms(&self, ids: &[i64]) -> Result<()> {
        self.forget_sms(ids).await
    }

    async fn queued_onboardings(&self, max: usize) -> Result<Vec<Onboarding>> {
        self.queued_onboardings(max).await
    }

    async fn forget_onboardings(&self, written: &[(Uuid, i64)]) -> Result<()> {
        self.forget_onboardings(written).await
    }

    async fn queued_blacklistings(&self, max: usize) -> Result<Vec<Blacklisting>> {
        self.queued_blacklistings(max).await
    }

    async fn forget_blacklistings(&self, mobiles: &[String]) -> Result<()> {
        self.forget_blacklistings(mobiles).await
    }

    fn tell_changes(&self, wanted: bool) {
        self.tells.store(wanted, Ordering::Relaxed);
    }

    async fn queued_events(&self, max: usize) -> Result<Vec<QueuedEvent>> {
        self.queued_events(max).await
    }

    async fn forget_events(&self, places: &[String]) -> Result<()> {
        self.forget_events(places).await
    }

    async fn queue_sizes(&self) -> Result<QueueSizes> {
        self.queue_sizes().await
    }

    async fn blacklist(&self, entry: &Blacklisting) -> Result<()> {
        self.blacklist(entry).await
    }

    async fn unblacklist(&self, mobile: &str) -> Result<()> {
        scripts::UNBLACKLIST.call().arg(mobile).run(&self.server, "unblacklist").await.map(|_| ())
    }

    async fn replace_blacklist(&self, blocks: &[(String, Option<Timestamp>)]) -> Result<()> {
        self.replace_blacklist(blocks).await
    }

    async fn person(&self, now: Timestamp, mobile: &str, traces: &Traces) -> Result<HotPerson> {
        self.person(now, mobile, traces).await
    }

    async fn erase(&self, mobile: &str, until: Timestamp, traces: &Traces) -> Result<Removed> {
        self.erase(mobile, until, traces).await
    }

    async fn unvalidate(&self, mobile: &str) -> Result<u64> {
        self.unvalidate(mobile).await
    }

    async fn totals(&self) -> Result<HotTotals> {
        let mut pipe = redis::pipe();
        pipe.cmd("SCARD").arg(keys::VALIDATED).cmd("SCARD").arg(keys::BLACKLIST);
        let (validated, blacklisted) = self.server.ask("totals", Request::Many(&pipe)).await?;
        Ok(HotTotals { validated, blacklisted })
    }

    async fn not_validated(&self, pairs: &[String]) -> Result<Vec<String>> {
        let mut missing = Vec::new();
        for some in pairs.chunks(CHUNK) {
            let mut command = redis::cmd("SMISMEMBER");
            command.arg(keys::VALIDATED).arg(some);
            let there: Vec<bool> = self.server.ask("not_validated", Request::One(&command)).await?;
            missing.extend(some.iter().zip(there).filter(|(_, there)| !there).map(|(pair, _)| pair.clone()));
        }
        Ok(missing)
    }

    async fn counters(&self) -> Result<Counters> {
        self.counters().await
    }

    async fn raise_counters(&self, at_least: Counters) -> Result<()> {
        let call =
            scripts::RAISE_COUNTERS.call().arg(at_least.queue_input_sms).arg(at_least.queue_onboarding);
        call.run(&self.server, "raise_counters").await.map(|_| ())
    }

    async fn cache_settings(&self, rows: &[(String, String)]) -> Result<()> {
        self.cache_settings(rows).await
    }

    async fn announce_setting(&self, key: &str) -> Result<()> {
        self.announce_setting(key).await
    }

    async fn announce_receivers(&self) -> Result<()> {
        self.announce("announce_receivers", &PeerEvent::Receivers).await
    }

    async fn announce_blocked_emails(&self) -> Result<()> {
        self.announce("announce_blocked_emails", &PeerEvent::BlockedEmails).await
    }

    async fn announce_webhooks(&self) -> Result<()> {
        self.announce("announce_webhooks", &PeerEvent::Webhooks).await
    }

    async fn announce_api_keys(&self) -> Result<()> {
        self.announce("announce_api_keys", &PeerEvent::ApiKeys).await
    }

    fn peer_events(&self) -> broadcast::Receiver<PeerEvent> {
        self.notices.subscribe()
    }
}
