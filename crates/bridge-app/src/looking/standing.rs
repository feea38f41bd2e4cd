//! What comes first on every page: can people register and be validated now, and if not, why, since when, what to do,
//! and where. One sentence, decided by what is worst. Not everything that is odd: that is [`crate::health`].

use bridge_core::{Settings, Timestamp};
use bridge_formats::Behind;

use crate::bridge::App;
use crate::health::Health;
use crate::registration::{self, Pause};
use crate::state::receivers::State;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// People register and are validated.
    Good,
    /// They do, and something else waits or is odd.
    Warning,
    /// They cannot, or SMS are not taken in.
    Bad,
}

/// What helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Help {
    /// Maintenance is to end.
    EndMaintenance,
    /// The clock is to be set, or said to be right.
    AcceptClock,
    /// What waits for the remote is to be pushed now.
    PushNow,
    /// Receivers are to be looked at, added or resumed.
    Receivers,
    /// What waits is to be looked at.
    Recovery,
    /// This setting is to be changed.
    Setting(&'static str),
}

/// The sentence, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How bad it is.
    pub level: Level,
    /// Whether people can register and be validated, and why not.
    pub sentence: String,
    /// Since when, as far as that is known.
    pub since: Option<Timestamp>,
    /// What to do.
    pub todo: Option<String>,
    /// Where it is done.
    pub help: Option<Help>,
}

