//! A number as somebody types it who looks for it: whole, or how it begins.

use bridge_core::Mobile;
use bridge_core::phone::BareDigits;
use bridge_store::desk::MobileFilter;

use crate::base::problem::{Code, Problem};

/// Fewer characters are no beginning of a number.
const PREFIX_MIN_CHARS: usize = 5;

/// Reads it. A sender that is no number stays as it came.
pub fn filter(text: &str, default_country: &str) -> Result<MobileFilter, Problem> {
    if let Ok(mobile) = Mobile::parse(text, default_country, BareDigits::NationalFirst) {
        return Ok(MobileFilter::Exactly(mobile.e164().to_owned()));
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_number =
        text.chars().all(|c| c.is_ascii_digit() || matches!(c, '+' | ' ' | '-' | '(' | ')' | '*'));
    if !is_number {
        return Ok(MobileFilter::Exactly(text.to_owned()));
    }
    let prefix =
        if text.starts_with('+') { format!("+{digits}") } else { format!("+{default_country}{digits}") };
    if digits.len() < PREFIX_MIN_CHARS {
        let detail = "is too short: give the number, or at least its first five digits";
        return Err(Problem::field(Code::InvalidRequest, "mobile", detail));
    }
    Ok(MobileFilter::Prefix(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_may_be_its_beginning() {
        let read = |text| filter(text, "91").ok();
        assert_eq!(read("98765 43210"), Some(MobileFilter::Exactly("+919876543210".into())));
        assert_eq!(read("98765"), Some(MobileFilter::Prefix("+9198765".into())));
        assert_eq!(read("+91 987"), Some(MobileFilter::Prefix("+91987".into())));
        assert_eq!(read("AX-HDFCBK"), Some(MobileFilter::Exactly("AX-HDFCBK".into())));
        assert_eq!(read("98"), None);
    }
}
