//! Lays what the app was told beside the books: every event came, none was invented, and those of one onboarding came in their
//! order. Pure: both are read before.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Deserialize;

use super::app::Book;
use super::books::Books;
use super::proof::Line;

/// A message, as far as it is looked at.
#[derive(Debug, Deserialize)]
struct Message {
    #[serde(rename = "type")]
    kind: String,
    /// Always as long, so that texts compare as times do.
    timestamp: String,
    data: Data,
}

#[derive(Debug, Deserialize)]
struct Data {
    sms_id: Option<String>,
    onboarding_id: Option<String>,
    mobile_number: Option<String>,
    receiver: Option<String>,
    status: Option<String>,
    failed_at_check: Option<String>,
    /// Why a number was blocked.
    reason: Option<String>,
}

/// What one event is about: its kind, and whom it names.
type Key = (String, String);

impl Message {
    fn key(&self) -> Key {
        let data = &self.data;
        let whom = match self.kind.as_str() {
            "sms.judged" => &data.sms_id,
            "number.blacklisted" => &data.mobile_number,
            kind if kind.starts_with("receiver.") => &data.receiver,
            _ => &data.onboarding_id,
        };
        (self.kind.clone(), whom.clone().unwrap_or_default())
    }
}

const JUDGED: &str = "sms.judged";
const BLOCKED: &str = "number.blacklisted";
/// The reason of a block that nobody made by hand.
const BY_COUNT: &str = "threshold_exceeded";
/// What begins and ends, again and again.
const TURNS: [(&str, &str); 2] = [("bridge.paused", "bridge.resumed"), ("receiver.silent", "receiver.back")];

pub(crate) fn prove(book: &Book, books: &Books) -> Vec<Line> {
    let mut unreadable = book.wrong.clone();
    let mut messages = Vec::new();
    for told in &book.told {
        match serde_json::from_slice::<Message>(&told.body) {
            Ok(message) => messages.push((told, message)),
            Err(why) => {
                unreadable.push(format!("{}: {why}: {}", told.id, String::from_utf8_lossy(&told.body)));
            }
        }
    }
    let mut taken: HashMap<Key, u32> = HashMap::new();
    for (told, message) in &messages {
        *taken.entry(message.key()).or_default() += u32::from(told.taken);
    }
    let expected = expected(books);
    let messages: Vec<Message> = messages.into_iter().map(|(_, message)| message).collect();
    let tries: u32 = book.told.iter().map(|told| told.times).sum::<u32>() + book.refused;
    vec![
        Line {
            title: "every event was told and taken",
            found: format!("{} events by {tries} tries", book.told.len()),
            against: (expected.keys().filter(|key| taken.get(*key).is_none_or(|count| *count == 0)))
                .map(|(kind, whom)| format!("not taken: {kind} of {whom}"))
                .collect(),
        },
        invented(&expected, &messages, unreadable),
        ordered(&messages),
    ]
}

/// What must be told, with what it must say: the status of an SMS and the check that it failed.
fn expected(books: &Books) -> BTreeMap<Key, Option<(String, Option<String>)>> {
    let mut all = BTreeMap::new();
    for row in &books.sms {
        let says = Some((row.validation_status.clone(), row.failed_at_check.clone()));
        all.insert((JUDGED.to_owned(), row.sms_id.clone()), says);
    }
    for row in books.onboardings.iter().filter(|row| row.status != "pending") {
        all.insert((format!("onboarding.{}", row.status), row.onboarding_id.clone()), None);
    }
    all.extend(books.blocked.iter().map(|mobile| ((BLOCKED.to_owned(), mobile.clone()), None)));
    all
}

fn invented(
    expected: &BTreeMap<Key, Option<(String, Option<String>)>>,
    messages: &[Message],
    mut against: Vec<String>,
) -> Line {
    let is_turn = |kind: &str| TURNS.iter().any(|(begins, ends)| [begins, ends].contains(&&kind));
    for message in messages.iter().filter(|message| !is_turn(&message.kind)) {
        match expected.get(&message.key()) {
            None => against.push(format!("it did not happen: {message:?}")),
            Some(Some((status, failed_at)))
                if message.data.status.as_ref() != Some(status)
                    || message.data.failed_at_check != *failed_at =>
            {
                against.push(format!("it was {status} {failed_at:?}: {message:?}"));
            }
            Some(_) => {}
        }
    }
    let mut ids: HashMap<Key, u32> = HashMap::new();
    for message in messages.iter().filter(|message| !is_turn(&message.kind)) {
        // By hand a number may be blocked twice: nobody heard the first answer.
        if message.kind != BLOCKED || message.data.reason.as_deref() == Some(BY_COUNT) {
            *ids.entry(message.key()).or_default() += 1;
        }
    }
    let twice = ids.iter().filter(|(_, count)| **count > 1);
    against.extend(twice.map(|(key, count)| format!("{count} ids for {key:?}")));
    let found = format!("{} expected", expected.len());
    Line { title: "no event was invented, and each has one id", found, against }
}

