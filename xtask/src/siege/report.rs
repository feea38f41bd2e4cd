//! What a siege comes to, as a table and as the bounds that it broke.

use std::time::Duration;

use comfy_table::{CellAlignment, Table, presets};
use hdrhistogram::Histogram;

use super::honest::Served;
use crate::bench::figures::mib;

/// What must hold under every flood. That nobody honest is refused holds always.
pub(super) struct Bounds {
    /// Of registrations, SMS and pages of the desk.
    pub(super) p99: Duration,
    /// Or, where that is more, so many times as long as with nobody else there: a machine that does other things besides.
    pub(super) p99_times: Option<f64>,
    /// Resident memory at any time.
    pub(super) most_mib: f64,
    /// Resident memory when it is over.
    pub(super) settled_mib: Option<f64>,
    /// A flood that breaks one is run once more, and only the second time counts: in a few seconds one pause of the machine is
    /// the slowest of a hundred.
    pub(super) breaks_twice: bool,
}

impl Bounds {
    /// In milliseconds.
    fn p99_max(&self, alone: Option<&Row>) -> f64 {
        let fixed = self.p99.as_secs_f64() * 1000.0;
        let Some((times, row)) = self.p99_times.zip(alone) else { return fixed };
        let Served { register, sms, desk, .. } = &row.served;
        let slowest = [register, sms, desk].map(|histogram| millis(histogram, 0.99));
        slowest.into_iter().map(|p99| p99 * times).fold(fixed, f64::max)
    }
}

/// One flood.
pub(super) struct Row {
    pub(super) flood: &'static str,
    pub(super) descriptors: u64,
    pub(super) served: Served,
    pub(super) turned_away: u64,
    pub(super) most: u64,
    pub(super) settled: u64,
}

fn millis(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1000.0
}

impl Row {
    /// In words, for whoever reads why it failed.
    pub(super) fn broken(&self, bounds: &Bounds, alone: Option<&Row>) -> Vec<String> {
        let Served { register, sms, desk, refused, refusals } = &self.served;
        let mut broken = Vec::new();
        let p99_max = bounds.p99_max(alone);
        for (what, histogram) in [("a registration", register), ("an SMS", sms), ("a page of the desk", desk)]
        {
            let p99 = millis(histogram, 0.99);
            if histogram.is_empty() {
                broken.push(format!("{what} was never answered"));
            } else if p99 > p99_max {
                broken.push(format!("{what} took {p99:.0} ms at p99, more than {p99_max:.0} ms"));
            }
        }
        if *refusals > 0 {
            broken.push(format!("{refusals} honest ones were not served: {}", refused.join("; ")));
        }
        let (most, settled) = (mib(self.most), mib(self.settled));
        if most > bounds.most_mib {
            broken.push(format!("{most:.0} MiB of memory, more than {:.0}", bounds.most_mib));
        }
        if let Some(max) = bounds.settled_mib.filter(|max| settled > *max) {
            broken.push(format!("{settled:.0} MiB of memory when it was over, more than {max:.0}"));
        }
        let flood = format!("{} at {} descriptors", self.flood, self.descriptors);
        broken.into_iter().map(|what| format!("{flood}: {what}")).collect()
    }
}

pub(super) fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED);
    table.set_header([
        "flood",
        "fds",
        "register p50",
        "p99 ms",
        "SMS p50",
        "p99 ms",
        "desk p99",
        "honest",
        "refused",
        "turned away",
        "MiB most",
        "after",
    ]);
    for row in rows {
        let Served { register, sms, desk, refusals, .. } = &row.served;
        let figures = [
            millis(register, 0.5),
            millis(register, 0.99),
            millis(sms, 0.5),
            millis(sms, 0.99),
            millis(desk, 0.99),
        ];
        let mut cells = vec![row.flood.to_owned(), row.descriptors.to_string()];
        cells.extend(figures.map(|figure| format!("{figure:.1}")));
        cells.extend([sms.len().to_string(), refusals.to_string(), row.turned_away.to_string()]);
        cells.extend([row.most, row.settled].map(|bytes| format!("{:.0}", mib(bytes))));
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(millis: u64, refusals: usize) -> Row {
        let took = || {
            let mut histogram = Histogram::new_with_bounds(1, 60_000_000, 3).unwrap();
            histogram.record(millis * 1000).unwrap();
            histogram
        };
        let refused = vec!["a registration: no answer within 10 s".to_owned(); refusals];
        let served = Served { register: took(), sms: took(), desk: took(), refused, refusals };
        Row {
            flood: "idle connections",
            descriptors: 1_024,
            served,
            turned_away: 7,
            most: 100 << 20,
            settled: 50 << 20,
        }
    }

    #[test]
    fn a_bound_that_is_broken_is_said_in_words() {
        let p99 = Duration::from_millis(100);
        let bounds =
            Bounds { p99, p99_times: None, most_mib: 150.0, settled_mib: Some(60.0), breaks_twice: false };
        assert!(row(20, 0).broken(&bounds, None).is_empty());
        assert_eq!(row(200, 0).broken(&bounds, Some(&row(50, 0))).len(), 3);
        let noisy = Bounds { p99_times: Some(10.0), ..bounds };
        assert!(row(200, 0).broken(&noisy, Some(&row(50, 0))).is_empty());
        assert_eq!(row(200, 0).broken(&noisy, Some(&row(5, 0))).len(), 3);
        let refused = row(20, 1).broken(&bounds, None);
        assert!(
            refused[0].starts_with("idle connections at 1024 descriptors: 1 honest ones were not served")
        );
        let tight = Bounds { most_mib: 90.0, settled_mib: Some(40.0), ..bounds };
        assert_eq!(row(20, 0).broken(&tight, None).len(), 2);
    }
}
