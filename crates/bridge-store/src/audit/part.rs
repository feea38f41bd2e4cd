//! A part of a longer SMS as a column keeps it: `2/3 reference`. One text, which is equal for the same part
//! alone. Not what joins them.

use bridge_core::sms::Part;

/// The text of a part.
pub fn text(part: &Part) -> String {
    format!("{}/{} {}", part.number, part.total, part.reference)
}

/// A part from its text; None: it is none.
pub fn read(text: &str) -> Option<Part> {
    let (place, reference) = text.split_once(' ')?;
    let (number, total) = place.split_once('/')?;
    Some(Part { reference: reference.to_owned(), total: total.parse().ok()?, number: number.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_comes_back_from_its_text() {
        for reference in ["", "17", "a/b 1/2 नमस्ते"] {
            let part = Part { reference: reference.to_owned(), total: 255, number: 1 };
            assert_eq!(read(&text(&part)), Some(part));
        }
        for none in ["", "1/2", "x/2 a", "1/256 a", "12 a"] {
            assert_eq!(read(none), None, "{none}");
        }
    }
}
