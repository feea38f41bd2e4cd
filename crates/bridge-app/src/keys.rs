//! Which secret opens what: the keys of the configuration, and those that an operator made. A source address never does.
//! Not the secrets of receivers, nor passwords.

use bridge_store::audit::Scope;

use crate::admin_log::BY_TOKEN;
use crate::bridge::App;

/// What a secret is, for one scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// It opens this. Whose it is, for the admin log.
    Opens(String),
    /// It is a key of ours, which opens something else.
    OpensOther(String, Vec<Scope>),
    /// It is nobody's.
    Unknown,
}

impl Key {
    /// Whose it is, where it opens what was asked.
    #[must_use]
    pub fn holder(self) -> Option<String> {
        match self {
            Key::Opens(who) => Some(who),
            Key::OpensOther(..) | Key::Unknown => None,
        }
    }
}

impl App {
    /// Does this secret open that?
    #[must_use]
    pub fn key(&self, scope: Scope, secret: &str) -> Key {
        let given = match scope {
            Scope::Register | Scope::Status => &self.secrets.api,
            Scope::Receive => &self.secrets.receiver,
            Scope::Admin => &self.secrets.admin,
        };
        if given.accept(secret) {
            return Key::Opens(BY_TOKEN.to_owned());
        }
        match self.api_keys.with_secret(secret, self.clock.now()) {
            Some(made) if made.scopes.contains(&scope) => Key::Opens(format!("API key {}", made.name)),
            Some(made) => Key::OpensOther(made.name, made.scopes),
            None => Key::Unknown,
        }
    }

    /// The same where nobody asks whose it is.
    #[must_use]
    pub fn opens(&self, scope: Scope, secret: &str) -> bool {
        matches!(self.key(scope, secret), Key::Opens(_))
    }
}
