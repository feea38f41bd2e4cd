//! The figures on real stores, their medians, and how they are shown: one column for each durability. Measures nothing.

use comfy_table::{Table, presets};
use serde::Serialize;

use super::journal::SHARED_BY;
use super::journey::Journey;
use super::scripts::IN_FLIGHT;
use super::stores::Cpu;
use super::{Run, journey};
use crate::bench::figures::{Figures, median, mib};
use crate::bench::recorded::Recorded;
use crate::bench::report::align_right;

#[derive(Serialize)]
pub(crate) struct Report {
    cores: usize,
    connections: u16,
    versions: Vec<String>,
    durabilities: Vec<OfDurability>,
}

/// Medians over the runs of one durability.
#[derive(Serialize)]
struct OfDurability {
    durability: &'static str,
    sms_per_run: Vec<u32>,
    sms: Figures,
    sms_at_half: Figures,
    registration: Figures,
    registration_at_half: Figures,
    cpu_us_per_sms: Cpu,
    cpu_us_per_registration: Cpu,
    dump: DumpRates,
    bridge_mib_before_between_after: [f64; 3],
    floor_livez: Figures,
    ceiling_scripts_sms_per_second: f64,
    ceiling_scripts_registrations_per_second: f64,
    sms_to_ceiling: f64,
    floor_journal_alone_per_second: f64,
    floor_journal_shared_per_second: f64,
    recorded_exactly_once: bool,
    /// For each run that lost or doubled something, what it found.
    recorded_wrongly: Vec<String>,
}

#[derive(Serialize)]
struct DumpRates {
    beside_load_per_second: f64,
    while_dumping_per_second: f64,
    backlog_rows: f64,
    drained_per_second: f64,
    awaited_after_half_s: f64,
}

