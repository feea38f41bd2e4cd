//! The changing part of a page's address: an onboarding and the token that opens it. A wrong token and an unknown id are
//! answered alike and in the same time: nobody learns which ids there are.

use axum::extract::FromRef;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::registration::opened;
use bridge_core::Onboarding;
use bridge_http::problem::Failed;
use bridge_http::segment::Segment;
use bridge_http::state::Shared;
use uuid::Uuid;

/// `{id}.{token}`, whose token is right.
pub(crate) struct Link {
    pub(crate) id: Uuid,
    /// As it stands in the address.
    pub(crate) text: String,
}

impl<S: Send + Sync> FromRequestParts<S> for Link
where
    Shared: FromRef<S>,
{
    type Rejection = Failed;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Link, Failed> {
        let app = Shared::from_ref(state);
        let Segment(text) = Segment::from_request_parts(parts, state).await?;
        let (id, token) = text.split_once('.').unwrap_or_default();
        // Whatever is wrong, the token is made and compared.
        let id: Uuid = id.parse().unwrap_or_default();
        if app.secrets.is_onboarding_token(id, token) { Ok(Link { id, text }) } else { Err(missing().into()) }
    }
}

impl Link {
    /// Its onboarding; one that was erased is missing like any other.
    pub(crate) async fn onboarding(&self, app: &Shared) -> Result<Onboarding, Problem> {
        opened::find_kept(app, self.id).await
    }
}

pub(crate) fn missing() -> Problem {
    Problem::new(Code::NotFound, "there is no such page, or it is over")
}
