//! Can an SMS be made durable right now? Answered by writing, but at most once a second: the question
//! needs no key, and a write costs an fsync.

use std::sync::{Mutex, PoisonError};

use bridge_core::{Span, Timestamp};
use bridge_store::hot::Counters;

use crate::app::App;
use crate::http::problem::{Code, Problem};

const FRESH_FOR: Span = Span(1_000);

/// The last answer.
#[derive(Debug, Default)]
pub struct Probe(Mutex<Option<(Timestamp, bool)>>);

impl Probe {
    /// Asks the stores, or remembers.
    pub async fn ask(&self, app: &App) -> Result<(), Problem> {
        let now = app.clock.now();
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let writable = match last {
            Some((at, answer)) if now - at < FRESH_FOR => answer,
            _ => {
                // Raising the counters to nothing writes a row and changes none.
                let hot = crate::http::in_time(app.hot.raise_counters(Counters::default())).await.is_ok();
                let writable = hot
                    || crate::http::in_time(app.audit.add_to_counter(now, "input_sms_dumped", 0))
                        .await
                        .is_ok();
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, writable));
                writable
            }
        };
        if writable { Ok(()) } else { Err(Problem::new(Code::Unavailable, "nothing is writable")) }
    }
}
