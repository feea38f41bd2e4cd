//! The changing part of an address. One extractor of our own, because axum's answers a broken one in plain
//! text.

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::problem::Failed;
use bridge_app::base::problem::{Code, Problem};

/// The one changing part of a route, percent-decoded.
pub struct Segment(pub String);

impl<S: Send + Sync> FromRequestParts<S> for Segment {
    type Rejection = Failed;
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Segment, Failed> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => Ok(Segment(text)),
            Err(_) => Err(Problem::new(
                Code::InvalidRequest,
                "the address holds a percent-encoding that is no UTF-8: encode every byte of the text as %XX",
            )
            .into()),
        }
    }
}
