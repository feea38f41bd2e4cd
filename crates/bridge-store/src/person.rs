//! One person across the stores: what is known of a number, how its things are found where nothing is sorted by
//! number, and the receipt of an erasure. Not the order in which stores are emptied: that is the server's.

use std::collections::BTreeMap;

use bridge_core::sms::Key;
use bridge_core::{Mobile, Onboarding, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::blacklisting::Blacklisting;
use crate::judged::{Answer, QueuedSms};

/// How much of what was removed.
pub type Removed = BTreeMap<String, u64>;

/// Names of a person's things that a store cannot find by the number alone. Nothing in it tells the number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traces {
    /// Onboardings, by their ids.
    pub onboardings: Vec<Uuid>,
    /// SMS, by what they are recognised by.
    pub remembered: Vec<Key>,
    /// Deliveries, by what they are recognised by.
    pub deliveries: Vec<Key>,
    /// SMS that wait to be judged, by their ids.
    pub waiting: Vec<Uuid>,
}

impl Traces {
    /// What a judged SMS left behind.
    pub fn add(&mut self, queued: &QueuedSms) {
        self.onboardings.extend(queued.onboarding_id);
        self.remembered.extend(queued.key());
        let identity = queued.sms.identity();
        self.remembered.push(identity.fingerprint);
        self.deliveries.extend(identity.delivery);
    }

    /// These as well, each once.
    pub fn merge(&mut self, others: Traces) {
        fn unite<T: Ord>(into: &mut Vec<T>, more: Vec<T>) {
            into.extend(more);
            into.sort_unstable();
            into.dedup();
        }
        unite(&mut self.onboardings, others.onboardings);
        unite(&mut self.remembered, others.remembered);
        unite(&mut self.deliveries, others.deliveries);
        unite(&mut self.waiting, others.waiting);
    }
}

/// A count and when it begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// How many.
    pub count: i64,
    /// Until then.
    pub until: Timestamp,
}

impl Count {
    /// Several of them as one: how many in all, until the last ends.
    pub fn of_all(counts: impl Iterator<Item = Count>) -> Option<Count> {
        counts.reduce(|a, b| Count { count: a.count + b.count, until: a.until.max(b.until) })
    }
}

/// What the hot store keeps of a number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HotPerson {
    /// Onboardings, by their ids.
    pub onboardings: Vec<Onboarding>,
    /// New hashes in an hour.
    pub registrations: Option<Count>,
    /// SMS in a day.
    pub sms: Option<Count>,
    /// Pairs of number and device that are validated.
    pub validated: Vec<String>,
    /// The number is blocked.
    pub blacklisted: bool,
    /// Its block is on its way to `blacklist_sms`.
    pub queued_blacklisting: Option<Blacklisting>,
    /// Judged SMS on their way to `input_sms`.
    pub queued_sms: Vec<QueuedSms>,
    /// What its SMS were answered, by the ids of the SMS.
    pub answers: Vec<Answer>,
    /// SMS that are marked as waiting.
    pub waiting: Vec<Uuid>,
}

/// Rows of one table that are about a number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Table {
    /// Its name; those of schema `ops` begin with `ops.`.
    pub name: &'static str,
    /// Newest first.
    pub rows: Vec<Value>,
    /// There are more than were asked for.
    pub more: bool,
}

/// What an erasure does with a block of the number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// It stays, and with it the number in the blacklist.
    #[default]
    Keep,
    /// It goes.
    Lift,
}

/// What became of the block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Blocked {
    /// The number was not blocked.
    #[default]
    None,
    /// The number itself stays in the blacklist.
    Kept,
    /// It was blocked, and is no more.
    Lifted,
}

impl Blocked {
    /// As the receipt writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Blocked::None => "none",
            Blocked::Kept => "kept",
            Blocked::Lifted => "lifted",
        }
    }

    /// What a receipt writes so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Blocked> {
        [Blocked::None, Blocked::Kept, Blocked::Lifted].into_iter().find(|blocked| blocked.as_str() == word)
    }
}

/// The receipt of an erasure: everything but the number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Its id.
    pub id: Uuid,
    /// The number under a key that no store has.
    pub number_hash: String,
    /// When it was asked for: what came later stays.
    pub requested_at: Timestamp,
    /// By whom.
    pub requested_by: String,
    /// What became of a block of the number.
    pub blacklist: Blocked,
    /// How much of what was removed, by store.
    pub removed: BTreeMap<String, Removed>,
    /// When the last store was done.
    pub finished_at: Option<Timestamp>,
}

/// What the audit store found when it erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditErased {
    /// How many rows of which table.
    pub removed: Removed,
    /// The number was on the blacklist.
    pub was_blocked: bool,
}

/// Who is erased, and up to when.
#[derive(Clone, Debug)]
pub struct Erasing<'a> {
    /// The number.
    pub mobile: &'a Mobile,
    /// What came later stays.
    pub until: Timestamp,
    /// What to do with a block.
    pub block: Block,
}

/// The ways of writing a number that people use, in digits.
pub fn spellings(mobile: &Mobile) -> [String; 4] {
    let digits = mobile.e164().trim_start_matches('+');
    let national = mobile.national();
    [digits.to_owned(), format!("00{digits}"), national.to_owned(), format!("0{national}")]
}

/// Is this a way of writing that number?
#[must_use]
pub fn spells(text: &str, mobile: &Mobile) -> bool {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    spellings(mobile).contains(&digits)
}

/// Does a body name that number? In digits without anything between them, in one of the usual spellings.
#[must_use]
pub fn names(body: &[u8], mobile: &Mobile) -> bool {
    let spellings = spellings(mobile);
    body.split(|byte| !byte.is_ascii_digit())
        .any(|digits| spellings.iter().any(|spelling| spelling.as_bytes() == digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_recognised_however_it_is_written_and_no_other_is() {
        let mobile = Mobile::from_e164("+919876543210").unwrap();
        for text in ["+91 98765 43210", "00919876543210", "98765-43210", "09876543210", "(98765) 43210"] {
            assert!(spells(text, &mobile), "{text}");
        }
        for text in ["", "9876543211", "+1 9876543210", "98765432100"] {
            assert!(!spells(text, &mobile), "{text}");
        }
        for body in ["{\"from\":\"+919876543210\"}", "from=%2B919876543210&x=1", "09876543210"] {
            assert!(names(body.as_bytes(), &mobile), "{body}");
        }
        for body in ["{\"from\":\"+19876543210\"}", "98765432101", "1769876543210", ""] {
            assert!(!names(body.as_bytes(), &mobile), "{body}");
        }
    }

    #[test]
    fn traces_are_united() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let mut traces = Traces { onboardings: vec![b, a], ..Traces::default() };
        traces.merge(Traces { onboardings: vec![a], waiting: vec![b], ..Traces::default() });
        assert_eq!((traces.onboardings, traces.waiting), (vec![a, b], vec![b]));
    }
}
