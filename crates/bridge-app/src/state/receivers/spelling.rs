//! What a receiver's way of writing numbers tells its operator (decisions.md D52): a habit is suggested, never switched
//! on by itself.

use bridge_core::phone::NumberStyle;
use bridge_store::audit::Sighting;

use super::KnownReceiver;

/// Senders that could be read in one way only, all of them in the same, before a habit is suggested.
const HABIT_MIN: i64 = 20;

/// What the operator is asked about one receiver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpellingQuestion {
    /// SMS that failed because nothing told how it writes numbers.
    pub ambiguous: i64,
    /// How it seems to write them.
    pub suggested: Option<NumberStyle>,
}

impl SpellingQuestion {
    /// What there is to ask. None: nothing, or the operator said it already.
    #[must_use]
    pub fn of(known: Option<&KnownReceiver>, seen: &Sighting) -> Option<SpellingQuestion> {
        if known.is_some_and(|known| known.row.number_style.is_some()) {
            return None;
        }
        let habit = match (seen.wrote_e164, seen.wrote_international, seen.wrote_national) {
            (HABIT_MIN.., 0, 0) => Some(NumberStyle::E164),
            (0, HABIT_MIN.., 0) => Some(NumberStyle::International),
            (0, 0, HABIT_MIN..) => Some(NumberStyle::National),
            _ => None,
        };
        // Whoever always writes the plus is understood without being asked.
        let suggested = habit.filter(|style| *style != NumberStyle::E164 || seen.ambiguous > 0);
        (seen.ambiguous > 0 || suggested.is_some())
            .then_some(SpellingQuestion { ambiguous: seen.ambiguous, suggested })
    }

    /// What was found, of the receiver of that name.
    #[must_use]
    pub fn found(&self, name: &str) -> String {
        match (self.ambiguous, self.suggested) {
            (0, Some(style)) => format!("receiver {name} wrote every number in one way: {}", style.name()),
            (count, _) => format!(
                "{count} SMS of receiver {name} failed: their sender is a number both with a calling code and without one"
            ),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self, known: bool) -> String {
        match (known, self.suggested) {
            (false, _) => {
                "add each phone as a receiver by name, and say there how it writes numbers".to_owned()
            }
            (true, Some(style)) => {
                format!("it seems to be number_style {0}: set that, if it is right", style.name())
            }
            (true, None) => {
                "say how it writes numbers, in number_style: e164, international or national".to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_habit_is_suggested_after_twenty_numbers_in_one_way() {
        let ask = |seen: Sighting| SpellingQuestion::of(None, &seen);
        let national = |n| Sighting { wrote_national: n, ..Sighting::default() };
        assert_eq!(ask(national(19)), None);
        let question = ask(national(20)).unwrap();
        assert_eq!((question.ambiguous, question.suggested), (0, Some(NumberStyle::National)));
        assert_eq!(ask(Sighting { wrote_e164: 1, ..national(200) }), None, "two ways are no habit");
        assert_eq!(ask(Sighting { wrote_e164: 200, ..Sighting::default() }), None);
        let unsure = ask(Sighting { ambiguous: 1, ..national(3) }).unwrap();
        assert_eq!((unsure.ambiguous, unsure.suggested), (1, None));
    }
}
