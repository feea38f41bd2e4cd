//! The figures that a plan is made from, each with where it comes from. To measure anew, run what the source says and
//! change the value here: nothing else holds one.

use serde::Serialize;

/// A figure and its source.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Figure {
    pub(crate) name: &'static str,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) source: &'static str,
}

/// Declares each figure once, as a constant and in the list of all.
macro_rules! figures {
    ($( $(#[$doc:meta])* $name:ident = $value:literal $unit:literal, $source:literal; )*) => {
        $( $(#[$doc])* pub(crate) const $name: f64 = $value; )*
        /// Every figure.
        pub(crate) const ALL: &[Figure] =
            &[$(Figure { name: stringify!($name), value: $value, unit: $unit, source: $source }),*];
    };
}

const _: () = assert!(SPARE > 0.0 && SPARE < 1.0, "a server that is always busy answers nobody");

figures! {
    /// How much more than the mean of a day must be answered.
    PEAK = 10.0 "times the mean", "wanted: 10 s at p99 at ten times the mean";
    /// Of a core or a disk, what a plan fills at the peak.
    SPARE = 0.7 "of what there is", "assumed: room for a rewrite of Redis's file, a vacuum, a neighbour";
    /// People register before they send.
    REGISTRATIONS = 0.9 "for one SMS", "assumed: one in ten SMS is wrong, doubled or late";

    /// The bridge's own CPU for one SMS on Redis and PostgreSQL.
    BRIDGE_US = 85.0 "µs", "bench --stores redis, everysec, 2026-11-29";
    /// Redis's CPU for one SMS.
    REDIS_US = 105.0 "µs", "bench --stores redis, everysec, 2026-11-29";
    /// PostgreSQL's CPU for one SMS, the pooler's 2 µs with it.
    POSTGRES_US = 52.0 "µs", "bench --stores redis, everysec, 2026-11-29";
    /// The bridge's CPU for one SMS with its registration on its own files.
    EMBEDDED_US = 225.0 "µs", "bench, 2026-11-21: 175 an SMS, 56 a registration";
    /// What a registration costs, in SMS, of every process.
    REGISTRATION_IN_SMS = 0.7 "SMS", "bench --stores redis, 2026-11-21: 6,881 SMS and 11,460 registrations a second";
    /// SMS a second of the embedded stores on two cores; one thread writes, more cores do not help.
    EMBEDDED_PER_SECOND = 7758.0 "SMS/s", "bench, 2026-11-21";
    /// An answer's p99 at half load.
    CALM_P99_MS = 7.6 "ms", "bench --stores redis, everysec, 2026-11-21";
    /// Cores of a Raspberry Pi 5 beside those of the bench.
    PI_SPEED = 0.3 "of the bench's", "assumed, not measured: public figures of single cores";
    /// A disk that one puts on a Pi.
    PI_DISK_GB = 1000.0 "GB", "assumed";
    /// A disk of one plain machine.
    MACHINE_DISK_GB = 4000.0 "GB", "assumed";

    /// What recognises a redelivery, by fingerprint and by delivery id.
    SEEN_BYTES = 556.0 "bytes an SMS, kept 72 h", "bench --million 0.02, 2026-11-30";
    /// An onboarding in Redis with what 003 shows of it, and its number's count.
    ONBOARDING_BYTES = 1950.0 "bytes a registration, kept 24 h", "bench --million 0.02, 2026-11-30";
    /// A judged SMS that waits for PostgreSQL.
    WAITING_BYTES = 904.0 "bytes an SMS", "bench --million 0.02, 2026-11-30";
    /// A validated pair, kept for ever.
    PAIR_BYTES = 65.0 "bytes a number", "bench --million 0.02, 2026-11-30";
    /// Pairs that are known after some years, beside the SMS of a day.
    PAIRS = 30.0 "for each SMS of a day", "assumed: a person proves a number once a month";
    /// PostgreSQL may be away for so long.
    AWAY_HOURS = 4.0 "h", "assumed: a night's alarm, answered";
    /// Redis's memory beside its data: a copy while it rewrites, and fragments.
    REDIS_ROOM = 1.5 "times its data", "assumed";

    /// The row of an SMS.
    SMS_TABLE_BYTES = 479.0 "bytes an SMS", "bench --million 0.02, 2026-11-30";
    /// Its places in indexes.
    SMS_INDEX_BYTES = 430.0 "bytes an SMS", "bench --million 0.02, 2026-11-30";
    /// The row of an onboarding with its indexes.
    ONBOARDING_ROW_BYTES = 1175.0 "bytes a registration", "bench --million 0.02, 2026-11-30: with its validated pair";
    /// An SMS and its registration in SQLite, indexes with them.
    EMBEDDED_BYTES = 2000.0 "bytes an SMS", "assumed before it is measured";
    /// An SMS in a bridge's journal.
    JOURNAL_BYTES = 900.0 "bytes an SMS", "assumed before it is measured";
    /// Index pages of so many days stay in PostgreSQL's memory.
    INDEX_DAYS = 2.0 "days", "assumed: new rows touch new pages, and the desk looks at today";
    /// As the bridge comes.
    KEPT_DAYS = 400.0 "days", "setting audit_retention_days";
}
