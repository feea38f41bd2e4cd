//! How commands show what a bridge answers: times of this machine on a terminal and of UTC in a pipe, so that what is read
//! by a program does not change with the machine.

use std::io::IsTerminal;

use bridge_core::{Timestamp, Zone};

/// The zone that times are shown in.
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
fn of_this_machine() -> Zone {
    let given = std::env::var("TZ").ok().map(|name| name.trim_start_matches(':').to_owned());
    let named = |name: String| Zone::named(&name);
    given
        .and_then(named)
        .or_else(|| iana_time_zone::get_timezone().ok().and_then(named))
        .unwrap_or_else(Zone::utc)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_by_the_clocks_of_the_zone() {
        let kolkata = Times { zone: Zone::named("Asia/Kolkata") };
        assert_eq!(kolkata.show("2026-01-31T12:00:00Z"), "2026-01-31 17:30:00");
        assert_eq!(
            (kolkata.show("soon"), kolkata.zone()),
            ("soon".to_owned(), "times in Asia/Kolkata".to_owned())
        );
        let piped = Times { zone: None };
        assert_eq!(piped.show("2026-01-31T12:00:00Z"), "2026-01-31T12:00:00Z");
    }
}
