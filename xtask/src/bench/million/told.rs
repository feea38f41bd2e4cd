//! The million as tables. Measures nothing.

use comfy_table::{Table, presets};

use super::held::Held;
use super::{Part, Report};
use crate::bench::align_right;
use crate::bench::figures::mib;

/// Less than this for one SMS is not worth a line.
const BYTES_SHOWN: f64 = 1.0;

pub(crate) fn table(report: &Report) -> String {
    let proof = if report.against.is_empty() {
        format!(
            "every acknowledged SMS is in input_sms exactly once ({} rows, {} of them kept for later first), and every \
             validated number at the remote once ({})",
            report.rows, report.kept_for_later, report.validated
        )
    } else {
        format!("NOT AS PROMISED: {}", report.against.join("; "))
    };
    format!(
        "{} SMS as they come in life, {}; {} cores, shared by client, bridge and servers; {}\n{}\n{proof}\n\
         Redis uses {:.0} MiB, {:.0} bytes an SMS; by family of keys:\n{}\nPostgreSQL, tables:\n{}\nindexes:\n{}",
        report.sms,
        report.durability,
        report.cores,
        report.versions.join(", "),
        parts(&report.parts),
        report.redis_used_bytes / f64::from(1 << 20),
        report.redis_used_bytes / report.sms as f64,
        held(&report.redis, report.sms),
        held(&report.tables, report.sms),
        held(&report.indexes, report.sms),
    )
}

type Shown = fn(&Part) -> String;

const ROWS: &[(&str, Shown)] = &[
    ("SMS", |part| part.sms.to_string()),
    ("SMS per second", |part| whole(part.sms_per_second)),
    ("  p99 ms", |part| format!("{:.1}", part.sms_p99_ms)),
    ("registrations per second", |part| whole(part.registrations_per_second)),
    ("  p99 ms", |part| format!("{:.1}", part.registration_p99_ms)),
    ("CPU µs an SMS with its registration", |part| whole(part.cpu_us_per_sms.sum())),
    ("  bridge", |part| whole(part.cpu_us_per_sms.bridge)),
    ("  Redis", |part| whole(part.cpu_us_per_sms.redis)),
    ("  PostgreSQL", |part| whole(part.cpu_us_per_sms.postgres)),
    ("  PgBouncer", |part| whole(part.cpu_us_per_sms.pgbouncer)),
    ("memory MiB: bridge", |part| whole(mib(part.memory.bridge))),
    ("  Redis", |part| whole(mib(part.memory.redis))),
    ("  PostgreSQL", |part| whole(mib(part.memory.postgres))),
    ("  PgBouncer", |part| whole(mib(part.memory.pgbouncer))),
    ("journal MiB", |part| format!("{:.1}", mib(part.journal_bytes))),
];

fn parts(parts: &[Part]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    for (name, shown) in ROWS {
        table.add_row([(*name).to_owned()].into_iter().chain(parts.iter().map(shown)));
    }
    align_right(&mut table, 1..parts.len() + 1);
    table
}

fn held(all: &[Held], sms: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header(["", "count", "bytes each", "bytes an SMS"]);
    let shown = all.iter().filter(|held| held.bytes / sms as f64 >= BYTES_SHOWN);
    for held in shown {
        table.add_row([
            held.name.clone(),
            held.count.to_string(),
            whole(held.bytes / held.count.max(1) as f64),
            whole(held.bytes / sms as f64),
        ]);
    }
    align_right(&mut table, 1..4);
    table
}

fn whole(number: f64) -> String {
    format!("{number:.0}")
}
