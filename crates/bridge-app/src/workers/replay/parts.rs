//! Long SMS that their sender delivers in parts, joined when all are there. Pure: rows in, rows out.

use std::collections::BTreeMap;

use bridge_core::message::bounded;
use bridge_core::{InboundSms, Span, Timestamp};
use bridge_store::audit::WaitingSms;

/// As long as the slowest sender tries to deliver a part (Vonage: 24 h). Then what is there is judged.
const WAITS: Span = Span(24 * 3_600_000);

/// What became of the parts that wait.
#[derive(Debug, Default)]
pub(super) struct Joined {
    /// Whole SMS, and the rows that each was made of.
    pub(super) whole: Vec<(InboundSms, Vec<i64>)>,
    /// Parts whose others are not there yet.
    pub(super) alone: Vec<WaitingSms>,
}

/// Joins what belongs together: same receiver, line, sender, reference and number of parts. `is_enough` says of the first
/// parts whether they hold all that a judgement needs: then nothing waits for the rest, which is kept and not judged (D41).
pub(super) fn join(parts: Vec<WaitingSms>, now: Timestamp, is_enough: impl Fn(&str) -> bool) -> Joined {
    type Group = (String, Option<String>, String, String, u8);
    let mut groups: BTreeMap<Group, Vec<WaitingSms>> = BTreeMap::new();
    for row in parts {
        let Some(part) = &row.sms.part else { continue };
        let key = (
            row.sms.receiver_id.clone(),
            row.sms.line.clone(),
            row.sms.mobile_number().to_owned(),
            part.reference.clone(),
            part.total,
        );
        groups.entry(key).or_default().push(row);
    }
    let mut joined = Joined::default();
    for ((.., total), rows) in groups {
        let number = |row: &WaitingSms| row.sms.part.as_ref().map_or(0, |part| part.number);
        let mut by_number: BTreeMap<u8, &WaitingSms> = BTreeMap::new();
        for row in &rows {
            by_number.entry(number(row)).or_insert(row);
        }
        let oldest = rows.iter().map(|row| row.sms.server_received_at).min().unwrap_or(now);
        if by_number.len() < usize::from(total) && now - oldest < WAITS {
            let first = (1..=total).map_while(|number| by_number.get(&number));
            let beginning: String = first.clone().map(|row| row.sms.text.as_str()).collect();
            if !is_enough(&beginning) {
                joined.alone.extend(rows);
                continue;
            }
            by_number = first.map(|row| (number(row), *row)).collect();
        }
        if let Some(sms) = whole(by_number.values().map(|row| &row.sms)) {
            joined.whole.push((sms, rows.iter().map(|row| row.id).collect()));
        }
    }
    joined
}

/// One SMS of these parts, in their order: under the id of the first, so that judging it twice is judging it once.
fn whole<'a>(parts: impl Iterator<Item = &'a InboundSms> + Clone) -> Option<InboundSms> {
    let first = parts.clone().next()?;
    Some(InboundSms {
        text: bounded(parts.clone().map(|part| part.text.as_str()).collect()),
        received_timestamp: parts.clone().map(|part| part.received_timestamp).min()?,
        server_received_at: parts.map(|part| part.server_received_at).max()?,
        part: None,
        ..first.clone()
    })
}

#[cfg(test)]
mod tests {
    use bridge_core::Mobile;
    use bridge_core::sms::Part;
    use uuid::Uuid;

    use super::*;

    fn row(id: i64, reference: &str, total: u8, number: u8, text: &str) -> WaitingSms {
        let sms = InboundSms {
            sms_id: Uuid::from_u128(id.unsigned_abs().into()),
            sender_raw: "+919876543210".into(),
            sender: Ok(Mobile::from_e164("+919876543210").unwrap()),
            text: text.into(),
            received_timestamp: Timestamp(1_000_000 + id),
            stamped: true,
            stamp_raw: None,
            clock_not_set: None,
            server_received_at: Timestamp(2_000_000 + id),
            receiver_id: "vonage".into(),
            format: "vonage".into(),
            line: None,
            delivery_id: Some(id.to_string()),
            clock_skew: Span(0),
            part: Some(Part { reference: reference.into(), total, number }),
        };
        WaitingSms { id, sms }
    }

    fn texts(rows: Vec<WaitingSms>, now: Timestamp) -> (Vec<String>, usize) {
        let joined = join(rows, now, |_| false);
        (joined.whole.into_iter().map(|(sms, _)| sms.text).collect(), joined.alone.len())
    }

    #[test]
    fn joins_in_order_of_number_whatever_the_order_of_arrival() {
        let rows = vec![
            row(1, "7", 3, 3, "c"),
            row(2, "8", 2, 1, "x"),
            row(3, "7", 3, 1, "a"),
            row(4, "7", 3, 2, "b"),
        ];
        let joined = join(rows, Timestamp(2_000_010), |_| false);
        let (sms, rows) = &joined.whole[0];
        assert_eq!((sms.text.as_str(), sms.part.as_ref(), rows.as_slice()), ("abc", None, &[1, 3, 4][..]));
        assert_eq!(sms.sms_id, Uuid::from_u128(3), "that of part 1");
        assert_eq!((sms.received_timestamp.0, sms.server_received_at.0), (1_000_001, 2_000_004));
        assert_eq!(joined.alone.len(), 1);
    }

    #[test]
    fn a_part_that_comes_twice_is_one() {
        let rows = vec![row(1, "7", 2, 1, "a"), row(2, "7", 2, 1, "a")];
        assert_eq!(texts(rows.clone(), Timestamp(2_000_010)), (vec![], 2));
        let all = [rows, vec![row(3, "7", 2, 2, "b")]].concat();
        assert_eq!(texts(all, Timestamp(2_000_010)), (vec!["ab".to_owned()], 0));
    }

    #[test]
    fn nothing_waits_for_the_rest_of_what_is_enough() {
        let now = Timestamp(2_000_010);
        let joined = join(vec![row(1, "7", 3, 1, "a"), row(3, "7", 3, 3, "c")], now, |text| text == "a");
        let (sms, rows) = &joined.whole[0];
        assert_eq!((sms.text.as_str(), rows.as_slice(), joined.alone.len()), ("a", &[1, 3][..], 0));
        let joined = join(vec![row(2, "7", 3, 2, "a")], now, |text| text == "a");
        assert_eq!((joined.whole.len(), joined.alone.len()), (0, 1), "it is not its beginning");
    }

    #[test]
    fn what_never_gets_whole_is_judged_after_a_day() {
        let rows = vec![row(1, "7", 3, 1, "a"), row(2, "7", 3, 3, "c")];
        assert_eq!(texts(rows.clone(), Timestamp(2_000_001 + WAITS.0 - 1)).1, 2);
        assert_eq!(texts(rows, Timestamp(2_000_001 + WAITS.0)), (vec!["ac".to_owned()], 0));
    }
}
