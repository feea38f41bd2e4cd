//! From so many SMS a day to machines: a pure calculation, the same every time. Not what it rests on, which is
//! `measured`, and not how it is shown.

use serde::Serialize;

use super::measured::{
    AWAY_HOURS, BRIDGE_US, CALM_P99_MS, EMBEDDED_BYTES, EMBEDDED_PER_SECOND, EMBEDDED_US, INDEX_DAYS,
    JOURNAL_BYTES, KEPT_DAYS, MACHINE_DISK_GB, ONBOARDING_BYTES, ONBOARDING_ROW_BYTES, PAIR_BYTES, PAIRS,
    PEAK, PI_DISK_GB, PI_SPEED, POSTGRES_US, REDIS_ROOM, REDIS_US, REGISTRATION_IN_SMS, REGISTRATIONS,
    SEEN_BYTES, SMS_INDEX_BYTES, SMS_TABLE_BYTES, SPARE, WAITING_BYTES,
};

/// Which set-up it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SetUp {
    /// A Raspberry Pi with a disk, on embedded stores.
    Pi,
    /// One machine, on embedded stores.
    OneMachine,
    /// Bridges, one Redis with a replica and Sentinels, one PostgreSQL.
    Group,
    /// Several of these, each with numbers of its own: the bridge knows no Redis Cluster yet.
    Groups,
}

/// Machines of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Machines {
    pub(crate) what: &'static str,
    pub(crate) count: u64,
    pub(crate) cores: u64,
    pub(crate) memory_gb: u64,
    /// After the days that rows are kept.
    pub(crate) disk_gb: u64,
}

/// What so many SMS a day need.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Plan {
    pub(crate) sms_per_day: f64,
    pub(crate) mean_per_second: f64,
    /// What must be answered: ten times the mean.
    pub(crate) peak_per_second: f64,
    /// What the plan answers with all cores busy: beyond it answers come later, and nothing is lost.
    pub(crate) most_per_second: f64,
    pub(crate) p99_ms_at_peak: f64,
    pub(crate) set_up: SetUp,
    /// Groups, each with a Redis primary.
    pub(crate) redis_primaries: u64,
    pub(crate) bridges: u64,
    pub(crate) redis_gb: f64,
    pub(crate) journal_gb_while_postgresql_is_away: f64,
    pub(crate) disk_gb_a_year: f64,
    pub(crate) machines: Vec<Machines>,
}

const DAY_SECONDS: f64 = 86_400.0;
const GB: f64 = 1e9;
const YEAR_DAYS: f64 = 365.0;
/// A bridge's machine.
const BRIDGE_CORES: f64 = 2.0;
const SENTINELS: u64 = 3;
const SECONDS_WAITED: f64 = 10.0;

/// The plan for so many SMS a day.
pub(crate) fn plan(sms_per_day: f64) -> Plan {
    let mean = sms_per_day / DAY_SECONDS;
    let peak = PEAK * mean;
    let year_gb = |bytes: f64| sms_per_day * YEAR_DAYS * bytes / GB;
    let kept_gb = |bytes: f64| sms_per_day * KEPT_DAYS * bytes / GB;
    let embedded_gb = kept_gb(EMBEDDED_BYTES);
    let most_on_a_pi = EMBEDDED_PER_SECOND * PI_SPEED;
    let alone = |set_up, what, most: f64, speed: f64, cores| Plan {
        sms_per_day,
        mean_per_second: mean,
        peak_per_second: peak,
        most_per_second: most,
        p99_ms_at_peak: p99_ms(CALM_P99_MS / speed, EMBEDDED_US / speed, peak / most),
        set_up,
        redis_primaries: 0,
        bridges: 1,
        redis_gb: 0.0,
        journal_gb_while_postgresql_is_away: 0.0,
        disk_gb_a_year: year_gb(EMBEDDED_BYTES),
        machines: vec![Machines { what, count: 1, cores, memory_gb: 2, disk_gb: up(embedded_gb) }],
    };
    if peak <= most_on_a_pi * SPARE && embedded_gb <= PI_DISK_GB * SPARE {
        return alone(SetUp::Pi, "Raspberry Pi", most_on_a_pi, PI_SPEED, 4);
    }
    if peak <= EMBEDDED_PER_SECOND * SPARE && embedded_gb <= MACHINE_DISK_GB * SPARE {
        return alone(SetUp::OneMachine, "one machine", EMBEDDED_PER_SECOND, 1.0, 2);
    }
    on_servers(sms_per_day, mean, peak, year_gb(row_bytes()))
}

/// Of an SMS and its registration in PostgreSQL.
fn row_bytes() -> f64 {
    SMS_TABLE_BYTES + SMS_INDEX_BYTES + REGISTRATIONS * ONBOARDING_ROW_BYTES
}

