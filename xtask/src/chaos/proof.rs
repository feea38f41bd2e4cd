//! Lays the ledger beside the books: what was promised, and what is there. Pure: both are read before.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::books::{Books, SmsRow};
use super::ledger::{Ack, End, Entries, Route, Sent};

/// One thing that is proved.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) title: &'static str,
    /// In numbers.
    pub(crate) found: String,
    /// What contradicts it; none for a green line.
    pub(crate) against: Vec<String>,
}

/// What was seen besides ledger and books.
#[derive(Default)]
pub(crate) struct Seen {
    /// Looks at the saved counters, and what went back.
    pub(crate) counter_looks: u32,
    pub(crate) counters_back: Vec<String>,
    /// What was left when waiting for it was given up.
    pub(crate) left: BTreeMap<String, u64>,
}

pub(crate) fn prove(entries: &Entries, books: &Books, seen: &Seen) -> Vec<Line> {
    let matched = Matched::new(&entries.sms, &books.sms);
    let mut lines = vec![
        finished(entries),
        once(entries, books, &matched),
        ids(books),
        verdicts(entries, &matched),
        answers(entries, &matched),
        onboardings(entries, books),
        validated(entries, books),
    ];
    lines.extend(at_the_remote(entries, books));
    lines.push(counters(seen));
    lines.push(nothing_left(books, seen));
    lines.push(no_false_answer(entries));
    lines
}

/// The rows of each SMS, and those that nobody sent.
struct Matched<'a> {
    of_sent: Vec<Vec<&'a SmsRow>>,
    nobodys: Vec<&'a SmsRow>,
}

impl<'a> Matched<'a> {
    fn new(sent: &[Sent], rows: &'a [SmsRow]) -> Matched<'a> {
        let mut waiting: HashMap<(&str, &str), Vec<&'a SmsRow>> = HashMap::new();
        for row in rows {
            waiting.entry((&row.mobile_number, &row.sms_message)).or_default().push(row);
        }
        let mut of_sent = vec![Vec::new(); sent.len()];
        // Those with a stamp first: what is left of a text belongs to the one without.
        let (stamped, bare): (Vec<usize>, Vec<usize>) =
            (0..sent.len()).partition(|&n| sent[n].stamp_ms.is_some());
        for n in stamped.into_iter().chain(bare) {
            let Some(rows) = waiting.get_mut(&(sent[n].mobile.as_str(), sent[n].text.as_str())) else {
                continue;
            };
            let is_its = |row: &&SmsRow| sent[n].stamp_ms.is_none_or(|stamp| stamp == row.received_ms);
            let (its, others) = rows.drain(..).partition(is_its);
            (of_sent[n], *rows) = (its, others);
        }
        Matched { of_sent, nobodys: waiting.into_values().flatten().collect() }
    }

    fn pairs<'s>(&'s self, sent: &'s [Sent]) -> impl Iterator<Item = (&'s Sent, &'s [&'a SmsRow])> {
        sent.iter().zip(self.of_sent.iter().map(Vec::as_slice))
    }
}

fn line(title: &'static str, found: String, against: Vec<String>) -> Line {
    Line { title, found, against }
}

fn finished(entries: &Entries) -> Line {
    let waiting = entries.sms.iter().filter(|sent| !sent.is_acknowledged());
    let mut against: Vec<String> = waiting.map(|sent| format!("never acknowledged: {sent:?}")).collect();
    if entries.unfinished > 0 {
        against.push(format!("{} journeys had no answer to the end", entries.unfinished));
    }
    let found = format!("{} journeys, {} SMS", entries.journeys, entries.sms.len());
    line("every phone got its acknowledgement in the end", found, against)
}

fn once(entries: &Entries, books: &Books, matched: &Matched<'_>) -> Line {
    let mut against = Vec::new();
    for (sent, rows) in matched.pairs(&entries.sms) {
        let right = if sent.is_acknowledged() { rows.len() == 1 } else { rows.len() <= 1 };
        if !right {
            against.push(format!("{} rows for {sent:?}: {rows:?}", rows.len()));
        }
    }
    against.extend(matched.nobodys.iter().map(|row| format!("nobody sent {row:?}")));
    let acknowledged = entries.sms.iter().filter(|sent| sent.is_acknowledged()).count();
    let found = format!("{acknowledged} acknowledged, {} rows", books.sms.len());
    line("every acknowledged SMS is in input_sms exactly once", found, against)
}

fn ids(books: &Books) -> Line {
    let (mut redis, mut sms) = (HashSet::new(), HashSet::new());
    let mut against = Vec::new();
    for row in &books.sms {
        if !redis.insert(row.redis_id) {
            against.push(format!("redis_id {} comes again: {row:?}", row.redis_id));
        }
        if !sms.insert(&row.sms_id) {
            against.push(format!("sms_id {} comes again: {row:?}", row.sms_id));
        }
    }
    let highest = books.sms.iter().map(|row| row.redis_id).max().unwrap_or_default();
    line("no id was used twice", format!("{} ids up to {highest}", redis.len()), against)
}

