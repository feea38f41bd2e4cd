//! How each receiver is doing, in a word, and what the operator should do about it: for `/health` and `doctor`.

use std::sync::Arc;

use bridge_core::{Settings, Span, Timestamp};
use bridge_formats::Behind;
use bridge_store::audit::Sighting;
use bridge_store::finding::{Finding, Level};

use super::{DEFAULT, KnownReceiver, Liveness, Receivers, SpellingQuestion};

/// Below this and not charging, a phone will be gone within hours.
pub const BATTERY_LOW: u8 = 20;

/// So long somebody who came with a wrong secret is talked of.
const BLAME_LASTS: Span = Span(3_600_000);
/// So long it is told that bodies went from quarantine.
const TOLD_FOR: Span = Span(24 * 3_600_000);

/// How a receiver is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It was heard of lately.
    Ok,
    /// It was heard of, and has said nothing for longer than it should.
    Silent,
    /// No user is sent to it.
    Paused,
    /// It was never heard of.
    NeverSeen,
    /// It was heard of, and since then and not long ago somebody came with a wrong secret.
    WrongSecret,
}

impl State {
    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Silent => "silent",
            State::Paused => "paused",
            State::NeverSeen => "never_seen",
            State::WrongSecret => "wrong_secret",
        }
    }
}

impl KnownReceiver {
    /// What stands behind it. Of one whose format says nothing, a program.
    #[must_use]
    pub fn behind(&self) -> Behind {
        self.format.map_or(Behind::Gateway, |format| format.behind)
    }

    /// What is wrong with the version of its app.
    #[must_use]
    pub fn warning(&self, seen: &Sighting) -> Option<&'static str> {
        self.format?.warning?(seen.app_version.as_deref()?)
    }
}

/// Did somebody come with a wrong secret since it last came with the right one, and not long ago?
fn is_blamed(seen: &Sighting, now: Timestamp) -> bool {
    seen.wrong_secret_at > seen.last_seen_at && seen.wrong_secret_at.is_some_and(|at| now - at < BLAME_LASTS)
}

/// That somebody came with a wrong secret. That of `default` is shared: nobody can know whose is wrong.
fn wrong_secret(name: &str, named: bool) -> (String, &'static str) {
    if named {
        let found = format!("somebody delivers to receiver {name} with a wrong secret or signature");
        return (found, "check its settings: the address, the secret and the signing key");
    }
    (
        "somebody unknown delivers with a wrong secret".to_owned(),
        "if it is your phone, give it its address and its secret again",
    )
}

/// What there is to say of one that was never heard of.
fn never_seen(name: &str, blamed: bool) -> (Level, String, &'static str) {
    if blamed {
        return (
            Level::Warning,
            format!(
                "receiver {name} was not heard of yet, but somebody came with a wrong secret or signature"
            ),
            "if that is its app: check the URL, the secret and the signing key that it was given",
        );
    }
    (
        Level::Good,
        format!("receiver {name} was not heard of yet"),
        "give its app the URL and the secret, and text its number",
    )
}

/// What is found in what it wrote.
fn said(known: Option<&KnownReceiver>, seen: &Sighting) -> Vec<Finding> {
    let name = &seen.name;
    let finding = |found: String, advice: String| Finding {
        level: Level::Warning,
        what: format!("receiver {name}"),
        found,
        advice,
    };
    let asked = SpellingQuestion::of(known, seen)
        .map(|asked| finding(asked.found(name), asked.advice(known.is_some())));
    let contradictory = (seen.contradictory > 0).then(|| {
        finding(
            format!(
                "{} requests of receiver {name} said two different things of one SMS, and are in quarantine",
                seen.contradictory
            ),
            "somebody may have written field names into a text: let its app send JSON or a form that escapes texts, with \
             one name for each of sender, text, time and id"
                .to_owned(),
        )
    });
    asked.into_iter().chain(contradictory).collect()
}

impl Receivers {
    /// Every receiver that was added or heard of, and what was seen of it.
    #[must_use]
    pub fn each(&self) -> Vec<(Option<Arc<KnownReceiver>>, Sighting)> {
        let default = self.all_seen().remove(DEFAULT).map(|seen| (None, seen));
        let named = self.live().into_iter().map(|known| {
            let seen = self.seen.of(&known.row.name);
            (Some(known), seen)
        });
        default.into_iter().chain(named).collect()
    }

    /// How a receiver is, by what was seen of it.
    #[must_use]
    pub fn state(
        &self,
        known: Option<&KnownReceiver>,
        seen: &Sighting,
        now: Timestamp,
        settings: &Settings,
    ) -> State {
        // Of one that never spoke nobody knows whether it is set up at all: anybody could blame it.
        if seen.last_seen_at.is_some() && is_blamed(seen, now) {
            State::WrongSecret
        } else if known.is_some_and(|known| known.row.paused) {
            State::Paused
        } else if seen.last_seen_at.is_none() {
            State::NeverSeen
        } else if known.is_some() && self.is_silent(&seen.name, now, settings) {
            State::Silent
        } else {
            State::Ok
        }
    }

