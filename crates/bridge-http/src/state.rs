//! What a handler is given: a bridge and, where it asks for it, the Test Lab beside it.

use std::sync::Arc;

use axum::extract::FromRef;
use bridge_app::bridge::App;

use crate::lab::Lab;

/// What a handler has at hand.
pub type Shared = Arc<App>;

/// What is served: a bridge and its Test Lab. Handlers that need the bridge alone ask for [`Shared`].
#[derive(Clone)]
pub struct Served {
    /// The bridge.
    pub app: Shared,
    /// Its Test Lab.
    pub lab: Arc<Lab>,
}

impl FromRef<Served> for Shared {
    fn from_ref(served: &Served) -> Shared {
        served.app.clone()
    }
}