fn on_servers(sms_per_day: f64, mean: f64, peak: f64, disk_gb_a_year: f64) -> Plan {
    // An SMS and its registration, in microseconds of one core.
    let with_registration = 1.0 + REGISTRATIONS * REGISTRATION_IN_SMS;
    let cores = |micros: f64| peak * micros * with_registration / 1e6;
    let groups = up(cores(REDIS_US) / SPARE);
    let share = 1.0 / groups as f64;
    // One more, so that one may be away.
    let bridges = 1 + up(cores(BRIDGE_US) * share / (BRIDGE_CORES * SPARE));
    let redis_gb = sms_per_day * share * redis_bytes_of_a_day() / GB;
    let waiting_gb = |bytes: f64| mean * share * AWAY_HOURS * 3_600.0 * bytes / GB;
    let redis_gb = redis_gb + waiting_gb(WAITING_BYTES);
    let journal_gb = waiting_gb(JOURNAL_BYTES);
    let kept_gb = disk_gb_a_year * share * KEPT_DAYS / YEAR_DAYS;
    let index_gb = sms_per_day * share * INDEX_DAYS * SMS_INDEX_BYTES / GB;
    let redis_cores = cores(REDIS_US) * share;
    let most = peak / redis_cores.max(f64::MIN_POSITIVE);
    let each = |what, count, cores, memory: f64, disk: f64| Machines {
        what,
        count: count * groups,
        cores,
        memory_gb: up(memory),
        disk_gb: up(disk),
    };
    Plan {
        sms_per_day,
        mean_per_second: mean,
        peak_per_second: peak,
        most_per_second: most * groups as f64,
        p99_ms_at_peak: p99_ms(CALM_P99_MS, REDIS_US * with_registration, redis_cores),
        set_up: if groups == 1 { SetUp::Group } else { SetUp::Groups },
        redis_primaries: groups,
        bridges: bridges * groups,
        redis_gb: redis_gb * groups as f64,
        journal_gb_while_postgresql_is_away: journal_gb * groups as f64,
        disk_gb_a_year,
        machines: vec![
            each("bridge", bridges, 2, 2.0, 2.0 * journal_gb / bridges as f64 + 10.0),
            // Its file is rewritten when it has doubled.
            each("Redis, a primary and a replica", 2, 2, redis_gb * REDIS_ROOM + 1.0, 3.0 * redis_gb + 1.0),
            each("Sentinel, on machines of others", SENTINELS, 1, 1.0, 1.0),
            each("PostgreSQL", 1, up(cores(POSTGRES_US) * share / SPARE).max(2), 4.0 + index_gb, kept_gb),
        ],
    }
}

/// What the SMS and registrations of one day leave in Redis while they are remembered.
fn redis_bytes_of_a_day() -> f64 {
    3.0 * SEEN_BYTES + REGISTRATIONS * ONBOARDING_BYTES + PAIRS * PAIR_BYTES
}

/// One server, a queue, arrivals by chance: who waits longest of a hundred. On top of what an answer takes anyway.
fn p99_ms(calm_ms: f64, service_us: f64, load: f64) -> f64 {
    let load = load.clamp(0.0, 0.99);
    let waits = (100.0 * load).ln().max(0.0) * service_us / (1.0 - load) / 1e3;
    (calm_ms + waits).min(SECONDS_WAITED * 1e3)
}

fn up(number: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number of machines or GB")]
    let whole = number.ceil().clamp(1.0, 1e15) as u64;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_sms_never_need_less() {
        let plans: Vec<Plan> = (0..=90).map(|n| plan(10_f64.powf(f64::from(n) / 10.0))).collect();
        for pair in plans.windows(2) {
            assert!(pair[0].disk_gb_a_year <= pair[1].disk_gb_a_year, "{pair:?}");
            assert!(pair[0].redis_primaries <= pair[1].redis_primaries, "{pair:?}");
            assert!(pair[0].bridges <= pair[1].bridges, "{pair:?}");
            assert!(pair[0].set_up as u8 <= pair[1].set_up as u8, "{pair:?}");
        }
    }

    #[test]
    fn ten_times_the_mean_is_answered_in_time_and_with_room() {
        for sms_per_day in [1e2, 1e4, 1e6, 1e7, 5e7, 2e8, 1e9] {
            let plan = plan(sms_per_day);
            assert!(plan.p99_ms_at_peak < SECONDS_WAITED * 1e3, "{plan:?}");
            assert!(plan.peak_per_second <= plan.most_per_second * SPARE * 1.000_001, "{plan:?}");
        }
    }

    #[test]
    fn from_a_pi_to_a_country() {
        assert_eq!(plan(1e4).set_up, SetUp::Pi);
        assert_eq!(plan(2e6).set_up, SetUp::OneMachine);
        assert_eq!(plan(2e7).set_up, SetUp::Group);
        assert_eq!(plan(2e8).set_up, SetUp::Groups);
        let of_a_country = plan(5e7);
        assert!((of_a_country.mean_per_second - 578.7).abs() < 0.1);
        assert!((of_a_country.peak_per_second - 5_787.0).abs() < 0.1);
    }

    #[test]
    fn the_same_question_has_the_same_answer() {
        assert_eq!(plan(5e7), plan(5e7));
    }
}
