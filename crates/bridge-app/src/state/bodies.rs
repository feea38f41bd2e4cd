//! How many bytes of bodies are in memory at once, all requests together. A small body is always taken: what is counted is
//! what a few could fill the memory with. Not how large one body may be.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::workbooks::Workbooks;
use crate::base::problem::{Code, Problem};

/// Of all bodies together, beyond what each has free.
pub const BODIES_MAX_BYTES: usize = 32 * 1024 * 1024;
/// Of these, those whose sender is not known yet.
pub const STRANGERS_MAX_BYTES: usize = 8 * 1024 * 1024;
/// So much of each body counts nowhere: an SMS or a registration is never refused because of others.
pub const FREE_BYTES: usize = 4 * 1024;
const RETRY_AFTER_SECONDS: u32 = 5;

/// Whose body it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sender {
    /// Their key came before the body.
    Known,
    /// Their key, if any, is in the body.
    Stranger,
}

/// The bytes that are free.
#[derive(Debug)]
pub struct Bodies {
    all: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    /// Whose turn it is with a workbook, which is in memory as a whole.
    pub workbooks: Workbooks,
}

/// What one body has taken, until it is dropped.
#[derive(Debug)]
pub struct Taken {
    sender: Sender,
    bytes: usize,
    permits: Vec<OwnedSemaphorePermit>,
}

impl Default for Bodies {
    fn default() -> Bodies {
        Bodies {
            all: Arc::new(Semaphore::new(BODIES_MAX_BYTES - STRANGERS_MAX_BYTES)),
            strangers: Arc::new(Semaphore::new(STRANGERS_MAX_BYTES)),
            workbooks: Workbooks::default(),
        }
    }
}

impl Bodies {
    /// A body begins.
    #[must_use]
    pub fn begin(sender: Sender) -> Taken {
        Taken { sender, bytes: 0, permits: Vec::new() }
    }

    /// So many bytes more of it came.
    pub fn more(&self, taken: &mut Taken, bytes: usize) -> Result<(), Problem> {
        let before = taken.bytes.max(FREE_BYTES);
        taken.bytes += bytes;
        let counted = taken.bytes.saturating_sub(before);
        if counted == 0 {
            return Ok(());
        }
        let pool = match taken.sender {
            Sender::Known => &self.all,
            Sender::Stranger => &self.strangers,
        };
        let permit = u32::try_from(counted).ok().and_then(|n| pool.clone().try_acquire_many_owned(n).ok());
        let Some(permit) = permit else {
            let detail = "too many large bodies are being read right now: send it again in a moment";
            return Err(Problem::new(Code::Unavailable, detail).retry_after(RETRY_AFTER_SECONDS));
        };
        match taken.permits.last_mut() {
            Some(all) => all.merge(permit),
            None => taken.permits.push(permit),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bodies_share_what_there_is_and_small_ones_are_always_taken() {
        let bodies = Bodies::default();
        let mib = 1024 * 1024;
        let read = |sender, bytes| {
            let mut taken = Bodies::begin(sender);
            bodies.more(&mut taken, bytes).map(|()| taken)
        };
        let strangers: Vec<_> = (0..8).map(|_| read(Sender::Stranger, mib).unwrap()).collect();
        let refused = read(Sender::Stranger, mib).unwrap_err();
        assert_eq!((refused.code(), refused.retry_after_seconds()), (Code::Unavailable, Some(5)));
        let known: Vec<_> = (0..24).map(|_| read(Sender::Known, mib).unwrap()).collect();
        read(Sender::Known, mib).unwrap_err();
        for sender in [Sender::Stranger, Sender::Known] {
            read(sender, FREE_BYTES).unwrap();
        }
        drop((strangers, known));
        // In pieces it is the same.
        let mut taken = Bodies::begin(Sender::Known);
        for _ in 0..24 * 1024 {
            bodies.more(&mut taken, 1024).unwrap();
        }
        assert_eq!(bodies.all.available_permits(), FREE_BYTES);
        drop(taken);
        assert_eq!(bodies.all.available_permits(), BODIES_MAX_BYTES - STRANGERS_MAX_BYTES);
    }
}
