//! How the bridge is, as the first thing on every page: one sentence, since when, what to do, and the button that leads
//! there. Not how that is decided: [`bridge_app::looking::standing`].

use bridge_app::looking::standing::{Help, Level, Standing};
use bridge_core::Timestamp;

use super::When;

/// The state of the bridge.
#[derive(Clone, Debug)]
pub(crate) struct Banner {
    /// A word for the style sheet: `good`, `warn` or `bad`.
    pub(crate) level: &'static str,
    /// Whether people can register and be validated, and why not.
    pub(crate) sentence: String,
    /// Since when.
    pub(crate) since: Option<When>,
    /// What to do.
    pub(crate) todo: Option<String>,
    /// Where it is done.
    pub(crate) button: Option<Button>,
    /// What else is odd, a sentence each.
    pub(crate) others: Vec<String>,
}

/// What helps: a page, or something that is done at once.
#[derive(Clone, Debug)]
pub(crate) struct Button {
    pub(crate) label: &'static str,
    /// Where it leads, or what it asks for.
    pub(crate) address: String,
    /// It changes something, and asks this before.
    pub(crate) question: Option<&'static str>,
}

impl Button {
    fn of(help: Help) -> Button {
        let page = |label, address: &str| Button { label, address: address.to_owned(), question: None };
        match help {
            Help::EndMaintenance => Button {
                question: Some("What was kept is judged now, in its order. End maintenance?"),
                ..page("End maintenance", "/admin/ui/maintenance/end")
            },
            Help::AcceptClock => Button {
                question: Some(
                    "What waits is judged by the time that this machine says now. Is its clock right?",
                ),
                ..page("The clock is right", "/admin/ui/clock/accept")
            },
            Help::PushNow => Button {
                question: Some("What waits is pushed now. Go on?"),
                ..page("Try now", "/admin/ui/recovery/try")
            },
            Help::Receivers => page("Receivers", "/admin/ui/receivers"),
            Help::Recovery => page("What waits", "/admin/ui/recovery"),
            Help::Setting(key) => page("The setting", &format!("/admin/settings/ui#{key}")),
        }
    }
}

impl Banner {
    pub(crate) fn of(standing: Standing, others: Vec<String>, now: Timestamp) -> Banner {
        Banner {
            level: match standing.level {
                Level::Good => "good",
                Level::Warning => "warn",
                Level::Bad => "bad",
            },
            sentence: standing.sentence,
            since: standing.since.map(|at| When::new(at, now)),
            todo: standing.todo,
            button: standing.help.map(Button::of),
            others,
        }
    }
}
