//! What answers where: health, metrics, the API's description, settings, and which listener has what.

mod description;
mod health;
mod host;
mod packed;
mod settings;

use reqwest::Method;

use crate::harness::{Answer, Bridge};

/// A request without any key.
pub(crate) async fn open(bridge: &Bridge, path: &str) -> Answer {
    bridge.send(bridge.request(Method::GET, path)).await
}

/// The same at an address of its own.
pub(crate) async fn open_at(bridge: &Bridge, url: &str) -> Answer {
    bridge.send(bridge.http.get(url)).await
}
