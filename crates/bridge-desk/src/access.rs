//! Who is at the desk: accounts, sessions, roles. Being local is never a credential.
//!
//! `guard` stands before every page; the pages on which somebody gets in and out are `pages::entry`. What is done with
//! accounts, by the desk and by the JSON routes alike, is [`bridge_app::admin::accounts`].

pub(crate) mod cookie;
pub mod guard;

use std::net::IpAddr;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
pub use bridge_store::accounts::Role;

use bridge_app::admin_log::Actor;
use bridge_app::base::problem::{Code, Problem};
use bridge_http::problem::Failed;

/// Who may ask for an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Anyone: it shows nothing that the bridge keeps.
    Anyone,
    /// Somebody who is logged in with at least this role.
    AtLeast(Role),
}

/// Who asks for a page.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Their account.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What their forms must carry.
    pub csrf: String,
    /// From where they ask.
    pub address: Option<IpAddr>,
    /// SHA-256 of their session's id; none with the admin token.
    pub session: Option<String>,
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

    /// For the admin log.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor { who: self.name.clone(), address: self.address }
    }
}

/// The guard has put them there.
impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Failed;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Visitor, Failed> {
        let nobody = || Problem::new(Code::Unauthorized, "log in at /admin/login");
        parts.extensions.get::<Visitor>().cloned().ok_or_else(nobody).map_err(Failed)
    }
}

/// Where a request comes from.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) address: Option<IpAddr>,
    /// It came with TLS, as far as the bridge can know.
    pub(super) encrypted: bool,
    /// SHA-256 of the id of the session it came with.
    pub(super) session: Option<String>,
    /// What the browser keeps of the last time somebody logged in with it.
    pub(super) browser: Option<String>,
}

/// The guard has put it there.
impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failed;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Caller, Failed> {
        let nobody = || Problem::new(Code::Internal, "this page has no guard: please report it");
        parts.extensions.get::<Caller>().cloned().ok_or_else(nobody).map_err(Failed)
    }
}
