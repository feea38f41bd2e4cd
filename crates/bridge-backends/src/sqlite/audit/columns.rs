//! How values stand in the audit tables: times and ids as text, a column for each check. Not what the rows mean.

use bridge_core::checks::CHECKS;
use bridge_core::onboarding::Asked;
use bridge_core::verdict::{Code, Codes};
use bridge_core::{Mobile, State, Timestamp};
use bridge_store::place::Place;
use rusqlite::Row;
use rusqlite::types::{FromSqlError, Type};
use uuid::Uuid;

/// A time as the tables hold it. Always three digits of milliseconds: text order is time order.
pub(super) struct At(pub(super) Timestamp);

impl rusqlite::ToSql for At {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        let text = self.0.to_rfc3339_millis();
        Ok(text.into())
    }
}

impl rusqlite::types::FromSql for At {
    fn column_result(value: rusqlite::types::ValueRef<'_>) -> rusqlite::types::FromSqlResult<At> {
        Timestamp::parse_stored(value.as_str()?).map(At).map_err(|e| FromSqlError::Other(e.into()))
    }
}

/// A column whose text is not what the program wrote there.
pub(super) fn damaged(
    column: usize,
    what: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
}

/// The state that an onboarding has by that column.
pub(super) fn state(column: usize, word: &str) -> rusqlite::Result<State> {
    State::from_word(word).ok_or_else(|| damaged(column, "no state of an onboarding"))
}

/// The number in that column.
pub(super) fn e164(column: usize, text: &str) -> rusqlite::Result<Mobile> {
    Mobile::from_e164(text).ok_or_else(|| damaged(column, "no E.164 number"))
}

/// What an app asked for, as the column holds it: nothing where it asked for nothing.
pub(super) fn asked_text(asked: &Asked) -> Option<String> {
    (!asked.is_nothing()).then(|| serde_json::to_string(asked).ok()).flatten()
}

/// The same, read back.
pub(super) fn asked(column: usize, text: Option<String>) -> rusqlite::Result<Asked> {
    let read = |text: String| serde_json::from_str(&text).map_err(|error| damaged(column, error));
    text.map(read).transpose().map(Option::unwrap_or_default)
}

/// The check columns, `mobile_check, duplicate_check, …`.
pub(super) fn check_columns() -> String {
    CHECKS.iter().map(|check| check.name).collect::<Vec<_>>().join(", ")
}

/// The check columns, from that column on.
pub(super) fn codes(row: &Row<'_>, first: usize) -> rusqlite::Result<Codes> {
    let mut codes = [Code::Disabled; CHECKS.len()];
    for (column, code) in (first..).zip(&mut codes) {
        *code = Code::from_number(row.get(column)?).ok_or_else(|| damaged(column, "no check code"))?;
    }
    Ok(Codes(codes))
}

pub(super) fn uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Uuid> {
    row.get::<_, String>(column)?.parse().map_err(|e: uuid::Error| damaged(column, e))
}

pub(super) fn optional_uuid(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Uuid>> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|e: uuid::Error| damaged(column, e))).transpose()
}

/// The place after which a list goes on; without one, the place before the first.
pub(super) fn start_of(after: Option<Place>) -> Place {
    after.unwrap_or(Place { at: Timestamp(0), id: 0 })
}