/// What it is decided by.
#[derive(Clone, Debug, Default)]
struct Facts {
    /// No SMS can be made durable.
    unwritable: bool,
    /// Registration is paused.
    pause: Option<Pause>,
    /// Only an edge lets people in, and none can sign.
    no_edge: bool,
    /// Nobody is told a number.
    no_number: bool,
    /// Every receiver was paused by an operator.
    all_paused: bool,
    /// What the silent receivers are.
    silent: Vec<Behind>,
    /// The audit store does not answer since then; its name.
    audit_away: Option<(Option<Timestamp>, &'static str)>,
    /// The remote does not answer: why, and since when.
    remote_away: Option<(String, Option<Timestamp>)>,
    /// Several people registered in a row and no SMS came.
    doubt: Option<Timestamp>,
    /// So many other things are odd.
    others: usize,
}

/// Looks, by these settings.
#[must_use]
pub fn look(app: &App, settings: &Settings, health: &Health) -> Standing {
    let now = app.clock.now();
    let snapshot = app.live.snapshot();
    let receivers = app.receivers.each();
    let is = |wanted: State| {
        let each = receivers.iter();
        each.filter(move |(known, seen)| app.receivers.state(known.as_deref(), seen, now, settings) == wanted)
    };
    let named = receivers.iter().filter(|(known, _)| known.is_some()).count();
    first(Facts {
        unwritable: !health.is_writable(),
        pause: registration::paused(app, &snapshot),
        no_edge: settings.edge_required && app.secrets.edge.is_empty(),
        no_number: !app.receivers.has_number(settings),
        all_paused: named > 0 && is(State::Paused).count() == named,
        silent: is(State::Silent).filter_map(|(known, _)| Some(known.as_ref()?.behind())).collect(),
        audit_away: (!app.availability.now().audit)
            .then(|| (app.incidents.since("postgresql"), app.options.backends.audit.name_of_audit())),
        remote_away: app
            .has_remote()
            .then(|| app.pushing.now().away)
            .flatten()
            .map(|(since, error)| (error, Some(since))),
        doubt: app.receivers.in_doubt_since(now),
        others: health.reasons(settings.maintenance_mode).len(),
    })
}

fn standing(
    level: Level,
    sentence: impl Into<String>,
    since: Option<Timestamp>,
    todo: impl Into<String>,
    help: Help,
) -> Standing {
    Standing { level, sentence: sentence.into(), since, todo: Some(todo.into()), help: Some(help) }
}

/// The worst of it.
fn first(facts: Facts) -> Standing {
    use Level::{Bad, Warning};
    if facts.unwritable {
        let todo = "Look at the disk first: is it full, or read-only? Phones and providers send again what was refused.";
        return standing(
            Bad,
            "Nobody can register and no SMS is taken in, because nothing can be written",
            None,
            todo,
            Help::Recovery,
        );
    }
    if let Some(pause) = facts.pause {
        return paused(&pause, &facts.silent);
    }
    if facts.no_edge {
        return standing(
            Bad,
            "Nobody can register, because only an edge may let people in, and no edge can sign",
            None,
            "Start the bridge with SMS_BRIDGE_EDGE_SECRET, or let people register without an edge.",
            Help::Setting("edge_required"),
        );
    }
    if facts.no_number {
        return if facts.all_paused {
            standing(
                Bad,
                "Nobody can be validated, because every receiver is paused: people are told no number to text",
                None,
                "Resume a receiver.",
                Help::Receivers,
            )
        } else {
            standing(
                Warning,
                "Nobody can be validated yet, because people are told no number to text",
                None,
                "Add a phone, modem or provider with its number.",
                Help::Receivers,
            )
        };
    }
    waits(facts)
}

/// People register and are validated; what else there is to say.
fn waits(facts: Facts) -> Standing {
    use Level::{Good, Warning};
    if let Some(since) = facts.doubt {
        return standing(
            Warning,
            "People can register, but it is in doubt whether their SMS arrive: several registered in a row and none came",
            Some(since),
            "Text the receiving number yourself, and look here again.",
            Help::Receivers,
        );
    }
    if let Some((since, name)) = facts.audit_away {
        let todo = format!(
            "Nothing is lost. Start {name}, or look why it does not answer; what waits is written by itself then."
        );
        let sentence = format!(
            "People can register and are validated, but lists are not up to date: {name} does not answer"
        );
        return standing(Warning, sentence, since, todo, Help::Recovery);
    }
    if let Some((error, since)) = facts.remote_away {
        return standing(
            Warning,
            "People can register and are validated, but the remote is not told: it does not answer",
            since,
            format!(
                "Nothing is lost: validated numbers wait, and are tried again by themselves. It said: {error}"
            ),
            Help::PushNow,
        );
    }
    if let Some(kind) = facts.silent.first() {
        return standing(
            Warning,
            "People can register and are validated, but a receiver is silent",
            None,
            format!("{}.", advice(Some(kind))),
            Help::Receivers,
        );
    }
    let sentence = "People can register and are validated".to_owned();
    let level = if facts.others > 0 { Warning } else { Good };
    Standing { level, sentence, since: None, todo: None, help: None }
}

/// What to look at, as a sentence begins.
fn advice(kind: Option<&Behind>) -> String {
    let advice = kind.map_or("look at the receivers", |kind| kind.when_silent());
    let mut letters = advice.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn paused(pause: &Pause, silent: &[Behind]) -> Standing {
    let since = pause.since;
    match pause.cause {
        "maintenance" => standing(
            Level::Bad,
            "Nobody can register and no SMS is judged, because maintenance is switched on",
            since,
            "SMS are kept, and judged in their order when it ends.",
            Help::EndMaintenance,
        ),
        "clock_not_set" => standing(
            Level::Bad,
            "Nobody can register and no SMS is judged, because the clock of this machine cannot be right",
            since,
            "Set the clock of this machine (timedatectl), or say that it is right. SMS are kept, and judged then.",
            Help::AcceptClock,
        ),
        "receivers_silent" => standing(
            Level::Bad,
            "Nobody can register, because no receiver speaks any more",
            since,
            format!(
                "{}. It goes on by itself as soon as one speaks, and lets one number try now and then.",
                advice(silent.first())
            ),
            Help::Receivers,
        ),
        "disk_nearly_full" => standing(
            Level::Bad,
            "Nobody can register, because the disk is nearly full",
            since,
            "Free some space on the disk of the data folder. SMS are still taken and judged.",
            Help::Recovery,
        ),
        "store_away" => standing(
            Level::Bad,
            format!("Nobody can register and no SMS is judged, because {}", pause.why),
            since,
            "SMS are kept, and judged in their order when it is back. Look whether it runs and has room.",
            Help::Recovery,
        ),
        _ => standing(
            Level::Bad,
            format!("Nobody can register, because {}", pause.why),
            since,
            "SMS are kept, and judged in their order afterwards.",
            Help::Recovery,
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(cause: &'static str) -> Option<Pause> {
        Some(Pause { since: Some(Timestamp(5)), cause, why: "the hot store (Redis) does not answer" })
    }

    #[test]
    fn the_truth_comes_first() {
        let healthy = Facts::default();
        assert_eq!(first(healthy.clone()).level, Level::Good);
        let odd = Facts { others: 3, ..healthy.clone() };
        assert_eq!(first(odd.clone()).level, Level::Warning);
        assert_eq!(first(odd).sentence, "People can register and are validated");
        for cause in registration::PAUSE_CAUSES {
            let told = first(Facts { pause: pause(cause), others: 8, no_number: true, ..healthy.clone() });
            assert_eq!((told.level, told.since), (Level::Bad, Some(Timestamp(5))), "{cause}");
            assert!(told.sentence.starts_with("Nobody can register"), "{}", told.sentence);
            assert!(told.todo.is_some() && told.help.is_some(), "{cause}");
        }
        let unwritable = Facts { unwritable: true, pause: pause("maintenance"), ..healthy };
        assert!(first(unwritable).sentence.contains("nothing can be written"));
    }

    #[test]
    fn advice_fits_what_is_silent() {
        let silent =
            |kind| Facts { pause: pause("receivers_silent"), silent: vec![kind], ..Facts::default() };
        let todo = |kind| first(silent(kind)).todo.unwrap();
        assert!(todo(Behind::Phone).contains("charged"));
        assert!(!todo(Behind::Provider).contains("charged") && todo(Behind::Provider).contains("provider"));
        assert!(todo(Behind::Gateway).contains("modem"));
    }

    #[test]
    fn what_waits_is_no_reason_to_say_that_nobody_registers() {
        let away = Facts { audit_away: Some((None, "PostgreSQL")), ..Facts::default() };
        let told = first(away);
        assert_eq!(told.level, Level::Warning);
        assert!(told.sentence.contains("PostgreSQL"), "{}", told.sentence);
        let remote =
            Facts { remote_away: Some(("push: refused".into(), Some(Timestamp(3)))), ..Facts::default() };
        let told = first(remote);
        assert_eq!((told.help, told.since), (Some(Help::PushNow), Some(Timestamp(3))));
    }
}
