//! That every acknowledged SMS is in `input_sms` exactly once, and every validated number at the remote once. What was
//! answered is compared with what is there, one by one.

use crate::Outcome;
use crate::bench::real::stores::Stores;

/// What the bridge acknowledged.
#[derive(Default)]
pub(crate) struct Acknowledged {
    /// The ids of those that were judged at once.
    pub(crate) judged: Vec<u128>,
    /// How many were kept for later: they get their ids then.
    pub(crate) kept: usize,
    /// The places whose numbers must be validated.
    pub(crate) validated: Vec<usize>,
}

/// Rows that are read in one step.
const STEP: i64 = 500_000;

/// What contradicts it; none is good.
pub(crate) fn against(acknowledged: &mut Acknowledged, stores: &Stores) -> Outcome<Vec<String>> {
    let mut there = Vec::new();
    let last: i64 = stores.row("select coalesce(max(redis_id), 0) from input_sms")?.join("").parse()?;
    for from in (0..=last).step_by(usize::try_from(STEP)?) {
        let sql =
            format!("select sms_id from input_sms where redis_id >= {from} and redis_id < {}", from + STEP);
        for line in stores.lines(&sql)? {
            there.push(line.parse::<uuid::Uuid>()?.as_u128());
        }
    }
    let mut against = compare(&mut acknowledged.judged, acknowledged.kept, &mut there);
    let mut at_the_remote = stores.at_the_remote()?;
    let mut wanted: Vec<String> =
        acknowledged.validated.iter().map(|place| crate::bench::requests::number(*place)).collect();
    wanted.sort_unstable();
    at_the_remote.sort_unstable();
    if wanted != at_the_remote {
        let (wanted, there) = (wanted.len(), at_the_remote.len());
        against.push(format!("{wanted} numbers were validated and {there} are at the remote, or others"));
    }
    Ok(against)
}

fn compare(judged: &mut [u128], kept: usize, there: &mut [u128]) -> Vec<String> {
    judged.sort_unstable();
    there.sort_unstable();
    let mut against = Vec::new();
    let twice = there.windows(2).filter(|pair| pair[0] == pair[1]).count();
    if twice > 0 {
        against.push(format!("{twice} SMS are in input_sms twice"));
    }
    let missing = judged.iter().filter(|id| there.binary_search(id).is_err()).count();
    if missing > 0 {
        against.push(format!("{missing} SMS were acknowledged and are not in input_sms"));
    }
    if there.len() != judged.len() + kept {
        let (sent, rows) = (judged.len() + kept, there.len());
        against.push(format!("{sent} SMS were acknowledged and input_sms has {rows} rows"));
    }
    against
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn a_lost_a_doubled_and_an_unknown_row_are_each_seen() {
        assert!(compare(&mut [2, 1], 1, &mut [3, 1, 2]).is_empty());
        assert_eq!(compare(&mut [1, 2], 0, &mut [1]).len(), 2);
        assert_eq!(compare(&mut [1, 2], 0, &mut [1, 2, 2]).len(), 2);
        assert_eq!(compare(&mut [1], 0, &mut [1, 9]).len(), 1);
    }
}
