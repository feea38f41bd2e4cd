//! How values look on a page: times, verdicts, counts, charts. Pure: what there is to show is an argument.

mod banner;
pub(super) mod chart;
mod qr;
mod verdict;
mod when;
pub(super) mod words;
pub(super) mod zone;

pub(super) use self::banner::Banner;
pub(super) use self::qr::Qr;
pub(super) use self::verdict::{Dots, Outcome, class_of};
pub(super) use self::when::{When, lasting, short, whole};

/// A count with thin spaces between thousands: 12 345.
pub(super) fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or(0).to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3 * 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_easy_to_read() {
        let shown = [0_u64, 12, 999, 1000, 1_234_567].map(count);
        assert_eq!(shown, ["0", "12", "999", "1\u{202f}000", "1\u{202f}234\u{202f}567"]);
    }
}
