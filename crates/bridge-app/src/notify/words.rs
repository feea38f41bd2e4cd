//! What operators are told, in words: pure. Several things that wait are one message, the worst first. No number of a person
//! is ever in it.

use bridge_core::{Span, Timestamp, Zone};
use bridge_store::audit::Notice;
use bridge_store::troubles::{TroubleKind, Urgency};

use crate::state::notify::ways::{Message, Said};

/// Digits in a row that may be a number of a person.
const NUMBER_MIN_DIGITS: usize = 7;
/// Of a number so many digits are left.
const SHOWN_DIGITS: usize = 2;

/// What begins every title.
const NAME: &str = "SMS Bridge";

/// One trouble, as far as it is told in one message: it began, it is over, or both.
struct Line {
    kind: TroubleKind,
    subject: String,
    began_at: Timestamp,
    ended_at: Option<Timestamp>,
    /// Its beginning was told before.
    is_known: bool,
    detail: String,
}

/// What is told of these notices.
#[must_use]
pub fn message(id: String, now: Timestamp, zone: &Zone, from: &str, notices: &[Notice]) -> Message {
    let lines = lines(notices);
    let first = lines.first().map(short).unwrap_or_default();
    let others = lines.len().saturating_sub(1);
    let more = if others > 0 { format!(", and {others} more") } else { String::new() };
    let said: Vec<String> = lines.iter().map(|line| sentence(line, zone)).collect();
    Message {
        id,
        at: now,
        title: format!("{NAME}: {first}{more}"),
        text: format!("{}\n\n{from}", said.join("\n\n")),
        is_urgent: lines.iter().any(|line| line.ended_at.is_none() && line.kind.urgency() == Urgency::Now),
        is_good: lines.iter().all(|line| line.ended_at.is_some()),
        troubles: lines
            .iter()
            .zip(said)
            .map(|(line, text)| Said {
                kind: line.kind.word(),
                subject: line.subject.clone(),
                began_at: line.began_at.to_string(),
                ended_at: line.ended_at.map(|at| at.to_string()),
                text,
            })
            .collect(),
    }
}

/// What is sent to try a target out.
#[must_use]
pub fn test(id: String, now: Timestamp, from: &str) -> Message {
    let said = "This is a test. Nothing happened. From now on you are told here when something is wrong with the bridge.";
    Message {
        id,
        at: now,
        title: format!("{NAME}: a test"),
        text: format!("{said}\n\n{from}"),
        is_urgent: false,
        is_good: true,
        troubles: Vec::new(),
    }
}

/// The beginning and the end of one trouble are one line. What goes on comes first, the worst of it at the top.
fn lines(notices: &[Notice]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for notice in notices {
        let begun = lines.iter_mut().find(|line| line.subject == notice.subject && line.ended_at.is_none());
        match (begun, notice.ended_at) {
            (Some(line), Some(ended_at)) => line.ended_at = Some(ended_at),
            _ => lines.push(Line {
                kind: notice.kind,
                subject: notice.subject.clone(),
                began_at: notice.began_at,
                ended_at: notice.ended_at,
                is_known: notice.ended_at.is_some(),
                detail: masked(&notice.detail),
            }),
        }
    }
    lines.sort_by_key(|line| (line.ended_at.is_some(), line.kind));
    lines
}

fn name(line: &Line) -> &str {
    line.subject.split_once(':').map_or("", |(_, name)| name)
}

/// In a few words.
fn short(line: &Line) -> String {
    let is_over = line.ended_at.is_some();
    let word = |wrong: &str, well: &str| if is_over { well.to_owned() } else { wrong.to_owned() };
    match line.kind {
        TroubleKind::Paused => word("nobody can register", "people can register again"),
        TroubleKind::Unwritable => word("no SMS can be kept", "SMS are kept again"),
        TroubleKind::Store => match name(line) {
            "audit" => word("the audit store does not answer", "the audit store answers again"),
            _ => word("the hot store is not there", "the hot store is there again"),
        },
        TroubleKind::Clock => word("the clock cannot be right", "the clock is right again"),
        TroubleKind::Disk => word("the disk is nearly full", "the disk has room again"),
        TroubleKind::Receiver => {
            let what = if is_over { "speaks again" } else { "is silent" };
            format!("receiver {} {what}", name(line))
        }
        TroubleKind::Remote => word("the remote is behind", "the remote answers again"),
        TroubleKind::Backup => word("the backup needs you", "the backup is as you want it"),
        TroubleKind::Webhook => word("a webhook was switched off", "a webhook is on again"),
    }
}