fn verdicts(entries: &Entries, matched: &Matched<'_>) -> Line {
    let (mut against, mut judged) = (Vec::new(), 0);
    for (sent, rows) in matched.pairs(&entries.sms) {
        for row in rows {
            judged += 1;
            let expected = &sent.expected;
            let status = if expected.passed() { "passed" } else { "failed" };
            if (&row.codes, &row.failed_at_check, row.validation_status.as_str())
                != (&expected.codes, &expected.failed_at, status)
            {
                against.push(format!("{sent:?} has {row:?}"));
            }
        }
    }
    line("every verdict is that of an undisturbed run", format!("{judged} verdicts"), against)
}

fn answers(entries: &Entries, matched: &Matched<'_>) -> Line {
    let (mut against, mut compared, mut stored) = (Vec::new(), 0, 0);
    for (sent, rows) in matched.pairs(&entries.sms) {
        for acked in &sent.acks {
            let Ack::Judged { id, sms_id, verdict } = &acked.ack else {
                stored += 1;
                continue;
            };
            compared += 1;
            let is_of_row = rows.first().is_some_and(|row| row.redis_id == *id && row.sms_id == *sms_id);
            if !is_of_row || *verdict != sent.expected {
                against.push(format!("{sent:?} has {rows:?}"));
            }
        }
    }
    let found = format!("{compared} answers with a verdict, {stored} kept for later");
    line("every answer is the verdict of its row, again and again", found, against)
}

fn onboardings(entries: &Entries, books: &Books) -> Line {
    let mut of_hash: HashMap<&str, Vec<&str>> = HashMap::new();
    for row in &books.onboardings {
        of_hash.entry(&row.hash).or_default().push(&row.pair);
    }
    let mut against = Vec::new();
    for opened in &entries.opened {
        let pairs = of_hash.get(opened.hash.as_str()).map(Vec::as_slice).unwrap_or_default();
        if pairs != [format!("{}:{}", opened.mobile, opened.device)] {
            against.push(format!("{opened:?} is there for {pairs:?}"));
        }
    }
    let found = format!("{} hashes given, {} rows", entries.opened.len(), books.onboardings.len());
    line("every hash that was given is in onboarding_mobile once", found, against)
}

fn validated(entries: &Entries, books: &Books) -> Line {
    let mut against = Vec::new();
    let flagged = books.onboardings.iter().filter(|row| row.is_validated);
    against.extend(
        books
            .onboardings
            .iter()
            .filter(|row| row.is_validated != (row.status == "validated"))
            .map(|row| format!("status and is_validated differ: {row:?}")),
    );
    let flagged: Vec<&str> = flagged.map(|row| row.pair.as_str()).collect();
    let audit: Vec<&str> = books.validated.iter().map(String::as_str).collect();
    let hot: Vec<&str> = books.hot_validated.iter().map(String::as_str).collect();
    for (place, pairs) in
        [("Queue_validated_mobiles", hot), ("ops.validated_mobile", audit), ("onboarding_mobile", flagged)]
    {
        against.extend(differences(place, &entries.validated, &pairs));
    }
    let found = format!("{} pairs in each of three places", entries.validated.len());
    line("every validated pair is kept exactly once, and no other", found, against)
}

fn at_the_remote(entries: &Entries, books: &Books) -> Option<Line> {
    let rows = books.remote.as_ref()?;
    let validated: Vec<&str> =
        rows.iter().filter(|row| row.is_validated).map(|row| row.pair.as_str()).collect();
    let mut against = differences("the remote", &entries.validated, &validated);
    against.extend(rows.iter().filter(|row| !row.is_validated).map(|row| format!("not TRUE: {row:?}")));
    let unsynced = books.sms.iter().filter(|row| row.validation_status == "passed" && !row.synced);
    against.extend(unsynced.map(|row| format!("synced_at is not set: {row:?}")));
    let found = format!("{} pairs", rows.len());
    Some(line("every validated pair is at the remote exactly once, and no other", found, against))
}

fn differences(place: &str, expected: &BTreeSet<String>, found: &[&str]) -> Vec<String> {
    let mut once = BTreeSet::new();
    let mut against: Vec<String> = found
        .iter()
        .filter(|pair| !once.insert(**pair))
        .map(|pair| format!("twice in {place}: {pair}"))
        .collect();
    against.extend(
        expected
            .iter()
            .filter(|pair| !once.contains(pair.as_str()))
            .map(|pair| format!("not in {place}: {pair}")),
    );
    against.extend(
        once.iter()
            .filter(|pair| !expected.contains(**pair))
            .map(|pair| format!("wrongly in {place}: {pair}")),
    );
    against
}

fn counters(seen: &Seen) -> Line {
    let found = format!("{} looks", seen.counter_looks);
    line("no saved counter went back", found, seen.counters_back.clone())
}