pub(crate) fn summary(connections: u16, versions: Vec<String>, all: &[(&'static str, Vec<Run>)]) -> Report {
    Report {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        connections,
        versions,
        durabilities: all.iter().map(|(durability, runs)| of_durability(durability, runs)).collect(),
    }
}

fn of_durability(durability: &'static str, runs: &[Run]) -> OfDurability {
    let of = |pick: &dyn Fn(&Run) -> f64| median(runs.iter().map(pick).collect());
    let figures = |pick: fn(&Journey) -> Figures| {
        Figures::median(&runs.iter().map(|run| pick(&run.journey)).collect::<Vec<_>>())
    };
    let cpu = |pick: &dyn Fn(&Journey) -> Cpu| Cpu {
        bridge: of(&|run| pick(&run.journey).bridge),
        redis: of(&|run| pick(&run.journey).redis),
        postgres: of(&|run| pick(&run.journey).postgres),
        pgbouncer: of(&|run| pick(&run.journey).pgbouncer),
    };
    let recorded = || runs.iter().map(|run| &run.recorded);
    OfDurability {
        durability,
        sms_per_run: recorded().map(|recorded| recorded.sent).collect(),
        sms: figures(|journey| journey.sms),
        sms_at_half: figures(|journey| journey.sms_at_half),
        registration: figures(|journey| journey.registration),
        registration_at_half: figures(|journey| journey.registration_at_half),
        cpu_us_per_sms: cpu(&|journey| journey.cpu),
        cpu_us_per_registration: cpu(&|journey| journey.cpu_of_registration),
        dump: DumpRates {
            beside_load_per_second: of(&|run| run.journey.dump.beside_load),
            while_dumping_per_second: of(&|run| run.journey.dump.while_dumping),
            backlog_rows: of(&|run| run.journey.dump.drained.backlog),
            drained_per_second: of(&|run| drained_per_second(&run.journey.dump)),
            awaited_after_half_s: of(&|run| run.recorded.awaited_s),
        },
        bridge_mib_before_between_after: [0, 1, 2].map(|at| of(&|run| mib(run.journey.memory[at]))),
        floor_livez: figures(|journey| journey.livez),
        ceiling_scripts_sms_per_second: of(&|run| run.scripts.sms),
        ceiling_scripts_registrations_per_second: of(&|run| run.scripts.registrations),
        sms_to_ceiling: of(&|run| run.journey.sms.per_second / run.scripts.sms),
        floor_journal_alone_per_second: of(&|run| run.journal.alone),
        floor_journal_shared_per_second: of(&|run| run.journal.shared),
        recorded_exactly_once: recorded().all(Recorded::exactly_once),
        recorded_wrongly: recorded()
            .filter(|recorded| !recorded.exactly_once())
            .map(Recorded::told)
            .collect(),
    }
}

fn drained_per_second(dump: &journey::Dump) -> f64 {
    dump.drained.backlog / dump.drained.took.as_secs_f64()
}

impl Report {
    pub(crate) fn recorded_exactly_once(&self) -> bool {
        self.durabilities.iter().all(|of| of.recorded_exactly_once)
    }
}

/// A line that says what was measured, and a table.
pub(crate) fn table(report: &Report) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    let words = report.durabilities.iter().map(|of| of.durability.to_owned());
    table.set_header([String::new()].into_iter().chain(words));
    for (name, shown) in ROWS {
        table.add_row([(*name).to_owned()].into_iter().chain(report.durabilities.iter().map(shown)));
    }
    align_right(&mut table, 1..report.durabilities.len() + 1);
    format!(
        "{} cores, shared by client, bridge and servers; {} connections; {}; medians\n\
         latencies are p50 / p99 / p99.9; half: requests due evenly at half the rate above\n\
         scripts: the store's own operations at Redis, {IN_FLIGHT} in flight, without a bridge; journal: one entry an \
         fsync / {SHARED_BY} waiting\n{table}",
        report.cores,
        report.connections,
        report.versions.join(", "),
    )
}

type Shown = fn(&OfDurability) -> String;

const ROWS: &[(&str, Shown)] = &[
    ("SMS judged and recorded, per second", |of| per_second(&of.sms)),
    ("  ms", |of| latencies(&of.sms)),
    ("SMS at half, per second", |of| per_second(&of.sms_at_half)),
    ("  ms", |of| latencies(&of.sms_at_half)),
    ("registrations per second", |of| per_second(&of.registration)),
    ("  ms", |of| latencies(&of.registration)),
    ("registrations at half, per second", |of| per_second(&of.registration_at_half)),
    ("  ms", |of| latencies(&of.registration_at_half)),
    ("scripts: SMS per second", |of| whole(of.ceiling_scripts_sms_per_second)),
    ("SMS over HTTP, of these", |of| format!("{:.0} %", 100.0 * of.sms_to_ceiling)),
    ("scripts: registrations per second", |of| whole(of.ceiling_scripts_registrations_per_second)),
    ("GET /livez per second", |of| per_second(&of.floor_livez)),
    ("journal: entries per second", |of| {
        format!(
            "{} / {}",
            whole(of.floor_journal_alone_per_second),
            whole(of.floor_journal_shared_per_second)
        )
    }),
    ("CPU µs per SMS: bridge", |of| whole(of.cpu_us_per_sms.bridge)),
    ("CPU µs per SMS: Redis", |of| whole(of.cpu_us_per_sms.redis)),
    ("CPU µs per SMS: PostgreSQL", |of| whole(of.cpu_us_per_sms.postgres)),
    ("CPU µs per SMS: PgBouncer", |of| whole(of.cpu_us_per_sms.pgbouncer)),
    ("CPU µs per SMS: together", |of| whole(of.cpu_us_per_sms.sum())),
    ("CPU µs per registration: bridge / Redis / PostgreSQL", |of| {
        let cpu = of.cpu_us_per_registration;
        format!("{:.0} / {:.0} / {:.0}", cpu.bridge, cpu.redis, cpu.postgres)
    }),
    ("dump beside the load, rows per second", |of| whole(of.dump.beside_load_per_second)),
    ("dump, rows per second of dumping", |of| whole(of.dump.while_dumping_per_second)),
    ("dump of the backlog, rows per second", |of| {
        format!("{} (of {})", whole(of.dump.drained_per_second), whole(of.dump.backlog_rows))
    }),
    ("dump done after the last SMS at half, s", |of| format!("{:.2}", of.dump.awaited_after_half_s)),
    ("bridge RSS MiB: before, between, after", |of| {
        let [before, between, after] = of.bridge_mib_before_between_after;
        format!("{before:.0}, {between:.0}, {after:.0}")
    }),
    ("bridge peak RSS MiB", |of| whole(of.sms_at_half.peak_rss_mib)),
    ("SMS per run", |of| of.sms_per_run.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    ("recorded exactly once", |of| match of.recorded_exactly_once {
        true => "yes".to_owned(),
        false => format!("NO: {}", of.recorded_wrongly.join("; ")),
    }),
];

fn per_second(figures: &Figures) -> String {
    whole(figures.per_second)
}

fn latencies(figures: &Figures) -> String {
    format!("{:.2} / {:.2} / {:.2}", figures.p50_ms, figures.p99_ms, figures.p999_ms)
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}
