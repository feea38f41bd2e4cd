//! Can an SMS be made durable right now? Answered by writing, but at most once a second: the question
//! needs no key, and a write costs an fsync.

use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use bridge_core::{Span, Timestamp};

const FRESH_FOR: Span = Span(1_000);
/// Written where nothing is wrong: a probe every second must not wear a disk out.
const SOME_BYTES: u32 = 16;
/// Written after trouble: more pages than an ordinary SMS touches.
const ENOUGH_BYTES: u32 = 64 * 1024;

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
                // After trouble only as much as an SMS needs proves that it is over.
                let troubled = app.unwritable.load(Ordering::Relaxed) || last.is_some_and(|(_, ok)| !ok);
                let bytes = if troubled { ENOUGH_BYTES } else { SOME_BYTES };
                let (hot, audit, journal) = tokio::join!(
                    in_time(app.hot.try_write(bytes)),
                    in_time(app.audit.try_write(bytes)),
                    async {
                        // Durable stores lie on the same disk: the journal would say the same again.
                        !app.hot.is_durable() && in_time(app.journal.try_write(bytes)).await.is_ok()
                    },
                );
                let writable = hot.is_ok() || audit.is_ok() || journal;
                if writable {
                    app.unwritable.store(false, Ordering::Relaxed);
                }
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, writable));
                writable
            }
        };
        if writable { Ok(()) } else { Err(Problem::new(Code::Unavailable, "nothing is writable")) }
    }
}
