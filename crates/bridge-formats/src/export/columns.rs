//! The columns of a table, by the names in its first row, and a row read by them: the same for a CSV file and a workbook.
//! What spreadsheets put around a value is undone. Not how a row is cut out of its file.

use std::collections::BTreeSet;

use bridge_core::message;

use super::row::{Exported, Held};
use crate::content::{FieldError, Unusable};
use crate::fields::Fields;
use crate::formula;
use crate::generic::{self, Role};

/// Which names of columns or keys a list has, where it lacks some. More of them help nobody.
const FOUND_MAX: usize = 20;
const FOUND_MAX_CHARS: usize = 40;
/// Columns that have a name. Each of them costs time in every row.
const COLUMNS_MAX: usize = 1_024;

/// The names of the columns, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Columns(Vec<String>);

impl Columns {
    /// Those of a header. `Err`: what is missing in it.
    pub(super) fn of<'a>(titles: impl IntoIterator<Item = &'a str>) -> Result<Columns, Unusable> {
        let titles: Vec<&str> = titles.into_iter().collect();
        if titles.iter().filter(|title| !title.is_empty()).count() > COLUMNS_MAX {
            return Err(Unusable::because(format!("the first line names more than {COLUMNS_MAX} columns")));
        }
        let columns: Vec<String> = titles.iter().map(|title| name(title)).collect();
        let lacking = generic::lacking(&columns);
        if !lacking.is_empty() {
            return Err(not_named("the first line", "columns", titles, lacking));
        }
        let mut seen = BTreeSet::new();
        // A column without a title holds nothing that is read.
        let twice = columns.iter().find(|name| !name.is_empty() && !seen.insert(*name));
        if let Some(name) = twice {
            return Err(Unusable::fields(
                format!("the column {name} stands twice in the header"),
                vec![FieldError::new(name, "must stand once")],
            ));
        }
        Ok(Columns(columns))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// What a row holds.
    pub(super) fn row<'a>(&self, values: impl IntoIterator<Item = &'a str>) -> Held {
        self.read(&values.into_iter().collect::<Vec<_>>()).unwrap_or_else(Held::Unusable)
    }

    fn read(&self, values: &[&str]) -> Result<Held, Unusable> {
        if values.iter().skip(self.0.len()).any(|value| !value.is_empty()) {
            return Err(Unusable::because(format!(
                "the row has {} values for {} columns: a text with the separator in it must stand in quotes",
                values.len(),
                self.0.len()
            )));
        }
        let named = || self.0.iter().zip(values).filter(|(name, _)| !name.is_empty());
        let pairs =
            named().map(|(name, value)| (name.clone(), message::storable(&cell(name, value)).into_owned()));
        let fields = Fields::of(pairs)?;
        let delivered = generic::read(&fields)?;
        let is_guarded = named().any(|(name, value)| {
            Role::of(name) == Some(Role::Sender) && !value.is_empty() && formula::unguarded(value) != *value
        });
        let exported =
            Exported { phone: delivered.stamp.clone(), network: generic::network_stamp(&fields), delivered };
        Ok(if is_guarded { exported.held_as_written() } else { exported.held() })
    }
}

/// That a list does not name what it needs, and which names it has instead.
pub(super) fn not_named<'a>(
    what: &str,
    names: &str,
    found: impl IntoIterator<Item = &'a str>,
    lacking: Vec<FieldError>,
) -> Unusable {
    let short = |name: &str| format!("{:?}", name.trim().chars().take(FOUND_MAX_CHARS).collect::<String>());
    let found: Vec<String> = found.into_iter().take(FOUND_MAX).map(short).collect();
    let missing: Vec<&str> = lacking.iter().map(|error| error.field.as_str()).collect();
    let detail = format!(
        "{what} does not name the {names} that a list of SMS needs: missing are {}; found are {}",
        missing.join(", "),
        if found.is_empty() { "none".to_owned() } else { found.join(", ") },
    );
    Unusable::fields(detail, lacking)
}

fn name(title: &str) -> String {
    let title = unwrapped(title).unwrap_or_else(|| title.to_owned());
    generic::name_of(&title).map_or_else(|| title.trim().to_owned(), str::to_owned)
}

/// The text that a cell was made of.
fn cell(column: &str, value: &str) -> String {
    if let Some(inside) = unwrapped(value) {
        return inside;
    }
    // As our own table guards what a spreadsheet would take for a formula.
    let text = formula::unguarded(value);
    match text.strip_prefix('\'').filter(|_| text == value) {
        // As people write a number that is to stay a text.
        Some(number)
            if Role::of(column).is_some_and(Role::is_of_digits)
                && number.starts_with(|c: char| c.is_ascii_digit()) =>
        {
            number.to_owned()
        }
        _ => text.into_owned(),
    }
}

/// `="+91…"`: how a spreadsheet is told to keep a number as a text. Our own table writes such a text with a guard.
fn unwrapped(value: &str) -> Option<String> {
    let inside = value.trim().strip_prefix("=\"")?.strip_suffix('"')?;
    Some(inside.replace("\"\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_put_around_a_value_is_undone() {
        for (column, written, read) in [
            ("mobile_number", "=\"+919876543210\"", "+919876543210"),
            ("mobile_number", "'+919876543210", "+919876543210"),
            ("mobile_number", "'919876543210", "919876543210"),
            ("received_timestamp", "'1769860800000", "1769860800000"),
            ("mobile_number", "''57575", "'57575"),
            ("mobile_number", "''4.4E+11", "'4.4E+11"),
            ("message", "'1 is a number", "'1 is a number"),
            ("message", "'=1+1", "=1+1"),
            ("message", "=\"a \"\"b\"\"\"", "a \"b\""),
            ("message", "'=\"a\"", "=\"a\""),
            ("message", "=\"", "=\""),
        ] {
            assert_eq!(cell(column, written), read, "{written}");
        }
    }

    #[test]
    fn one_answer_says_what_is_missing_and_what_was_found() {
        let refused = Columns::of(["phone", "msg", "Received At"]).unwrap_err();
        assert_eq!(
            refused.detail,
            "the first line does not name the columns that a list of SMS needs: missing are mobile_number, sms_message; found are \
             \"phone\", \"msg\", \"Received At\""
        );
        assert_eq!(refused.errors.len(), 2);
        let many: Vec<String> = (0..100).map(|n| format!("{n}{}", "x".repeat(100))).collect();
        assert!(Columns::of(many.iter().map(String::as_str)).unwrap_err().detail.len() < 1_500);
    }

    #[test]
    fn a_header_of_a_megabyte_is_no_header() {
        let of = |names: usize, nameless: usize| {
            let names = (3..names)
                .map(|n| format!("{n:05x}"))
                .chain(["from", "text", "timestamp"].map(str::to_owned));
            let titles: Vec<String> = names.chain(std::iter::repeat_n(String::new(), nameless)).collect();
            Columns::of(titles.iter().map(String::as_str)).map(drop).map_err(|unusable| unusable.detail)
        };
        assert_eq!(of(COLUMNS_MAX, 0), Ok(()));
        assert_eq!(of(5, 16_384), Ok(()), "columns without a name cost nothing");
        assert!(of(COLUMNS_MAX + 1, 0).unwrap_err().starts_with("the first line names more than"));
        let twice = Columns::of(["from", "text", "timestamp", "from", "", ""]).unwrap_err();
        assert!(twice.detail.ends_with("stands twice in the header"), "{}", twice.detail);
    }
}
