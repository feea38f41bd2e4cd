//! What is asked by the phone's own time: is an SMS known, and how many came in which hour.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::audit::{AskedSms, HourCount, KNOWN_WITHIN, LookupTrail};
use tokio_postgres::types::Type;

use super::columns::{At, column};
use super::lease::{BATCH, Lease, SLOW};
use super::store::{PostgresAudit, on_lease};

#[async_trait]
impl LookupTrail for PostgresAudit {
    async fn known_sms(&self, asked: &[AskedSms]) -> Result<Vec<bool>> {
        on_lease!(self.known_sms(BATCH, known, asked))
    }

    async fn count_by_hour(&self, from: Timestamp, to: Timestamp) -> Result<Vec<HourCount>> {
        on_lease!(self.count_by_hour(SLOW, count_by_hour, from, to))
    }
}

/// The whole batch in one statement. The order of the number is that of the index by time: by the number alone, all
/// rows of a number would be read for each SMS that is asked for. Whichever ends of lines a spreadsheet has made of those
/// that came, it is the same text.
const KNOWN: &str = "
    SELECT DISTINCT place
    FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[])
        AS asked (place, mobile, message, first, last)
    WHERE EXISTS (
            SELECT FROM public.input_sms sms
            WHERE sms.received_timestamp BETWEEN first AND last AND sms.mobile_number COLLATE \"C\" = mobile
                AND replace(sms.sms_message, chr(13), '') = replace(message, chr(13), ''))
        OR EXISTS (
            SELECT FROM public.power_down_store sms
            WHERE sms.received_timestamp BETWEEN first AND last AND sms.mobile_number COLLATE \"C\" = mobile
                AND replace(sms.sms_message, chr(13), '') = replace(message, chr(13), ''))";

/// Of those whose time nobody knows (decisions.md D40): by number and text, whenever it came.
const KNOWN_TIMELESS: &str = "
    SELECT DISTINCT place
    FROM unnest($1::bigint[], $2::text[], $3::text[]) AS asked (place, mobile, message)
    WHERE EXISTS (
            SELECT FROM public.input_sms sms WHERE sms.mobile_number COLLATE \"C\" = mobile AND replace(sms.sms_message, chr(13), '') = replace(message, chr(13), ''))
        OR EXISTS (
            SELECT FROM public.power_down_store sms WHERE sms.mobile_number = mobile AND replace(sms.sms_message, chr(13), '') = replace(message, chr(13), ''))";

async fn known(lease: &mut Lease, asked: &[AskedSms]) -> Result<Vec<bool>> {
    let stamped: Vec<(i64, &AskedSms, Timestamp)> = (0..)
        .zip(asked)
        .flat_map(|(place, sms)| sms.stamps.iter().map(move |at| (place, sms, *at)))
        .collect();
    let found = lease
        .rows(
            KNOWN,
            &[
                (&column(&stamped, |(place, ..)| *place), Type::INT8_ARRAY),
                (&column(&stamped, |(_, sms, _)| sms.mobile_number.as_str()), Type::TEXT_ARRAY),
                (&column(&stamped, |(_, sms, _)| sms.text.as_str()), Type::TEXT_ARRAY),
                (&column(&stamped, |(.., at)| At(*at - KNOWN_WITHIN)), Type::TIMESTAMPTZ_ARRAY),
                (&column(&stamped, |(.., at)| At(*at + KNOWN_WITHIN)), Type::TIMESTAMPTZ_ARRAY),
            ],
            |row| Ok(row.try_get::<_, i64>(0)?),
        )
        .await?;
    let timeless: Vec<(i64, &AskedSms)> = (0..).zip(asked).filter(|(_, sms)| sms.stamps.is_empty()).collect();
    let found_timeless = match timeless[..] {
        [] => Vec::new(),
        _ => {
            let parameters: [super::lease::Parameter<'_>; 3] = [
                (&column(&timeless, |(place, _)| *place), Type::INT8_ARRAY),
                (&column(&timeless, |(_, sms)| sms.mobile_number.as_str()), Type::TEXT_ARRAY),
                (&column(&timeless, |(_, sms)| sms.text.as_str()), Type::TEXT_ARRAY),
            ];
            lease.rows(KNOWN_TIMELESS, &parameters, |row| Ok(row.try_get::<_, i64>(0)?)).await?
        }
    };
    let mut known = vec![false; asked.len()];
    for place in found.into_iter().chain(found_timeless) {
        if let Some(known) = usize::try_from(place).ok().and_then(|place| known.get_mut(place)) {
            *known = true;
        }
    }
    Ok(known)
}

async fn count_by_hour(lease: &mut Lease, from: Timestamp, to: Timestamp) -> Result<Vec<HourCount>> {
    lease
        .rows(
            "SELECT receiver_id, date_trunc('hour', received_timestamp, 'UTC') AS hour, count(*)
             FROM public.input_sms WHERE received_timestamp >= $1 AND received_timestamp < $2
             GROUP BY receiver_id, hour ORDER BY hour, receiver_id COLLATE \"C\"",
            &[(&At(from), Type::TIMESTAMPTZ), (&At(to), Type::TIMESTAMPTZ)],
            |row| {
                Ok(HourCount {
                    receiver_id: row.try_get(0)?,
                    hour: row.try_get::<_, At>(1)?.0,
                    count: row.try_get(2)?,
                })
            },
        )
        .await
}
