//! What is remembered of an SMS that was taken in, as one text: until when, which one, when, and its answer once it has
//! one. The scripts cut it by the same places.

use bridge_core::{InboundSms, Timestamp, Verdict};
use bridge_store::judged::Answer;

use super::answer::{Read, Unreadable, parse};
use super::fields;

/// A time in `seen`, as wide as the year 9999 needs.
pub(super) fn wide(time: Timestamp) -> String {
    format!("{:015}", time.0)
}

/// Bytes of a `seen` before its answer.
pub(super) const ADMITTED: usize = 77;

/// The `seen` of an SMS that was admitted then.
pub(super) fn admitted(sms: &InboundSms, until: Timestamp, at: Timestamp) -> String {
    format!("{:015}{}{:015}{:015}", until.0, sms.sms_id.simple(), sms.server_received_at.0, at.0)
}

/// The `seen` of an SMS that was answered.
pub(super) fn done(sms: &InboundSms, until: Timestamp, id: i64, verdict: &Verdict) -> String {
    let seen = admitted(sms, until, sms.server_received_at);
    format!("{seen}{id} {}", fields::verdict_text(verdict))
}

/// The answer in a `seen` that is done.
pub(super) fn answer(seen: &str) -> Read<Answer> {
    let (id, verdict) = piece(seen, ADMITTED..seen.len())?
        .split_once(' ')
        .ok_or_else(|| Unreadable::new("seen holds no answer"))?;
    Ok(Answer {
        id: parse(id, "the id of an answer")?,
        sms_id: parse(piece(seen, 15..47)?, "sms_id")?,
        verdict: fields::verdict(verdict)?,
    })
}

pub(super) fn piece(seen: &str, range: std::ops::Range<usize>) -> Read<&str> {
    seen.get(range).ok_or_else(|| Unreadable::new("seen is too short"))
}
