//! Whose turn it is with a workbook: it is read as a whole, and what that takes is bounded for one. So they are read one after
//! the other, and nobody has two of them waiting. Not how one is read, or how many bytes of bodies there are at once.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::base::problem::{Code, Problem};

const RETRY_AFTER_SECONDS: u32 = 5;

/// Those that are read or wait.
#[derive(Debug)]
pub struct Workbooks {
    turn: Arc<Semaphore>,
    of: Arc<Mutex<BTreeSet<String>>>,
}

/// It is read: until this is dropped, no other is.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
    _place: Place,
}

/// That somebody has one here.
#[derive(Debug)]
struct Place {
    of: Arc<Mutex<BTreeSet<String>>>,
    who: String,
}

fn lock(of: &Mutex<BTreeSet<String>>) -> MutexGuard<'_, BTreeSet<String>> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Place {
    fn drop(&mut self) {
        lock(&self.of).remove(&self.who);
    }
}

impl Default for Workbooks {
    fn default() -> Workbooks {
        Workbooks { turn: Arc::new(Semaphore::new(1)), of: Arc::default() }
    }
}

impl Workbooks {
    /// Waits until those before it were read.
    pub async fn turn(&self, who: &str) -> Result<Turn, Problem> {
        let busy = |detail| Problem::new(Code::Unavailable, detail).retry_after(RETRY_AFTER_SECONDS);
        if !lock(&self.of).insert(who.to_owned()) {
            return Err(busy(
                "another workbook of the same receiver is being read: send it again in a moment",
            ));
        }
        let place = Place { of: self.of.clone(), who: who.to_owned() };
        let permit = self.turn.clone().acquire_owned().await;
        let permit =
            permit.map_err(|_| busy("the bridge is stopping: send the list again when it is back"))?;
        Ok(Turn { _permit: permit, _place: place })
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    fn now<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }

    #[test]
    fn one_is_read_others_wait_and_nobody_has_two() {
        let workbooks = Workbooks::default();
        let first = now(workbooks.turn("a")).unwrap().unwrap();
        let second = now(workbooks.turn("a")).unwrap().unwrap_err();
        assert_eq!((second.code(), second.retry_after_seconds()), (Code::Unavailable, Some(5)));
        assert!(now(workbooks.turn("b")).is_none(), "b waits");
        // Who went away while waiting left nothing behind.
        drop(first);
        drop(now(workbooks.turn("b")).unwrap().unwrap());
        now(workbooks.turn("a")).unwrap().unwrap();
    }
}
