//! What is told of a remote, in a log too: one line, not long, without its key and without a number, whoever
//! put them there. A server may well echo a request in its error.

use std::fmt;

use bridge_store::audit::Unsynced;

/// Enough for a reason; a page of HTML is none.
const TEXT_MAX: usize = 300;
const HIDDEN: &str = "***";

/// A key or a password. Never printed.
#[derive(Clone, Default)]
pub(super) struct Secret(pub(super) String);

impl Secret {
    /// A text from outside as a reason, without this secret.
    pub(super) fn hide_in(&self, text: &str) -> String {
        if self.0.is_empty() { line(text) } else { line(&text.replace(&self.0, HIDDEN)) }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

/// A text from outside as a reason, without what these rows say of a person.
pub(super) fn hide_rows(text: &str, rows: &[Unsynced]) -> String {
    let mut text = text.to_owned();
    for row in rows {
        for private in [row.mobile_number.trim_start_matches('+'), &row.device_id] {
            // Shorter ones are words of the sentence.
            if private.len() > 3 && text.contains(private) {
                text = text.replace(private, HIDDEN);
            }
        }
    }
    line(&text)
}

fn line(text: &str) -> String {
    let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use bridge_core::Timestamp;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_text_becomes_a_line_without_the_secret() {
        let secret = Secret("s3cret".into());
        assert_eq!(secret.hide_in(" your key\n s3cret\tis bad "), "your key *** is bad");
        assert_eq!(secret.hide_in(&"ü".repeat(400)).chars().count(), 301);
        assert_eq!(Secret::default().hide_in("abc"), "abc");
        assert_eq!(format!("{secret:?}"), "***");
    }

    #[test]
    fn a_reason_does_not_say_whose() {
        let row = Unsynced {
            sms_id: Uuid::nil(),
            server_received_at: Timestamp(0),
            mobile_number: "+447911123456".into(),
            device_id: "pixel-8".into(),
            validated_at: Timestamp(0),
        };
        let text = "no +447911123456 (447911123456) on pixel-8";
        assert_eq!(hide_rows(text, &[row]), "no +*** (***) on ***");
    }
}
