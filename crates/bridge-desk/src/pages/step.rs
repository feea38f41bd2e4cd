//! One line of a trace, as every page with one draws it.

use bridge_core::trace::Step;

use crate::show::class_of;

/// A check: what it said, by which rule, and what would have made the SMS pass.
pub(super) struct StepView {
    pub(super) check: &'static str,
    pub(super) about: &'static str,
    pub(super) class: &'static str,
    pub(super) word: &'static str,
    pub(super) rule: String,
    pub(super) fact: String,
    pub(super) mend: Option<String>,
}

impl StepView {
    pub(super) fn of(step: Step) -> StepView {
        StepView {
            check: step.check,
            about: step.about,
            class: class_of(step.result),
            word: step.result.word(),
            rule: step.rule,
            fact: step.fact,
            mend: step.remedy,
        }
    }
}
