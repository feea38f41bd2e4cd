//! The medians over the runs, and how they are shown. Measures nothing.

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::figures::{Figures, median, mib};
use super::floors::BATCHES;
use super::journey::Journey;
use super::recorded::Recorded;
use super::startup::Startup;

/// One run: the server's part and the floor of the disk.
pub(crate) struct Run {
    pub(crate) journey: Journey,
    pub(crate) sqlite: [f64; 3],
}

/// Medians over the runs.
#[derive(Serialize)]
pub(crate) struct Report {
    cores: usize,
    connections: u32,
    sms_per_run: Vec<u32>,
    registration: Figures,
    sms: Figures,
    floor_livez: Figures,
    floor_sqlite: Vec<SqliteFloor>,
    startup_ms: f64,
    idle_rss_mib: f64,
    binary_mib: f64,
    dump_awaited_s: f64,
    /// How long after the last SMS the app had been told everything; none: there was no app.
    #[serde(skip_serializing_if = "Option::is_none")]
    told_awaited_s: Option<f64>,
    /// Events that an app was not told, over all runs.
    told_missing: u32,
    pub(crate) recorded_exactly_once: bool,
    /// For each run that lost or doubled something, what it found.
    recorded_wrongly: Vec<String>,
}

#[derive(Serialize)]
struct SqliteFloor {
    batch: u32,
    rows_per_second: f64,
}

pub(crate) fn summary(connections: u32, runs: &[Run], startup: &Startup, binary_mib: f64) -> Report {
    let figures = |pick: fn(&Journey) -> Figures| {
        Figures::median(&runs.iter().map(|run| pick(&run.journey)).collect::<Vec<_>>())
    };
    let floor_sqlite = BATCHES.iter().enumerate().map(|(at, batch)| SqliteFloor {
        batch: *batch,
        rows_per_second: median(runs.iter().map(|run| run.sqlite[at]).collect()),
    });
    let recorded = || runs.iter().map(|run| &run.journey.recorded);
    let told = || runs.iter().filter_map(|run| run.journey.told.as_ref());
    let wrong = recorded().filter(|recorded| !recorded.exactly_once()).map(Recorded::told);
    Report {
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        connections,
        sms_per_run: recorded().map(|recorded| recorded.sent).collect(),
        registration: figures(|journey| journey.registration),
        sms: figures(|journey| journey.sms),
        floor_livez: figures(|journey| journey.livez),
        floor_sqlite: floor_sqlite.collect(),
        startup_ms: median(startup.ready_ms.clone()),
        idle_rss_mib: median(startup.idle_rss.iter().map(|bytes| mib(*bytes)).collect()),
        binary_mib,
        dump_awaited_s: median(recorded().map(|recorded| recorded.awaited_s).collect()),
        told_awaited_s: (told().next().is_some())
            .then(|| median(told().map(|told| told.awaited_s).collect())),
        told_missing: told().map(|told| told.missing).sum(),
        recorded_exactly_once: recorded().all(Recorded::exactly_once),
        recorded_wrongly: wrong.collect(),
    }
}

/// Two tables and a line above them that says what was measured.
pub(crate) fn table(report: &Report) -> String {
    let sent: Vec<String> = report.sms_per_run.iter().map(ToString::to_string).collect();
    let head = format!(
        "{} cores, shared with the client; {} connections; SMS per run: {}; medians",
        report.cores,
        report.connections,
        sent.join(", ")
    );
    format!("{head}\n{}\n{}", load_table(report), other_table(report))
}

fn load_table(report: &Report) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["", "per second", "p50 ms", "p99 ms", "p99.9 ms", "CPU s per 1000", "peak RSS MiB"]);
    for (name, figures) in [
        ("registration", report.registration),
        ("SMS", report.sms),
        ("floor: GET /livez", report.floor_livez),
    ] {
        table.add_row([
            name.to_owned(),
            format!("{:.0}", figures.per_second),
            format!("{:.2}", figures.p50_ms),
            format!("{:.2}", figures.p99_ms),
            format!("{:.2}", figures.p999_ms),
            format!("{:.3}", figures.server_cpu_seconds_per_1000),
            format!("{:.1}", figures.peak_rss_mib),
        ]);
    }
    for floor in &report.floor_sqlite {
        let name = format!("floor: SQLite rows, {} a commit", floor.batch);
        table.add_row([name, format!("{:.0}", floor.rows_per_second)]);
    }
    align_right(&mut table, 1..7);
    table
}

fn other_table(report: &Report) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    let recorded = if report.recorded_exactly_once {
        "yes".to_owned()
    } else {
        format!("NO: {}", report.recorded_wrongly.join("; "))
    };
    table.add_row(["recorded exactly once".to_owned(), recorded]);
    if let Some(awaited) = report.told_awaited_s {
        let told = format!("{awaited:.1} s, {} missing", report.told_missing);
        table.add_row(["after the last SMS, wait until the app is told everything".to_owned(), told]);
    }
    for (name, value) in [
        ("after the last SMS, wait for the dump", format!("{:.1} s", report.dump_awaited_s)),
        ("start to first answer", format!("{:.0} ms", report.startup_ms)),
        ("idle RSS", format!("{:.1} MiB", report.idle_rss_mib)),
        ("binary", format!("{:.1} MiB", report.binary_mib)),
    ] {
        table.add_row([name.to_owned(), value]);
    }
    align_right(&mut table, 1..2);
    table
}

pub(crate) fn align_right(table: &mut Table, columns: std::ops::Range<usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}