fn ordered(messages: &[Message]) -> Line {
    let (mut against, mut onboardings) = (Vec::new(), HashMap::new());
    for message in messages {
        let Some(id) = &message.data.onboarding_id else { continue };
        if let Some(before) =
            onboardings.insert(id, message).filter(|before| before.timestamp > message.timestamp)
        {
            against.push(format!("{before:?} came before {message:?}"));
        }
    }
    let mut turns: HashMap<(String, &str), bool> = HashMap::new();
    let mut count = 0;
    for message in messages {
        let Some((begins, _)) =
            TURNS.iter().find(|(begins, ends)| [begins, ends].contains(&&message.kind.as_str()))
        else {
            continue;
        };
        count += 1;
        let is_on = message.kind == *begins;
        let was_on = turns.insert((message.key().1, begins), is_on).unwrap_or(false);
        if is_on == was_on {
            against.push(format!("said twice in a row: {message:?}"));
        }
    }
    let of: HashSet<_> = onboardings.keys().collect();
    let found = format!("{} onboardings, {count} pauses, silences and their ends", of.len());
    Line { title: "the events of each onboarding came in their order", found, against }
}

#[cfg(test)]
mod tests {
    use super::super::app::Told;
    use super::super::books::{OnboardingRow, SmsRow};
    use super::*;

    fn books() -> Books {
        let sms = SmsRow {
            redis_id: 1,
            sms_id: "s1".to_owned(),
            mobile_number: "+91".to_owned(),
            sms_message: "x".to_owned(),
            received_ms: 0,
            validation_status: "passed".to_owned(),
            failed_at_check: None,
            codes: "1111111".to_owned(),
            synced: true,
        };
        let onboarding = OnboardingRow {
            onboarding_id: "o1".to_owned(),
            pair: "+91:d".to_owned(),
            hash: "h".to_owned(),
            status: "validated".to_owned(),
            is_validated: true,
        };
        Books { sms: vec![sms], onboardings: vec![onboarding], ..Books::default() }
    }

    fn message(kind: &str, second: u32, data: &str) -> Told {
        let body = format!(
            "{{\"type\":\"{kind}\",\"timestamp\":\"2026-01-01T00:00:{second:02}Z\",\"data\":{data}}}"
        );
        Told { id: format!("evt_{kind}_{second}"), body: body.into(), times: 1, taken: true }
    }

    fn judged(second: u32) -> Told {
        let data = r#"{"sms_id":"s1","onboarding_id":"o1","status":"passed","failed_at_check":null}"#;
        message(JUDGED, second, data)
    }

    fn validated(second: u32) -> Told {
        message("onboarding.validated", second, r#"{"onboarding_id":"o1","status":"validated"}"#)
    }

    fn red(told: Vec<Told>) -> Vec<&'static str> {
        let book = Book { told, ..Book::default() };
        prove(&book, &books()).iter().filter(|line| !line.against.is_empty()).map(|line| line.title).collect()
    }

    const TOLD: &str = "every event was told and taken";
    const INVENTED: &str = "no event was invented, and each has one id";
    const ORDER: &str = "the events of each onboarding came in their order";

    #[test]
    fn what_happened_and_was_told_is_green() {
        let pause = [message("bridge.paused", 1, "{}"), message("bridge.resumed", 2, "{}")];
        assert_eq!(red([judged(1), validated(1)].into_iter().chain(pause).collect()), [] as [&str; 0]);
    }

    #[test]
    fn what_is_missing_not_taken_invented_doubled_or_out_of_order_is_red() {
        assert_eq!(red(vec![judged(1)]), [TOLD]);
        assert_eq!(red(vec![judged(1), Told { taken: false, ..validated(1) }]), [TOLD]);
        let nobodys = message("onboarding.cancelled", 3, r#"{"onboarding_id":"o2"}"#);
        assert_eq!(red(vec![judged(1), validated(1), nobodys]), [INVENTED]);
        assert_eq!(red(vec![judged(1), judged(2), validated(3)]), [INVENTED]);
        let other = message(JUDGED, 1, r#"{"sms_id":"s1","onboarding_id":"o1","status":"failed"}"#);
        assert_eq!(red(vec![other, validated(2)]), [INVENTED]);
        assert_eq!(red(vec![validated(2), judged(1)]), [ORDER]);
        let twice = vec![
            judged(1),
            validated(1),
            message("bridge.paused", 1, "{}"),
            message("bridge.paused", 2, "{}"),
        ];
        assert_eq!(red(twice), [ORDER]);
        assert_eq!(red(vec![judged(1), validated(1), message("bridge.resumed", 1, "{}")]), [ORDER]);
    }
}
