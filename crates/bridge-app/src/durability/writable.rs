//! Can an SMS be made durable right now? Found out by writing. Not what is done where it cannot: that is `sms::intake`.

use std::sync::atomic::Ordering;

use futures_util::FutureExt;
use futures_util::future::select_ok;

use crate::base::deadline::in_time;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;

/// Written where nothing is wrong: a probe every second must not wear a disk out.
const SOME_BYTES: u32 = 16;
/// Written after trouble: more pages than an ordinary SMS touches.
const ENOUGH_BYTES: u32 = 64 * 1024;

/// Can an SMS be made durable right now? Answered by writing, or as it was answered a moment ago.
pub async fn writable(app: &App) -> Result<(), Problem> {
    let now = app.clock.now();
    let writable = match app.probe.fresh(now) {
        Some(answer) => answer,
        None => {
            let answer = try_write(app).await;
            app.probe.remember(now, answer);
            answer
        }
    };
    if writable { Ok(()) } else { Err(Problem::new(Code::Unavailable, "nothing is writable")) }
}

async fn try_write(app: &App) -> bool {
    // After trouble only as much as an SMS needs proves that it is over.
    let troubled = app.unwritable.load(Ordering::Relaxed) || app.probe.failed();
    let bytes = if troubled { ENOUGH_BYTES } else { SOME_BYTES };
    // The first that takes it is enough: nobody waits for a store that hangs.
    let hot = async { in_time(app.hot.try_write(bytes)).await.map_err(|_| ()) };
    let audit = async { in_time(app.audit.try_write(bytes)).await.map_err(|_| ()) };
    let journal = async {
        // Durable stores lie on the same disk: the journal would say the same again.
        if app.hot.is_durable() {
            return Err(());
        }
        in_time(app.journal.try_write(bytes)).await.map_err(|_| ())
    };
    let writable = select_ok([hot.boxed(), audit.boxed(), journal.boxed()]).await.is_ok();
    if writable {
        app.unwritable.store(false, Ordering::Relaxed);
    }
    writable
}
