//! Plans as tables: for a terminal, and for the documentation. Reckons nothing.

use comfy_table::{Table, presets};

use super::measured::ALL;
use super::reckon::{Plan, SetUp};
use crate::bench::align_right;

/// The name of a set-up.
pub(crate) fn set_up(set_up: SetUp) -> &'static str {
    match set_up {
        SetUp::Pi => "a Raspberry Pi, embedded stores",
        SetUp::OneMachine => "one machine, embedded stores",
        SetUp::Group => "bridges, Redis with a replica and Sentinels, PostgreSQL",
        SetUp::Groups => "several such groups, each with numbers of its own",
    }
}

/// A number as people write it: `50 million`.
pub(crate) fn people(number: f64) -> String {
    match number {
        number if number >= 1e9 => format!("{} billion", short(number / 1e9)),
        number if number >= 1e6 => format!("{} million", short(number / 1e6)),
        number if number >= 1e3 => format!("{},000", short(number / 1e3)).replace(".5,000", ",500"),
        number => short(number),
    }
}

/// Three figures.
fn short(number: f64) -> String {
    match number {
        number if number >= 100.0 => format!("{number:.0}"),
        number if number >= 10.0 => format!("{}", (number * 10.0).round() / 10.0),
        number => format!("{}", (number * 100.0).round() / 100.0),
    }
}

/// GB, or TB where they are many.
pub(crate) fn bytes(gb: f64) -> String {
    if gb >= 1_000.0 { format!("{} TB", short(gb / 1_000.0)) } else { format!("{} GB", short(gb)) }
}

fn machines(plan: &Plan) -> Vec<String> {
    let one = |of: &super::reckon::Machines| {
        let count = if of.count > 1 { format!("{} × ", of.count) } else { String::new() };
        let cores = if of.cores == 1 { "1 core".to_owned() } else { format!("{} cores", of.cores) };
        let (memory, disk) = (bytes(of.memory_gb as f64), bytes(of.disk_gb as f64));
        format!("{count}{}: {cores}, {memory} of memory, {disk} of disk", of.what)
    };
    plan.machines.iter().map(one).collect()
}

type Shown = fn(&Plan) -> String;

const ROWS: &[(&str, Shown)] = &[
    ("SMS a day", |plan| people(plan.sms_per_day)),
    ("a second: mean / ten times it", |plan| {
        format!("{} / {}", short(plan.mean_per_second), short(plan.peak_per_second))
    }),
    ("a second, with every core busy", |plan| short(plan.most_per_second)),
    ("p99 at ten times the mean", |plan| format!("{} ms", short(plan.p99_ms_at_peak))),
    ("set-up", |plan| set_up(plan.set_up).to_owned()),
    ("Redis primaries", |plan| plan.redis_primaries.to_string()),
    ("Redis holds", |plan| bytes(plan.redis_gb)),
    ("journal, if PostgreSQL is away for 4 h", |plan| bytes(plan.journal_gb_while_postgresql_is_away)),
    ("disk a year", |plan| bytes(plan.disk_gb_a_year)),
    ("machines", |plan| machines(plan).join("\n")),
];

pub(crate) fn table(plans: &[Plan]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL);
    for (name, shown) in ROWS {
        table.add_row([(*name).to_owned()].into_iter().chain(plans.iter().map(shown)));
    }
    if plans.len() == 1 {
        align_right(&mut table, 0..1);
    }
    table.to_string()
}

/// One line for each plan.
pub(crate) fn markdown(plans: &[Plan]) -> String {
    let mut text = String::from(
        "| SMS a day | a second: mean / ten times | p99 there | set-up and machines | Redis holds | disk a year |\n\
         |---|---|---|---|---|---|\n",
    );
    for plan in plans {
        let line = format!(
            "| {} | {} / {} | {} ms | **{}**: {} | {} | {} |\n",
            people(plan.sms_per_day),
            short(plan.mean_per_second),
            short(plan.peak_per_second),
            short(plan.p99_ms_at_peak),
            set_up(plan.set_up),
            machines(plan).join("; "),
            if plan.redis_primaries == 0 { "-".to_owned() } else { bytes(plan.redis_gb) },
            bytes(plan.disk_gb_a_year),
        );
        text.push_str(&line);
    }
    text
}

/// What all of it is made from.
pub(crate) fn figures() -> String {
    let mut text = String::from("| figure | value | from |\n|---|---|---|\n");
    for figure in ALL {
        let name = figure.name.to_lowercase().replace('_', " ");
        let line = format!("| {name} | {} {} | {} |\n", figure.value, figure.unit, figure.source);
        text.push_str(&line);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_for_people() {
        assert_eq!(people(5e7), "50 million");
        assert_eq!(people(1e3), "1,000");
        assert_eq!(people(2.5e9), "2.5 billion");
        assert_eq!(bytes(1_500.0), "1.5 TB");
        assert_eq!(bytes(12.34), "12.3 GB");
    }
}
