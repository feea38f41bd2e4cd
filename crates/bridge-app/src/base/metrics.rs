//! Every series the bridge exports, once (contract section 8). Labels are bounded: routes are those of
//! the router, never a raw path.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use bridge_core::Verdict;
use bridge_core::checks::CheckId;
use bridge_formats::EventKind;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// How long something took. The only place beside the clock that reads the system's time.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts it.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "a duration for a metric decides nothing")]
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Time since the start.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// One label.
macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
        #[expect(missing_docs, reason = "the names are the labels")]
        pub struct $name { $(pub $field: $type),* }
    )*};
}

labels! {
    /// One HTTP answer.
    HttpLabels { route: String, method: &'static str, status: u16 }
    /// One route.
    RouteLabels { route: String }
    /// One SMS that came in.
    SmsLabels { format: String, outcome: &'static str }
    /// Something that came and is no SMS.
    EventLabels { format: String, kind: &'static str }
    /// One result of one check.
    CheckLabels { check: &'static str, result: &'static str }
    /// One operation of a store.
    StoreLabels { store: &'static str, operation: &'static str }
    /// One queue.
    QueueLabels { queue: &'static str }
    /// One worker.
    WorkerLabels { worker: &'static str }
    /// One receiver.
    ReceiverLabels { receiver: String }
    /// How one try went.
    TryLabels { outcome: &'static str }
    /// Why registration is paused.
    PauseLabels { cause: &'static str }
    /// One store, as a whole.
    WholeStoreLabels { store: &'static str }
}

macro_rules! metrics {
    ($( $(#[doc = $help:literal])+ $name:ident: $type:ty = $make:expr; )*) => {
        /// Every series.
        #[derive(Debug)]
        pub struct Metrics { registry: Registry, $( $(#[doc = $help])+ pub $name: $type, )* }

        impl Default for Metrics {
            fn default() -> Metrics {
                let mut registry = Registry::with_prefix("sms_bridge");
                $(
                    let $name: $type = $make;
                    // Counters get their `_total` from the exposition format.
                    let name = stringify!($name).trim_end_matches("_total");
                    registry.register(name, concat!($($help),+).trim().trim_end_matches('.'), $name.clone());
                )*
                Metrics { registry, $($name,)* }
            }
        }
    };
}

fn seconds() -> Histogram {
    Histogram::new(exponential_buckets(0.0005, 2.0, 14))
}

metrics! {
    /// HTTP answers by route, method and status.
    http_requests_total: Family<HttpLabels, Counter> = Family::default();
    /// Time from request to answer.
    http_request_duration_seconds: Family<RouteLabels, Histogram> = Family::new_with_constructor(seconds);
    /// SMS that came in, by format and what became of them.
    sms_received_total: Family<SmsLabels, Counter> = Family::default();
    /// Results of the checks.
    check_results_total: Family<CheckLabels, Counter> = Family::default();
    /// Time from an SMS to its recorded verdict.
    verdict_duration_seconds: Histogram = seconds();
    /// Time of operations of the stores.
    store_operation_duration_seconds: Family<StoreLabels, Histogram> = Family::new_with_constructor(seconds);
    /// Time of one dump of judged SMS.
    dump_duration_seconds: Histogram = seconds();
    /// Judged SMS written to input_sms.
    dumped_rows_total: Counter = Counter::default();
    /// Entries that wait in a queue.
    queue_size: Family<QueueLabels, Gauge> = Family::default();
    /// When a worker last succeeded.
    worker_last_success_timestamp_seconds: Family<WorkerLabels, Gauge> = Family::default();
    /// Failed steps of a worker.
    worker_failures_total: Family<WorkerLabels, Counter> = Family::default();
    /// 1 while a worker fails, or has not succeeded for longer than it should.
    worker_in_trouble: Family<WorkerLabels, Gauge> = Family::default();
    /// SMS that were delivered again.
    redelivered_total: Counter = Counter::default();
    /// Delivery ids that came with other content.
    delivery_id_reused_total: Counter = Counter::default();
    /// What came and is no SMS: pictures, delivery reports, signs of life.
    events_received_total: Family<EventLabels, Counter> = Family::default();
    /// Bodies that an authenticated sender sent and nobody can use.
    quarantined_total: Counter = Counter::default();
    /// Bodies in quarantine that went because their receiver has room for so many.
    quarantine_let_go_total: Counter = Counter::default();
    /// 1 while an SMS can be made durable.
    writable: Gauge = Gauge::default();
    /// 1 while that store answers and can be used.
    store_up: Family<WholeStoreLabels, Gauge> = Family::default();
    /// 1 when that store found its file damaged and is closed.
    store_damaged: Family<WholeStoreLabels, Gauge> = Family::default();
    /// 1 while the clock of this machine can be right.
    clock_plausible: Gauge = Gauge::default();
    /// Bytes that can still be written on the disk of the data folder.
    disk_free_bytes: Gauge = Gauge::default();
    /// Bytes of the disk of the data folder, free and not.
    disk_size_bytes: Gauge = Gauge::default();
    /// SMS refused because nothing was writable.
    refused_unwritable_total: Counter = Counter::default();
    /// Tries to deliver to a webhook, by how they went.
    webhook_tries_total: Family<TryLabels, Counter> = Family::default();
    /// Requests with a wrong secret.
    wrong_secret_total: Counter = Counter::default();
    /// Bytes of the journal on disk; the embedded stores need none.
    spool_bytes: Gauge = Gauge::default();
    /// Validated numbers pushed to the remote.
    remote_synced_total: Counter = Counter::default();
    /// 1 while the remote does not take validated numbers.
    remote_away: Gauge = Gauge::default();
    /// Validated numbers that wait for the remote, counted as far as a thousand.
    remote_waiting: Gauge = Gauge::default();
    /// Validated numbers that the remote refused by themselves, counted as far as a thousand.
    remote_refused: Gauge = Gauge::default();
    /// 1 while a receiver that used to be heard is not.
    receiver_silent: Family<ReceiverLabels, Gauge> = Family::default();
    /// When the last backup was made; 0, if none was.
    last_backup_timestamp_seconds: Gauge = Gauge::default();
    /// 1 while the last backup is older than is wanted.
    backup_overdue: Gauge = Gauge::default();
    /// When a receiver was last heard of.
    receiver_last_seen_timestamp_seconds: Family<ReceiverLabels, Gauge<f64, AtomicU64>> = Family::default();
    /// 1 while registration is paused for that cause.
    onboarding_paused: Family<PauseLabels, Gauge> = Family::default();
    /// 1 while several people registered in a row and no SMS came, though SMS used to come.
    onboarding_in_doubt: Gauge = Gauge::default();
    /// Connections that are open.
    connections_open: Gauge = Gauge::default();
    /// Connections closed so that others could come.
    connections_closed_for_room_total: Counter = Counter::default();
    /// Panics caught while answering.
    panics_total: Counter = Counter::default();
}

impl Metrics {
    /// The exposition text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = prometheus_client::encoding::text::encode(&mut text, &self.registry);
        text
    }

    /// Counts the result of every check of one verdict.
    pub fn count_checks(&self, verdict: &Verdict) {
        for check in CheckId::all() {
            let labels = CheckLabels { check: check.name(), result: verdict.codes.of(check).word() };
            self.check_results_total.get_or_create(&labels).inc();
        }
    }

    /// Counts one thing that is no SMS.
    pub fn count_event(&self, format: &str, kind: EventKind) {
        let labels = EventLabels { format: format.to_owned(), kind: kind.word() };
        self.events_received_total.get_or_create(&labels).inc();
    }

    /// Counts one try to deliver to a webhook.
    pub fn count_webhook(&self, outcome: &'static str) {
        self.webhook_tries_total.get_or_create(&TryLabels { outcome }).inc();
    }

    /// Counts what became of one SMS.
    pub fn count_sms(&self, format: &str, outcome: &'static str) {
        self.sms_received_total.get_or_create(&SmsLabels { format: format.to_owned(), outcome }).inc();
    }
}
