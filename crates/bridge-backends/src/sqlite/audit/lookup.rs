//! What is asked by the phone's own time: is an SMS known, and how many came in which hour.

use async_trait::async_trait;
use bridge_core::Timestamp;
use bridge_store::Result;
use bridge_store::audit::{AskedSms, HourCount, KNOWN_WITHIN, LookupTrail};
use rusqlite::{Connection, params};

use super::columns::At;
use super::store::SqliteAudit;

#[async_trait]
impl LookupTrail for SqliteAudit {
    async fn known_sms(&self, asked: &[AskedSms]) -> Result<Vec<bool>> {
        let asked = asked.to_vec();
        self.engine.read("known_sms", move |c| known(c, &asked)).await
    }

    async fn count_by_hour(&self, from: Timestamp, to: Timestamp) -> Result<Vec<HourCount>> {
        self.engine.read("count_by_hour", move |c| count_by_hour(c, from, to)).await
    }
}

/// By time: by the number alone, all rows of a number would be read for each SMS that is asked for.
fn known(conn: &Connection, asked: &[AskedSms]) -> rusqlite::Result<Vec<bool>> {
    let mut find = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM input_sms INDEXED BY input_sms_received
                 WHERE received_timestamp BETWEEN ?1 AND ?2 AND mobile_number = ?3
                     AND replace(sms_message, char(13), '') = ?4)
             OR EXISTS (SELECT 1 FROM power_down_store INDEXED BY power_down_store_received
                 WHERE received_timestamp BETWEEN ?1 AND ?2 AND mobile_number = ?3
                     AND replace(sms_message, char(13), '') = ?4)",
    )?;
    // Of those whose time nobody knows (decisions.md D40): by number and text, whenever it came.
    let mut find_timeless = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM input_sms INDEXED BY input_sms_number
                 WHERE mobile_number = ?1 AND replace(sms_message, char(13), '') = ?2)
             OR EXISTS (SELECT 1 FROM power_down_store
                 WHERE mobile_number = ?1 AND replace(sms_message, char(13), '') = ?2)",
    )?;
    let mut known = Vec::with_capacity(asked.len());
    for AskedSms { mobile_number, text, stamps } in asked {
        // Whichever ends of lines a spreadsheet has made of those that came.
        let text = text.replace('\r', "");
        let mut is_known = stamps.is_empty()
            && find_timeless.query_row(params![mobile_number, text], |row| row.get::<_, bool>(0))?;
        for at in stamps {
            let (first, last) = (At(*at - KNOWN_WITHIN), At(*at + KNOWN_WITHIN));
            let found =
                find.query_row(params![first, last, mobile_number, text], |row| row.get::<_, bool>(0))?;
            is_known |= found;
        }
        known.push(is_known);
    }
    Ok(known)
}

fn count_by_hour(conn: &Connection, from: Timestamp, to: Timestamp) -> rusqlite::Result<Vec<HourCount>> {
    conn.prepare_cached(
        "SELECT receiver_id, substr(received_timestamp, 1, 13) || ':00:00.000Z' AS hour, count(*)
         FROM input_sms INDEXED BY input_sms_received WHERE received_timestamp >= ?1 AND received_timestamp < ?2
         GROUP BY receiver_id, hour ORDER BY hour, receiver_id",
    )?
    .query_map(params![At(from), At(to)], |row| {
        Ok(HourCount { receiver_id: row.get(0)?, hour: row.get::<_, At>(1)?.0, count: row.get(2)? })
    })?
    .collect()
}
