//! The word list: what the words of these pages mean, and what the program and its tables call the same.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use bridge_core::checks::CHECKS;

use crate::access::Visitor;
use crate::page::{Frame, render};
use bridge_http::state::Shared;

const PATH: &str = "/admin/ui/words";

/// A word, what the program calls it, and what it means.
struct Word {
    word: &'static str,
    code: &'static str,
    meaning: &'static str,
}

const fn word(word: &'static str, code: &'static str, meaning: &'static str) -> Word {
    Word { word, code, meaning }
}

/// To explain another word, add a line.
const WORDS: &[Word] = &[
    word(
        "registration",
        "onboarding",
        "One person asks to have one number confirmed, and is given a code to send.",
    ),
    word(
        "code in the text",
        "hash",
        "What stands behind the colon of the SMS. It belongs to one registration alone.",
    ),
    word("receiver", "receiver", "The phone, modem or provider that hands SMS in to this bridge."),
    word("verdict", "validation_status", "Whether an SMS passed all checks, or at which one it failed."),
    word(
        "validated",
        "validated_mobile",
        "The SMS came from that number with the right code, in time: the number is confirmed.",
    ),
    word(
        "replaced by a newer one",
        "superseded",
        "The same person registered the same number again; the older code counts no more.",
    ),
    word(
        "blocked",
        "blacklist",
        "A number that may neither register nor be validated, until its block ends.",
    ),
    word(
        "SMS wait to be judged",
        "power_down_store",
        "They came in during maintenance, or while the store did not answer. They are judged in their order, with their own times.",
    ),
    word(
        "SMS wait to be written",
        "queue_input_sms",
        "They are judged and safe; their rows go to the audit trail every few minutes. Lists show them already.",
    ),
    word("writing", "dump", "What was judged is written to the audit trail. A worker does it."),
    word(
        "kept by this bridge",
        "journal",
        "The bridge's own log on its disk. An SMS is in it from before it is acknowledged until its row is written.",
    ),
    word(
        "quarantine",
        "quarantine",
        "What a receiver sent and nobody can read as an SMS. It can be read again, or thrown away.",
    ),
    word("the remote", "hetzner", "The database elsewhere that is told validated numbers."),
    word(
        "set aside",
        "dead-lettered",
        "A validated number that the remote refused again and again. It waits until somebody lets it be pushed again.",
    ),
    word(
        "delivered again",
        "redelivery",
        "The same SMS handed in a second time. It gets the first answer again, and counts once.",
    ),
    word("late", "late_delivery", "The phone had it in time, and the bridge got it after the deadline."),
    word(
        "worker",
        "worker",
        "A part of the bridge that does one thing again and again, like writing or clearing away.",
    ),
];

#[derive(Template)]
#[template(path = "desk/words.html")]
struct Page {
    frame: Frame,
    words: &'static [Word],
    /// Of each check: what it makes sure of, that it failed in words, and its name.
    checks: Vec<(&'static str, &'static str, &'static str)>,
}

/// The list.
pub(crate) async fn show(State(app): State<Shared>, visitor: Visitor) -> Response {
    let frame = Frame::new(&app, visitor, "Words", PATH).await;
    let checks = CHECKS.iter().map(|check| (check.about, check.failed, check.name)).collect();
    render(&Page { frame, words: WORDS, checks })
}
