//! How long things take, counted in buckets whose bounds grow by the square root of two: what is read from them lies
//! within a fifth of what was measured.

use std::sync::LazyLock;

use bridge_core::Span;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From an SMS taken in to its verdict.
    Verdict,
    /// From a registration to its validation.
    Validation,
}

impl Kind {
    /// The word in the table.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Verdict => "verdict",
            Kind::Validation => "validation",
        }
    }
}

/// Half of all took at most `p50`, and so on. Nothing was measured: all are zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    /// How many were measured.
    pub count: u64,
    /// The median.
    pub p50: Span,
    /// Of 100, 95 took at most this long.
    pub p95: Span,
    /// Of 100, 99 took at most this long.
    pub p99: Span,
}

/// Both kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latencies {
    /// From an SMS taken in to its verdict.
    pub verdict: Latency,
    /// From a registration to its validation.
    pub validation: Latency,
}

impl Latencies {
    /// From the words and buckets of the table.
    pub fn of(counted: &[(String, (i32, i64))]) -> Latencies {
        let of = |kind: Kind| {
            let buckets: Vec<_> =
                counted.iter().filter(|(word, _)| word == kind.as_str()).map(|(_, bucket)| *bucket).collect();
            Latency::of(&buckets)
        };
        Latencies { verdict: of(Kind::Verdict), validation: of(Kind::Validation) }
    }
}

/// Latencies are counted for stretches of this length.
pub const LATENCY_GRAIN: Span = Span(600_000);

/// Milliseconds from which on each bucket counts: 1, 2, 3, 4, 6, 8, 11, … up to 48 days.
static BOUNDS: LazyLock<Vec<i64>> = LazyLock::new(|| {
    let mut bounds = vec![1];
    for half in 2..=64_u32 {
        let power = 1_i64 << (half / 2);
        // 1.4142, in whole numbers: the same on every machine.
        bounds.push(if half.is_multiple_of(2) { power } else { power * 14_142 / 10_000 });
    }
    bounds.dedup();
    bounds
});

/// The bounds, for a statement that finds the bucket by itself.
pub fn bounds() -> &'static [i64] {
    &BOUNDS
}

/// The bucket: how many bounds are not above it.
pub fn bucket_of(took: Span) -> i32 {
    i32::try_from(BOUNDS.partition_point(|bound| *bound <= took.0)).unwrap_or(i32::MAX)
}

impl Latency {
    /// From counts by bucket, in any order.
    pub fn of(buckets: &[(i32, i64)]) -> Latency {
        let mut buckets: Vec<(i32, u64)> =
            buckets.iter().map(|(bucket, count)| (*bucket, u64::try_from(*count).unwrap_or(0))).collect();
        buckets.sort_unstable();
        let count: u64 = buckets.iter().map(|(_, count)| count).sum();
        let percentile = |percent: u64| {
            let mut left = (count * percent).div_ceil(100);
            for (bucket, count) in &buckets {
                if left <= *count {
                    return upper(*bucket);
                }
                left -= count;
            }
            Span(0)
        };
        match count {
            0 => Latency::default(),
            _ => Latency { count, p50: percentile(50), p95: percentile(95), p99: percentile(99) },
        }
    }
}

/// The longest that a bucket counts.
fn upper(bucket: i32) -> Span {
    let bound = usize::try_from(bucket).ok().and_then(|bucket| BOUNDS.get(bucket));
    Span(bound.or(BOUNDS.last()).map_or(0, |bound| bound - 1))
}

#[cfg(test)]
mod tests {
    use bridge_core::Span;

    use super::{BOUNDS, Latency, bucket_of, upper};

    #[test]
    fn every_length_is_in_the_bucket_that_ends_just_above_it() {
        assert_eq!(BOUNDS[..8], [1, 2, 4, 5, 8, 11, 16, 22]);
        assert!(BOUNDS.is_sorted_by(|a, b| a < b));
        for millis in (0..100_000).chain([86_400_000]) {
            let upper = upper(bucket_of(Span(millis))).0;
            assert!(upper >= millis && upper <= (millis * 143 / 100).max(3), "{millis} {upper}");
        }
        assert_eq!(bucket_of(Span(-5)), 0);
    }

    #[test]
    fn percentiles() {
        assert_eq!(Latency::of(&[]), Latency::default());
        let one = Latency::of(&[(bucket_of(Span(7)), 1)]);
        assert_eq!((one.count, one.p50, one.p99), (1, Span(7), Span(7)));
        let many = Latency::of(&[(bucket_of(Span(1000)), 5), (bucket_of(Span(7)), 94), (0, 1)]);
        assert_eq!((many.p50, many.p95, many.p99.0 >= 1000), (Span(7), Span(7), true));
    }
}
