//! Whose queues are read: those of the hot store that was entered, and of no other. What a server holds that took its place,
//! or that came back with older data, is for whoever rebuilds it.

use bridge_store::{HotStore, Result};

/// Which store's queues are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Queues {
    /// The one that was entered.
    Entered,
    /// The one that is about to be rebuilt.
    Lost,
}

/// What was read, if the queues were the entered store's before and after: a connection may end in between, and the next one
/// lead to another server.
pub(crate) async fn held<T>(
    hot: &dyn HotStore,
    queues: Queues,
    read: impl Future<Output = Result<T>>,
) -> Result<T> {
    if queues == Queues::Lost {
        return read.await;
    }
    hot.queues_are_entered().await?;
    let rows = read.await?;
    hot.queues_are_entered().await?;
    Ok(rows)
}
