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

/// More than this, and the connection closes on it.
const LINGER_MAX_BYTES: usize = 16 * 1024 * 1024;

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
    pub(super) fn lend(&self, body: Incoming) -> Lent {
        Lent { body: Some(body), slot: self.0.clone() }
    }

    /// Is there one?
    pub(super) fn is_some(&self) -> bool {
        self.0.body.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Waits for one, and reads it away without keeping anything.
    pub(super) async fn read_away(&self) {
        let Some(mut body) = self.0.take() else { return self.0.given_back.notified().await };
        let mut left = LINGER_MAX_BYTES;
        let away = async {
            while let Some(Ok(frame)) = body.frame().await {
                left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
                if left == 0 {
                    return;
                }
            }
        };
        // However it ends: what is still to come is not waited for.
        let _ = within(LINGER, away).await;
    }
}

/// A body that a handler may read.
pub(super) struct Lent {
    body: Option<Incoming>,
    slot: Arc<Slot>,
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