fn nothing_left(books: &Books, seen: &Seen) -> Line {
    let in_stores = books.left.iter().map(|(name, count)| ((*name).to_owned(), *count));
    let all: BTreeMap<String, u64> = in_stores.chain(seen.left.clone()).collect();
    let against = all.iter().filter(|(_, count)| **count > 0).map(|(name, count)| format!("{name}: {count}"));
    let found = format!("{} queues, tables and journals", all.len());
    line("nothing is left in journals, power_down_store or queues", found, against.collect())
}

/// A 503 asks the sender to come again; for an SMS it is allowed only where nothing at all is writable, and a
/// bridge's own disk always is, but for the moment in which it stops.
fn no_false_answer(entries: &Entries) -> Line {
    let mut against = entries.wrong.clone();
    let more = entries.wrongs.saturating_sub(entries.wrong.len() as u64);
    if more > 0 {
        against.push(format!("and {more} more"));
    }
    let mut paused = 0;
    for ((route, end), count) in &entries.ends {
        match end {
            End::Status(503) if *route != Route::Sms => paused += count,
            End::Status(status) if *status >= 500 && *status != 503 => {
                against.push(format!("{}: {count} times {status}", route.word()));
            }
            _ => {}
        }
    }
    let refused = entries.ends.get(&(Route::Sms, End::Status(503))).copied().unwrap_or_default();
    let found = format!("{paused} times paused, {refused} SMS refused with 503");
    line("no answer that must not be", found, against)
}

#[cfg(test)]
mod tests {
    use super::super::ledger::Acked;
    use super::super::oracle::Verdict;
    use super::*;

    fn verdict() -> Verdict {
        Verdict { codes: "1111111".to_owned(), failed_at: None }
    }

    fn sent(stamp_ms: Option<i64>, ack: Option<Ack>) -> Sent {
        let acks = ack.map(|ack| Acked { at: jiff::Timestamp::UNIX_EPOCH, bridge: 0, ack });
        Sent {
            place: (0, 0),
            mobile: "+91".to_owned(),
            text: "x".to_owned(),
            stamp_ms,
            expected: verdict(),
            acks: acks.into_iter().collect(),
        }
    }

    fn row(redis_id: i64, received_ms: i64) -> SmsRow {
        SmsRow {
            redis_id,
            sms_id: redis_id.to_string(),
            mobile_number: "+91".to_owned(),
            sms_message: "x".to_owned(),
            received_ms,
            validation_status: "passed".to_owned(),
            failed_at_check: None,
            codes: "1111111".to_owned(),
            synced: true,
        }
    }

    fn against(sms: Vec<Sent>, rows: Vec<SmsRow>) -> Vec<&'static str> {
        let entries = Entries { sms, ..Entries::default() };
        let books = Books { sms: rows, ..Books::default() };
        let lines = prove(&entries, &books, &Seen::default());
        lines.into_iter().filter(|line| !line.against.is_empty()).map(|line| line.title).collect()
    }

    fn judged(id: i64) -> Option<Ack> {
        Some(Ack::Judged { id, sms_id: id.to_string(), verdict: verdict() })
    }

    const ONCE: &str = "every acknowledged SMS is in input_sms exactly once";
    const ANSWERS: &str = "every answer is the verdict of its row, again and again";

    #[test]
    fn what_is_promised_and_there_is_green() {
        let sms =
            vec![sent(Some(1000), judged(1)), sent(None, judged(2)), sent(Some(2000), Some(Ack::Stored))];
        assert!(against(sms, vec![row(2, 7777), row(1, 1000), row(3, 2000)]).is_empty());
    }

    #[test]
    fn a_lost_a_doubled_and_an_unknown_row_are_red() {
        let one = || vec![sent(Some(1000), Some(Ack::Stored))];
        assert_eq!(against(one(), Vec::new()), [ONCE]);
        assert_eq!(against(one(), vec![row(1, 1000), row(2, 1000)]), [ONCE]);
        assert_eq!(against(one(), vec![row(1, 1000), row(2, 5000)]), [ONCE]);
        assert_eq!(against(one(), vec![row(1, 1000), row(1, 1000)]).len(), 2);
    }

    #[test]
    fn another_id_or_verdict_than_answered_is_red() {
        assert_eq!(against(vec![sent(Some(1000), judged(9))], vec![row(1, 1000)]), [ANSWERS]);
        let other = SmsRow { codes: "1244444".to_owned(), ..row(1, 1000) };
        let titles = against(vec![sent(Some(1000), judged(1))], vec![other]);
        assert_eq!(titles, ["every verdict is that of an undisturbed run"]);
    }

    #[test]
    fn sets_are_compared_both_ways() {
        let expected = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        assert!(differences("x", &expected, &["b", "a"]).is_empty());
        assert_eq!(differences("x", &expected, &["a", "a", "c"]).len(), 3);
    }
}
