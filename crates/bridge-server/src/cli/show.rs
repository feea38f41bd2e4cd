//! How commands show what a bridge answers: tables that fold to the terminal, and times of this machine on a terminal and
//! of UTC in a pipe, so that what a program reads does not change with the machine. And how lists are asked for.

use std::io::IsTerminal;
use std::process::ExitCode;

use bridge_core::{Timestamp, Zone};
use reqwest::Method;
use serde_json::Value;

use super::bridge::{Bridge, Which};
use super::{DIM, plain};

/// The zone that times are shown and read in.
pub(super) struct Times {
    /// None: as the bridge says them.
    zone: Option<Zone>,
}

impl Times {
    /// As whoever reads this wants them.
    pub(super) fn here() -> Times {
        Times { zone: std::io::stdout().is_terminal().then(of_this_machine) }
    }

    /// One time of an answer; what is none stays as it is.
    pub(super) fn show(&self, text: &str) -> String {
        match (&self.zone, Timestamp::parse(text)) {
            (Some(zone), Ok(at)) => zone.shown(at).get(..19).unwrap_or(text).to_owned(),
            _ => text.to_owned(),
        }
    }

    /// What to say below a table.
    pub(super) fn zone(&self) -> String {
        match &self.zone {
            Some(zone) => format!("times in {}", zone.name()),
            None => "times in UTC".to_owned(),
        }
    }
}

/// What `TZ` says, or else what the machine is set to.
pub(super) fn of_this_machine() -> Zone {
    #[expect(
        clippy::disallowed_methods,
        reason = "TZ is the machine's, as its zone is, and no setting of the bridge"
    )]
    let given = std::env::var("TZ").ok().map(|name| name.trim_start_matches(':').to_owned());
    let named = |name: String| Zone::named(&name);
    let of_machine = || iana_time_zone::get_timezone().ok().and_then(named);
    given.and_then(named).or_else(of_machine).unwrap_or_else(Zone::utc)
}

/// A time as somebody types it: with its zone, or as the clocks here show it, `2026-01-31`, `2026-01-31T17:30`.
pub(super) fn time(zone: &Zone, text: &str) -> String {
    let whole =
        if text.len() == "2026-01-31".len() { format!("{text}T00:00") } else { text.replace(' ', "T") };
    zone.read(&whole).map_or_else(|| text.to_owned(), |at| at.to_string())
}

/// Which part of a list.
#[derive(clap::Args, Clone, Debug)]
pub(super) struct Part {
    /// At or after this time, like 2026-01-31 or 2026-01-31T17:30 by the clocks of this machine.
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// So many, the newest first.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: usize,
    /// What comes after a list: the word that it ends with.
    #[arg(long, value_name = "PLACE")]
    before: Option<String>,
}

impl Part {
    /// The path with what is asked for, in the words of that list.
    pub(super) fn path(&self, path: &str, more: &[(&str, Option<&str>)], (from, to): (&str, &str)) -> String {
        let zone = of_this_machine();
        let time_of = |text: &Option<String>| text.as_deref().map(|text| time(&zone, text));
        let (since, until, limit) = (time_of(&self.from), time_of(&self.to), self.limit.to_string());
        let mut query = form_urlencoded::Serializer::new(String::new());
        let own = [(from, since.as_deref()), (to, until.as_deref()), ("before", self.before.as_deref())];
        let given = more.iter().copied().chain(own).chain([("limit", Some(&*limit))]);
        query.extend_pairs(given.filter_map(|(name, value)| Some((name, value?))));
        format!("{path}?{}", query.finish())
    }
}

/// Asks a bridge for something.
pub(super) fn ask(which: &Which, path: &str) -> Result<Value, String> {
    super::block_on(async {
        let bridge = Bridge::find(which).await?;
        let answer = bridge.client.for_people(!which.json).get(Method::GET, path, None).await;
        bridge.leave().await;
        answer
    })
}

/// A column of a list: its title, and what stands in it.
pub(super) type Column = (&'static str, fn(&Value, &Times) -> String);

/// A text of an entry; nothing where there is none.
pub(super) fn text(entry: &Value, name: &str) -> String {
    match &entry[name] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Shows a list as it was asked for.
pub(super) fn list(
    which: &Which,
    path: &str,
    columns: &[Column],
    nothing: &str,
    end: impl FnOnce(&Value) -> Option<String>,
) -> Result<ExitCode, String> {
    let answer = ask(which, path)?;
    if which.json {
        anstream::println!("{}", plain::json(&answer));
        return Ok(ExitCode::SUCCESS);
    }
    let items = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
    let times = Times::here();
    if items.is_empty() {
        anstream::println!("{DIM}{nothing}{DIM:#}");
    } else {
        let titles: Vec<&str> = columns.iter().map(|(title, _)| *title).collect();
        let mut table = super::table(&titles);
        for item in items {
            table.add_row(columns.iter().map(|(_, cell)| cell(item, &times)));
        }
        anstream::println!("{table}");
        let said = end(&answer).into_iter().chain([times.zone()]).collect::<Vec<_>>().join(", ");
        anstream::println!("{DIM}{said}{DIM:#}");
    }
    if let Some(until) = answer["scanned_until"].as_str() {
        anstream::println!("{DIM}everything since {} was looked through{DIM:#}", times.show(until));
    }
    let next = text(&answer, "next_before");
    if !next.is_empty() {
        anstream::println!("{DIM}more with --before {next}{DIM:#}");
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_by_the_clocks_of_the_zone() {
        let kolkata = Times { zone: Zone::named("Asia/Kolkata") };
        assert_eq!(kolkata.show("2026-01-31T12:00:00Z"), "2026-01-31 17:30:00");
        assert_eq!((&*kolkata.show("soon"), &*kolkata.zone()), ("soon", "times in Asia/Kolkata"));
        let piped = Times { zone: None };
        assert_eq!(piped.show("2026-01-31T12:00:00Z"), "2026-01-31T12:00:00Z");
    }

    #[test]
    fn a_time_is_read_by_the_clocks_of_the_zone() {
        let kolkata = Zone::named("Asia/Kolkata").unwrap();
        for (typed, at) in [
            ("2026-01-31", "2026-01-30T18:30:00Z"),
            ("2026-01-31T17:30", "2026-01-31T12:00:00Z"),
            ("2026-01-31 17:30", "2026-01-31T12:00:00Z"),
            ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00Z"),
            ("yesterday", "yesterday"),
        ] {
            assert_eq!(time(&kolkata, typed), at);
        }
    }
}
