//! Who is at the desk: accounts, sessions, roles. Being local is never a credential.

pub mod guard;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

use crate::http::Shared;
use crate::http::problem::{Code, Problem};

/// What somebody may do, each more than the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Changes what the bridge does.
    Operator,
    /// Decides who may do what, and about persons' data.
    Owner,
}

/// Whoever asks for a page.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Their account.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What their forms must carry.
    pub csrf: String,
}

impl Role {
    /// In one word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Operator => "operator",
            Role::Owner => "owner",
        }
    }
}

impl Visitor {
    /// May they do what operators do?
    #[must_use]
    pub fn operates(&self) -> bool {
        self.role >= Role::Operator
    }

    /// May they do what owners do?
    #[must_use]
    pub fn owns(&self) -> bool {
        self.role >= Role::Owner
    }
}

/// The guard has put them there.
impl FromRequestParts<Shared> for Visitor {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Visitor, Problem> {
        let nobody = || Problem::new(Code::Unauthorized, "log in at /admin/login");
        parts.extensions.get::<Visitor>().cloned().ok_or_else(nobody)
    }
}
