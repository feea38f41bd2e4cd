//! Accounts, and who is logged in.

use bridge_core::Timestamp;
use bridge_store::accounts::{Account, Role};

use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;

/// One account. What was made of its password is not in it.
#[derive(Clone, Debug)]
pub struct AccountSeen {
    /// Its name.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// It may not log in.
    pub disabled: bool,
    /// It has no password yet: its link was not used.
    pub waits_for_password: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// In how many browsers it is logged in.
    pub sessions: usize,
    /// When one of them last asked for something.
    pub seen_at: Option<Timestamp>,
}

/// Every account.
pub async fn list(app: &App) -> Result<Vec<AccountSeen>, Problem> {
    let now = app.clock.now();
    let both = async { tokio::try_join!(app.accounts.accounts(), app.accounts.sessions(now)) };
    let (accounts, sessions) = in_time(both).await?;
    let seen = |account: Account| {
        let own = || sessions.iter().filter(|session| session.account == account.name);
        AccountSeen {
            role: account.role,
            disabled: account.disabled,
            waits_for_password: account.password.is_none(),
            created_at: account.created_at,
            sessions: own().count(),
            seen_at: own().map(|session| session.seen_at).max(),
            name: account.name,
        }
    };
    Ok(accounts.into_iter().map(seen).collect())
}
