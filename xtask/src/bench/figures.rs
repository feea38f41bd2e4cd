//! What one phase of load comes to, and the median of several. Not how it is shown: that is `report`.

use serde::Serialize;

use super::load::Measured;

/// What one phase of load comes to.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Figures {
    pub(crate) per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) p999_ms: f64,
    pub(crate) server_cpu_seconds_per_1000: f64,
    pub(crate) peak_rss_mib: f64,
}

impl Figures {
    pub(crate) fn new(measured: &Measured, server_cpu_seconds: f64, peak_rss: u64) -> Figures {
        let quantile_ms = |quantile| measured.latency_us.value_at_quantile(quantile) as f64 / 1000.0;
        Figures {
            per_second: measured.answered as f64 / measured.took.as_secs_f64(),
            p50_ms: quantile_ms(0.5),
            p99_ms: quantile_ms(0.99),
            p999_ms: quantile_ms(0.999),
            server_cpu_seconds_per_1000: server_cpu_seconds * 1000.0 / measured.answered.max(1) as f64,
            peak_rss_mib: mib(peak_rss),
        }
    }

    pub(crate) fn median(all: &[Figures]) -> Figures {
        let of = |field: fn(&Figures) -> f64| median(all.iter().map(field).collect());
        Figures {
            per_second: of(|figures| figures.per_second),
            p50_ms: of(|figures| figures.p50_ms),
            p99_ms: of(|figures| figures.p99_ms),
            p999_ms: of(|figures| figures.p999_ms),
            server_cpu_seconds_per_1000: of(|figures| figures.server_cpu_seconds_per_1000),
            peak_rss_mib: of(|figures| figures.peak_rss_mib),
        }
    }
}

pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The value in the middle; of two middle ones the mean.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match (values.len(), values.len() / 2) {
        (0, _) => f64::NAN,
        (length, middle) if length % 2 == 1 => values[middle],
        (_, middle) => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]).to_bits(), 2.0_f64.to_bits());
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]).to_bits(), 2.5_f64.to_bits());
        assert!(median(Vec::new()).is_nan());
    }
}
