//! Who may use the operator's desk, and what they changed: accounts, sessions, links that work once, and the admin log,
//! which only grows. Kept where the audit trail is. No password and no token is known here, only what was made of them.

use async_trait::async_trait;
use bridge_core::Timestamp;
use serde_json::Value;

use crate::Result;

/// What somebody may do at the desk; each may do what the one before may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Changes what concerns SMS.
    Operator,
    /// Looks after people too: accounts, and what is kept of one person.
    Owner,
}

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Operator, Role::Owner];

    /// As it is stored.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Owner => "owner",
        }
    }

    /// The role of that word.
    #[must_use]
    pub fn named(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// Somebody who may log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// What was made of the password, as a PHC string; none until a link was used.
    pub password: Option<String>,
    /// What it may do.
    pub role: Role,
    /// When it was made.
    pub created_at: Timestamp,
    /// It may not log in.
    pub disabled: bool,
    /// When the password was last set.
    pub password_changed_at: Option<Timestamp>,
}

impl Account {
    /// May it log in as owner?
    fn is_owner(&self) -> bool {
        self.role == Role::Owner && !self.disabled && self.password.is_some()
    }

    /// Would somebody still be able to log in as owner, if this one had that role, and might log in or not?
    #[must_use]
    pub fn keeps_an_owner(everybody: &[Account], name: &str, role: Role, disabled: bool) -> bool {
        let stays = role == Role::Owner && !disabled;
        let was = everybody.iter().any(|account| account.name == name && account.is_owner());
        stays || !was || everybody.iter().any(|account| account.name != name && account.is_owner())
    }
}

/// A browser that is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of its id, hex.
    pub id_hash: String,
    /// Whose it is.
    pub account: String,
    /// What the desk keeps in it.
    pub data: Value,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used.
    pub seen_at: Timestamp,
    /// When it ends, however much it is used.
    pub ends_at: Timestamp,
}

/// A link that works once and sets a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// SHA-256 of its token, hex.
    pub token_hash: String,
    /// Whose password it sets; none: it makes the first owner.
    pub account: Option<String>,
    /// It works until then.
    pub until: Timestamp,
}

/// What became of a change of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccountChanged {
    /// It is as it was asked for.
    Changed,
    /// There is none of that name.
    Unknown,
    /// Nobody would be left who may log in as owner. Nothing was changed.
    LastOwner,
}

/// A change that somebody is about to make.
#[derive(Clone, Debug, PartialEq)]
pub struct NewChange {
    /// When the change was noted.
    pub at: Timestamp,
    /// Who: the name of an account, or what else opened the door.
    pub who: String,
    /// From which address, where known.
    pub address: Option<String>,
    /// What was done, as a stable word such as `setting.change`.
    pub action: String,
    /// To what: a key, a name, a number.
    pub subject: String,
    /// What was before.
    pub before: Value,
    /// What it was to be.
    pub after: Value,
}

/// A row of the admin log.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Its place in the log.
    pub id: i64,
    /// What it says.
    pub change: NewChange,
}

/// Which rows of the admin log somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangesAsked {
    /// Those of this one.
    pub who: Option<String>,
    /// Those whose action begins so.
    pub action: Option<String>,
    /// Those about this one.
    pub subject: Option<String>,
    /// Those at or after this time.
    pub since: Option<Timestamp>,
    /// Those before this time.
    pub until: Option<Timestamp>,
    /// Those whose place in the log lies before this one: the next page.
    pub before: Option<i64>,
}

/// Domain operations, each atomic as a whole, and durable when it returns.
#[async_trait]
pub trait AccountStore: Send + Sync + 'static {
    /// Every account, by name.
    async fn accounts(&self) -> Result<Vec<Account>>;
    /// One account.
    async fn account(&self, name: &str) -> Result<Option<Account>>;
    /// Adds an account without a password. False if there is one of that name.
    async fn add_account(&self, now: Timestamp, name: &str, role: Role) -> Result<bool>;
    /// Sets a password, and ends every session of the account. False if there is none of that name.
    async fn set_password(&self, now: Timestamp, name: &str, password: &str) -> Result<bool>;
    /// Gives an account this role and lets it log in or not; one that may not loses its sessions, and its link. There is
    /// always an owner who may log in.
    async fn change_account(&self, name: &str, role: Role, disabled: bool) -> Result<AccountChanged>;

    /// This link works from now on, and no other for the same account. False, and nothing is written: it would make the
    /// first owner and there is an account already, or there is no such account.
    async fn put_link(&self, link: &Link) -> Result<bool>;
    /// The link of this token, if it works now.
    async fn link(&self, now: Timestamp, token_hash: &str) -> Result<Option<Link>>;
    /// Uses a link: makes the first owner with this name, or sets the password of the link's account, whose sessions
    /// end; with it the change is in the admin log. Of two at once one does it. None: it does not work, or not any more,
    /// and nothing is noted.
    async fn use_link(
        &self,
        now: Timestamp,
        token_hash: &str,
        name: &str,
        password: &str,
        change: &NewChange,
    ) -> Result<Option<Account>>;

    /// Keeps a new session; those that ended are forgotten. One whose account may not log in is not kept.
    async fn begin_session(&self, now: Timestamp, session: &Session) -> Result<()>;
    /// A session was used then. One that ended stays ended.
    async fn touch_session(&self, id_hash: &str, seen_at: Timestamp) -> Result<()>;
    /// A session that has not ended, and its account, if that may log in.
    async fn session(&self, now: Timestamp, id_hash: &str) -> Result<Option<(Session, Account)>>;
    /// The sessions that have not ended, newest first.
    async fn sessions(&self, now: Timestamp) -> Result<Vec<Session>>;
    /// Ends a session.
    async fn end_session(&self, id_hash: &str) -> Result<()>;
    /// Ends every session of an account. Answers how many.
    async fn end_sessions(&self, account: &str) -> Result<usize>;

    /// Writes a row of the admin log.
    async fn note_change(&self, change: &NewChange) -> Result<()>;
    /// The rows that are asked for, newest first, at most `max`.
    async fn changes(&self, asked: &ChangesAsked, max: usize) -> Result<Vec<Change>>;
}
