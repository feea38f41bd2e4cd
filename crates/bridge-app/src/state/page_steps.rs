//! What people did on their page, on its way to `ops.page_funnel`. Bounded: where too much waits, newer steps are not
//! counted. It is a figure, and nothing rests on it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bridge_store::audit::PageStep;

/// Steps kept between two steps of the worker that writes them.
const KEPT_MAX: usize = 4_096;

/// Steps that wait.
#[derive(Debug, Default)]
pub struct PageSteps(Mutex<Vec<PageStep>>);

impl PageSteps {
    fn lock(&self) -> MutexGuard<'_, Vec<PageStep>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps one, unless it waits already or there is no room.
    pub fn keep(&self, step: PageStep) {
        let mut waiting = self.lock();
        let key = |step: &PageStep| (step.onboarding_id, step.step, step.platform);
        let is_known = |known: &PageStep| key(known) == key(&step);
        if waiting.len() < KEPT_MAX && !waiting.iter().any(is_known) {
            waiting.push(step);
        }
    }

    /// Takes what waits.
    #[must_use]
    pub fn take(&self) -> Vec<PageStep> {
        std::mem::take(&mut *self.lock())
    }

    /// Forgets those of a number; how many.
    pub fn forget(&self, mobile: &str) -> usize {
        let mut waiting = self.lock();
        let before = waiting.len();
        waiting.retain(|step| step.mobile_number != mobile);
        before - waiting.len()
    }

    /// Puts back what could not be written, as far as there is room.
    pub fn put_back(&self, mut steps: Vec<PageStep>) {
        let mut waiting = self.lock();
        steps.append(&mut waiting);
        steps.truncate(KEPT_MAX);
        *waiting = steps;
    }
}

#[cfg(test)]
mod tests {
    use bridge_core::Timestamp;
    use bridge_store::audit::Step;
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_flood_is_bounded_and_nothing_waits_twice() {
        let steps = PageSteps::default();
        let step = |n: usize| PageStep {
            onboarding_id: Uuid::from_u128(n as u128),
            mobile_number: format!("+9198765{n:05}"),
            step: Step::Tapped,
            at: Timestamp(0),
            language: "en",
            platform: "ios",
        };
        for n in (0..KEPT_MAX + 10).chain(0..10) {
            steps.keep(step(n));
        }
        assert_eq!(steps.forget("+919876500003"), 1);
        let taken = steps.take();
        assert_eq!(taken.len(), KEPT_MAX - 1);
        steps.keep(step(KEPT_MAX + 1));
        steps.put_back(taken);
        assert_eq!(steps.take().len(), KEPT_MAX);
    }
}
