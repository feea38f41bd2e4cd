//! What is done with a body that nobody wanted to read to its end: it is read away, for a moment and so many bytes, beside
//! the answer that is out already. A client that is still sending when the connection closes would see it reset, and never
//! the answer that says why.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::sync::Notify;

use bridge_app::base::deadline::{LINGER, within};
use bridge_app::state::places::Seat;

/// More than this, and the connection closes on it.
const LINGER_MAX_BYTES: usize = 16 * 1024 * 1024;
/// What somebody may send along where no body is wanted.
const SMALL_MAX_BYTES: usize = 64 * 1024;

/// The body that was given back unread on a connection.
#[derive(Clone, Default)]
pub(super) struct Unread(Arc<Slot>);

#[derive(Default)]
struct Slot {
    body: Mutex<Option<Incoming>>,
    given_back: Notify,
}

impl Slot {
    fn take(&self) -> Option<Incoming> {
        self.body.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Unread {
    /// Lends a body to a handler. What it does not read comes back.
    pub(super) fn lend(&self, body: Incoming, seat: Seat) -> Lent {
        Lent { body: Some(body), slot: self.0.clone(), seat, is_slow: false }
    }

    /// Is there one?
    pub(super) fn is_some(&self) -> bool {
        self.0.body.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Waits for one, and reads it away without keeping anything.
    pub(super) async fn read_away(&self) {
        let Some(mut body) = self.0.take() else { return self.0.given_back.notified().await };
        // However it ends: what is still to come is not waited for.
        let _ = within(LINGER, to_its_end(&mut body, LINGER_MAX_BYTES)).await;
    }

    /// Reads a small one away before the answer is out, for somebody who is known: the route wanted no body, and the
    /// connection need not close because of one. What does not come, or is no small one, is left for [`Self::read_away`].
    pub(super) async fn read_away_small(&self) {
        let Some(mut body) = self.0.take() else { return };
        let ended = within(LINGER, to_its_end(&mut body, SMALL_MAX_BYTES)).await;
        if ended != Ok(true) {
            *self.0.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
        }
    }
}

/// True: it came to its end within so many bytes.
async fn to_its_end(body: &mut Incoming, max: usize) -> bool {
    let mut left = max;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return false;
        }
    }
    true
}

/// A body that a handler may read.
pub(super) struct Lent {
    body: Option<Incoming>,
    slot: Arc<Slot>,
    seat: Seat,
    /// The rest of it has not come.
    is_slow: bool,
}

impl Body for Lent {
    type Data = Bytes;
    type Error = hyper::Error;
    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = Pin::new(body).poll_frame(cx);
        if matches!(frame, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        if self.is_slow != frame.is_pending() {
            self.is_slow = frame.is_pending();
            if self.is_slow {
                self.seat.is_slow();
            } else {
                self.seat.goes_on();
            }
        }
        frame
    }
    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Incoming::is_end_stream)
    }
    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or(SizeHint::with_exact(0), Incoming::size_hint)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take().filter(|body| !body.is_end_stream()) {
            *self.slot.body.lock().unwrap_or_else(PoisonError::into_inner) = Some(body);
            self.slot.given_back.notify_one();
        }
    }
}
