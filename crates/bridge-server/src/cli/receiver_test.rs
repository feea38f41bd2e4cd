//! `receiver test`: what the bridge understood of a sample, for people.

use std::io::Read;
use std::path::Path;

use serde_json::Value;

use super::{BAD, BOLD, DIM, GOOD, WARN};

/// The body of a request that an app made.
pub(super) fn body_of(file: &Path) -> Result<String, String> {
    let read = if file == Path::new("-") {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text).map(|_| text)
    } else {
        std::fs::read(file)
    };
    let bytes = read.map_err(|error| format!("{}: {error}", file.display()))?;
    String::from_utf8(bytes).map_err(|_| format!("{}: its bytes are no UTF-8", file.display()))
}

/// Sender, text, time, zone, format, signature; then what is wrong.
pub(super) fn show(answer: &Value) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let row = |what: &str, value: String| anstream::println!("  {DIM}{what:<13}{DIM:#} {value}");
    let (name, format) = (text(&answer["receiver"]), text(&answer["format"]));
    let made = if answer["made"] == true { "a sample" } else { "the request that was given" };
    anstream::println!(
        "{BOLD}{}{BOLD:#} read {made}; nothing of it is judged, counted or kept\n",
        name.unwrap_or_default()
    );
    row("format", format.unwrap_or_default());
    row("signature", text(&answer["signature"]).unwrap_or_default().replace('_', " "));
    row("time zone", text(&answer["time_zone"]).unwrap_or_else(|| "not known".to_owned()));
    row("numbers", text(&answer["number_style"]).unwrap_or_else(|| "not known".to_owned()));
    for sms in answer["sms"].as_array().into_iter().flatten() {
        let raw = text(&sms["sender_raw"]).unwrap_or_default();
        row(
            "sender",
            match (text(&sms["sender"]), text(&sms["sender_problem"])) {
                (Some(sender), _) => format!("{sender} {DIM}written as {raw}{DIM:#}"),
                (None, problem) => format!("{BAD}{raw}{BAD:#}: {}", problem.unwrap_or_default()),
            },
        );
        row("text", text(&sms["text"]).unwrap_or_default());
        row("time", text(&sms["stamp"]).unwrap_or_else(|| "none: judged by when it arrives".to_owned()));
        for (what, field) in
            [("id", "delivery_id"), ("number", "number"), ("device", "device"), ("part", "part")]
        {
            if let Some(value) = text(&sms[field]) {
                row(what, value);
            }
        }
    }
    for event in answer["events"].as_array().into_iter().flatten() {
        row("no SMS", text(event).unwrap_or_default().replace('_', " "));
    }
    row("it hears", text(&answer["answer"]).unwrap_or_default());
    anstream::println!();
    for reason in answer["quarantined"].as_array().into_iter().flatten() {
        anstream::println!("{BAD}✘{BAD:#} not used: {}", text(reason).unwrap_or_default());
    }
    for one in answer["advice"].as_array().into_iter().flatten() {
        let (found, advice) =
            (text(&one["found"]).unwrap_or_default(), text(&one["advice"]).unwrap_or_default());
        let advice = if advice.is_empty() { advice } else { format!(": {advice}") };
        match one["level"].as_str() {
            Some("problem") => anstream::println!("{BAD}✘{BAD:#} {found}{advice}"),
            Some("warning") => anstream::println!("{WARN}!{WARN:#} {found}{advice}"),
            _ => anstream::println!("{GOOD}✔{GOOD:#} {found}{advice}"),
        }
    }
    if answer["ok"] == true {
        anstream::println!("{GOOD}✔{GOOD:#} an SMS like this is judged");
    }
}
