//! Bounded waiting for what another process does. Not a clock: attempts are counted.

use std::time::Duration;

const STEP: Duration = Duration::from_millis(10);

/// Asks every 10 ms until there is an answer; `None` if there was none in `limit`.
pub fn until<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let mut left = limit.as_millis() / STEP.as_millis();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        left = left.checked_sub(1)?;
        std::thread::sleep(STEP);
    }
}