fn sentence(line: &Line, zone: &Zone) -> String {
    let mut short = short(line);
    if let Some(first) = short.get(..1).map(str::to_uppercase) {
        short.replace_range(..1, &first);
    }
    let began = zone.shown(line.began_at);
    match line.ended_at {
        None => format!("{short}: {}. Since {began}.", line.detail.trim_end_matches('.')),
        Some(ended_at) => {
            let lasted = lasted(ended_at - line.began_at);
            let why = if line.is_known {
                String::new()
            } else {
                format!(" It was: {}.", line.detail.trim_end_matches('.'))
            };
            format!("{short}. It lasted {lasted}, from {began} to {}.{why}", zone.shown(ended_at))
        }
    }
}

fn lasted(span: Span) -> String {
    let seconds = (span.0 / 1_000).max(0);
    match (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// Digits that may be a number of a person are hidden but for the last: what a store says may name one.
pub(crate) fn masked(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut digits = String::new();
    let close = |digits: &mut String, masked: &mut String| {
        let hidden = digits.len().saturating_sub(SHOWN_DIGITS);
        if digits.len() >= NUMBER_MIN_DIGITS {
            masked.push_str(&"•".repeat(hidden));
            masked.push_str(&digits[hidden..]);
        } else {
            masked.push_str(digits);
        }
        digits.clear();
    };
    for character in text.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
        } else {
            close(&mut digits, &mut masked);
            masked.push(character);
        }
    }
    close(&mut digits, &mut masked);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_769_860_800_000);

    fn notice(kind: TroubleKind, subject: &str, ended_at: Option<Timestamp>) -> Notice {
        let detail = "it said: Key (mobile_number)=(+919876543210) already exists".to_owned();
        Notice { id: 1, kind, subject: subject.to_owned(), began_at: NOON, ended_at, detail }
    }

    fn said(notices: &[Notice]) -> Message {
        let zone = Zone::named("Asia/Kolkata").unwrap();
        message("msg_1".to_owned(), NOON, &zone, "https://bridge.example", notices)
    }

    #[test]
    fn it_says_what_is_wrong_since_when_by_the_clock_of_the_office_and_masks_numbers() {
        let message = said(&[notice(TroubleKind::Remote, "remote", None)]);
        assert_eq!(message.title, "SMS Bridge: the remote is behind");
        assert!(message.text.contains("Since 2026-01-31 17:30:00 IST"), "{}", message.text);
        assert!(message.text.contains("+••••••••••10"), "{}", message.text);
        assert!(!message.text.contains("9876543210") && message.text.ends_with("https://bridge.example"));
        assert!(!message.is_urgent && !message.is_good);
    }

    #[test]
    fn the_beginning_and_the_end_are_one_line_and_the_worst_comes_first() {
        let later = NOON + Span(3_720_000);
        let notices = [
            notice(TroubleKind::Receiver, "receiver:hall", None),
            notice(TroubleKind::Store, "store:hot", None),
            notice(TroubleKind::Store, "store:hot", Some(later)),
            notice(TroubleKind::Paused, "registration", None),
        ];
        let message = said(&notices);
        assert_eq!(message.title, "SMS Bridge: nobody can register, and 2 more");
        let (receiver, store) =
            (message.text.find("Receiver hall is silent"), message.text.find("The hot store is there again"));
        assert!(receiver.unwrap() < store.unwrap(), "{}", message.text);
        assert!(message.text.contains("It lasted 1 h 2 min"), "{}", message.text);
        assert_eq!((message.troubles.len(), message.is_urgent, message.is_good), (3, true, false));
        let over = said(&[notice(TroubleKind::Paused, "registration", Some(later))]);
        assert_eq!(over.title, "SMS Bridge: people can register again");
        assert!(over.is_good && !over.is_urgent);
    }

    #[test]
    fn every_kind_has_words_for_both() {
        for kind in TroubleKind::ALL {
            let (begun, over) =
                (said(&[notice(*kind, "x:y", None)]), said(&[notice(*kind, "x:y", Some(NOON))]));
            assert_ne!(begun.title, over.title, "{kind:?}");
        }
    }
}
