//! Keeps the connections at the primary that Sentinels name: looks while nobody asks, and leaves one that another took the
//! place of or that nobody vouches for. Not the question who it is: that is `sentinels`.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::connection::Server;
use super::sentinels::Sentinels;

/// Between two questions who is the primary.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// A primary that nobody vouched for so long is left. Far below a bridge's minute of grace after which others rebuild
/// without it.
const UNSURE_MAX: Duration = Duration::from_secs(10);

/// Keeps connections at the primary, until it is dropped.
pub(super) struct Watch(JoinHandle<()>);

impl Watch {
    /// Begins, within a runtime.
    pub(super) fn keep(sentinels: Arc<Sentinels>, servers: Vec<Arc<Server>>) -> Watch {
        Watch(tokio::runtime::Handle::current().spawn(async move {
            let mut sure = Instant::now();
            loop {
                sleep(ASK_EVERY).await;
                match sentinels.primary().await {
                    Ok(primary) => {
                        sure = Instant::now();
                        servers.iter().for_each(|server| server.leave_others_than(Some(&primary)));
                    }
                    Err(_) if sure.elapsed() < UNSURE_MAX => {}
                    Err(_) => servers.iter().for_each(|server| server.leave_others_than(None)),
                }
            }
        }))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}
