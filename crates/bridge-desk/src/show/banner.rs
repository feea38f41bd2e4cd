//! How the bridge is, as the first thing on every page: one word, and why.

use bridge_app::health::Health;

/// The state of the bridge.
#[derive(Clone, Debug)]
pub(crate) struct Banner {
    /// A word for the style sheet: `good`, `warn` or `bad`.
    pub(crate) level: &'static str,
    /// The state in a few words, for people.
    pub(crate) headline: &'static str,
    /// Why, a sentence for each reason.
    pub(crate) reasons: Vec<String>,
}

impl Banner {
    pub(crate) fn of(health: &Health, maintenance: bool) -> Banner {
        let reasons = health.reasons(maintenance);
        let (level, headline) = match health.status() {
            "healthy" if reasons.is_empty() => ("good", "Everything works"),
            "healthy" => ("warn", "It works, and wants a look"),
            "degraded" => ("warn", "It works, with trouble"),
            _ => ("bad", "No SMS can be taken in"),
        };
        Banner { level, headline, reasons }
    }
}
