//! How values lie in columns: times, numbers of rows, and a batch as one array for each column.

use std::error::Error;

use bridge_core::onboarding::Asked;
use bridge_core::{Mobile, Timestamp};
use bridge_store::place::Place;
use bytes::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, accepts, to_sql_checked};

use super::lease::Unreadable;

/// A time as TIMESTAMPTZ: microseconds since 2000. What lies beyond all times is infinite there too.
#[derive(Debug)]
pub(super) struct At(pub(super) Timestamp);

const YEAR_2000_MILLIS: i64 = 946_684_800_000;

impl ToSql for At {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        let micros = self.0.0.saturating_sub(YEAR_2000_MILLIS).saturating_mul(1000);
        micros.to_sql(&Type::INT8, out)
    }

    accepts!(TIMESTAMPTZ);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for At {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<At, Box<dyn Error + Sync + Send>> {
        let micros = i64::from_sql(&Type::INT8, raw)?;
        Ok(At(Timestamp(micros.div_euclid(1000).saturating_add(YEAR_2000_MILLIS))))
    }

    accepts!(TIMESTAMPTZ);
}

/// One column of a batch.
pub(super) fn column<'a, R, T>(batch: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    batch.iter().map(value).collect()
}

/// At most this many rows.
pub(super) fn limit(max: usize) -> i64 {
    i64::try_from(max).unwrap_or(i64::MAX)
}

/// Where a page begins: behind that place, or at the very first row.
pub(super) fn behind(after: Option<Place>) -> (At, i64) {
    after.map_or((At(Timestamp(i64::MIN)), i64::MIN), |place| (At(place.at), place.id))
}

/// What a statement that counts answered.
pub(super) fn counted(rows: &[i64]) -> usize {
    rows.iter().map(|n| usize::try_from(*n).unwrap_or(0)).sum()
}

/// What an app asked for, as the column holds it: nothing where it asked for nothing.
pub(super) fn asked_text(asked: &Asked) -> Option<String> {
    (!asked.is_nothing()).then(|| serde_json::to_string(asked).ok()).flatten()
}

/// The same, read back.
pub(super) fn asked(text: Option<&str>) -> Result<Asked, Unreadable> {
    Ok(text.map(serde_json::from_str).transpose()?.unwrap_or_default())
}

/// A number as the tables hold it.
pub(super) fn e164(text: &str) -> Result<Mobile, Unreadable> {
    Ok(Mobile::from_e164(text).ok_or("mobile_number is no E.164 number")?)
}