    /// What there is to say of them.
    #[must_use]
    pub fn findings(&self, now: Timestamp, settings: &Settings) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (known, seen) in self.each() {
            let name = &seen.name;
            let mut tell = |level, found: String, advice: &str| {
                let what = format!("receiver {name}");
                findings.push(Finding { level, what, found, advice: advice.to_owned() });
            };
            match self.state(known.as_deref(), &seen, now, settings) {
                State::WrongSecret => {
                    let (found, advice) = wrong_secret(name, known.is_some());
                    tell(Level::Problem, found, advice);
                }
                State::Silent => tell(
                    Level::Problem,
                    format!(
                        "receiver {name} is silent since {}",
                        seen.last_seen_at.map(|at| at.to_string()).unwrap_or_default()
                    ),
                    known.as_deref().map_or(Behind::Gateway, KnownReceiver::behind).when_silent(),
                ),
                State::NeverSeen => {
                    let (level, found, advice) = never_seen(name, known.is_some() && is_blamed(&seen, now));
                    tell(level, found, advice);
                }
                State::Ok | State::Paused => {
                    let last = seen.last_seen_at.map(|at| at.to_string()).unwrap_or_default();
                    tell(Level::Good, format!("receiver {name} was heard of at {last}"), "");
                }
            }
            if let Some(found) = self.let_go_in_words(name, now) {
                tell(
                    Level::Warning,
                    found,
                    "look at its bodies in quarantine: is it set to the right format?",
                );
            }
            if let Some(found) = self.unusable_stamps_in_words(name, now) {
                tell(
                    Level::Warning,
                    found,
                    "say in which time zone its clock runs, or let its app write RFC 3339",
                );
            }
            if let Some(battery) =
                seen.battery.filter(|left| *left < BATTERY_LOW && seen.charging != Some(true))
            {
                let found = format!("receiver {name} has {battery} % battery left and is not charging");
                tell(Level::Warning, found, "");
            }
            if seen.clock_skew.0 != 0 {
                let word = if seen.clock_skew.0 > 0 { "ahead" } else { "behind" };
                let seconds = seen.clock_skew.0.abs() / 1000;
                tell(
                    Level::Warning,
                    format!("the stamps of receiver {name} are {seconds} s {word}"),
                    "that is corrected; set its clock and its zone right",
                );
            }
            if let Some(warning) = known.as_ref().and_then(|known| known.warning(&seen)) {
                tell(Level::Warning, format!("receiver {name}: {warning}"), "");
            }
            findings.extend(said(known.as_deref(), &seen));
        }
        findings.extend(self.voice_finding(now, settings));
        findings.extend(self.doubt_finding(now));
        findings
    }

    fn unusable_stamps_in_words(&self, name: &str, now: Timestamp) -> Option<String> {
        let stamps = self.seen.unusable_stamps(name).filter(|stamps| now - stamps.last < TOLD_FOR)?;
        Some(format!(
            "{} times of receiver {name} could not be used (stamp_unreadable), like {:?}: those SMS are judged by when they \
             arrived",
            stamps.count, stamps.example
        ))
    }

    fn let_go_in_words(&self, name: &str, now: Timestamp) -> Option<String> {
        let (bodies, last) = self.seen.were_let_go(name).filter(|(_, last)| now - *last < TOLD_FOR)?;
        Some(format!(
            "receiver {name} sends more that nobody can use than is kept: {bodies} bodies went, the last at {last}"
        ))
    }

    fn doubt_finding(&self, now: Timestamp) -> Option<Finding> {
        let since = self.in_doubt_since(now)?;
        Some(Finding {
            level: Level::Warning,
            what: "receivers".to_owned(),
            found: format!("several people registered in a row and no SMS came, the last until {since}"),
            advice: "text the receiving number yourself, and look here again".to_owned(),
        })
    }

    fn voice_finding(&self, now: Timestamp, settings: &Settings) -> Option<Finding> {
        let finding = |level, found: String, advice: &str| {
            Some(Finding { level, what: "receivers".to_owned(), found, advice: advice.to_owned() })
        };
        match self.liveness(now, settings) {
            Liveness::Alive => None,
            Liveness::NoneNamed if self.live().is_empty() => finding(
                Level::Warning,
                "no receiver was added by name, so none can be missed when it falls silent".to_owned(),
                "sms-bridge receiver add NAME --format …",
            ),
            Liveness::NoneNamed => finding(
                Level::Warning,
                "no receiver that was added by name was heard of yet, so none can be missed".to_owned(),
                "text its number, and look here again",
            ),
            Liveness::Silent(since) => finding(
                Level::Problem,
                format!("registration is paused: every receiver is silent since {since}"),
                "it goes on by itself as soon as one speaks; now and then one registration is let through",
            ),
        }
    }
}
