//! Keys that an operator made, each with a name and what it opens. Not the keys of the configuration, which no store
//! keeps.

use async_trait::async_trait;
use bridge_core::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Result;

/// Makes the list of what a key can open.
macro_rules! scopes {
    ($($(#[$about:meta])* $scope:ident = $word:literal, $words:literal;)*) => {
        /// What a key opens.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Scope {
            $($(#[$about])* $scope,)*
        }

        impl Scope {
            /// All of them.
            pub const ALL: &[Scope] = &[$(Scope::$scope),*];

            /// Its stable word.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Scope::$scope => $word,)*
                }
            }

            /// What it lets somebody do, for people.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self {
                    $(Scope::$scope => $words,)*
                }
            }

            /// The scope of that word.
            #[must_use]
            pub fn named(word: &str) -> Option<Scope> {
                Scope::ALL.iter().copied().find(|scope| scope.word() == word)
            }
        }
    };
}

scopes! {
    /// Open and cancel onboardings.
    Register = "register", "begin and cancel registrations";
    /// Ask how they stand.
    Status = "status", "ask how registrations stand";
    /// Hand in SMS.
    Receive = "receive", "hand in SMS, as the receiver default";
    /// All that the operator may.
    Admin = "admin", "everything that the admin token may";
}

/// A key. The secret itself is nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// What it opens, in the order of the list.
    pub scopes: Vec<Scope>,
    /// The SHA-256 of the secret, in hex.
    pub secret_hash: String,
    /// How the secret begins, so that somebody who has it finds its line.
    pub hint: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it.
    pub created_by: String,
    /// When it last opened something, to the minute.
    pub last_used_at: Option<Timestamp>,
}

/// The keys that hold. One that is revoked is gone.
#[async_trait]
pub trait ApiKeyTrail: Send + Sync + 'static {
    /// Every key, oldest first.
    async fn api_keys(&self) -> Result<Vec<ApiKey>>;
    /// Keeps a new key. False: there is one of that id or that name, however its letters are written.
    async fn add_api_key(&self, key: &ApiKey) -> Result<bool>;
    /// It opened something then; an earlier time changes nothing.
    async fn note_api_key_used(&self, id: Uuid, at: Timestamp) -> Result<()>;
    /// Takes a key away. False: there was none.
    async fn remove_api_key(&self, id: Uuid) -> Result<bool>;
}
