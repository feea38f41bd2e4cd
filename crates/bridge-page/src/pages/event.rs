//! What somebody did on the page: counted, each kind at most once for each onboarding.

use axum::body::Body;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::request::Parts;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::registration::opened;
use bridge_http::auth::query_value;
use bridge_http::body;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;
use bridge_store::audit::Step;

use crate::frame::Frame;
use crate::link::Link;
use crate::platform::Platform;

/// A word and its name.
const BODY_MAX_BYTES: usize = 1_024;

/// `POST /v/{id}.{token}/event`, with `event=opened`, tapped, copied or scanned.
pub(crate) async fn note(
    State(app): State<Shared>,
    link: Link,
    parts: Parts,
    body: Body,
) -> Result<StatusCode, Failed> {
    let bytes = body::read(&app, &parts.headers, body, BODY_MAX_BYTES).await?;
    let step = word(&bytes).and_then(|word| Step::from_word(&word)).ok_or_else(|| {
        Problem::field(Code::InvalidRequest, "event", "must be opened, tapped, copied or scanned")
    })?;
    let onboarding = link.onboarding(&app).await?;
    let settings = app.live.now();
    let locale = onboarding.asked.locale.as_deref();
    let language = Frame::new(&app, &settings, &parts.headers, &parts.uri, locale, "").language().tag;
    let told = query_value(parts.uri.query(), "on").and_then(|word| Platform::from_word(&word));
    let platform = told.unwrap_or_else(|| Platform::of(&parts.headers));
    opened::note_step(&app, &onboarding, step, language, platform.as_str());
    Ok(StatusCode::NO_CONTENT)
}

/// The word, from a form, from JSON or alone.
fn word(bytes: &[u8]) -> Option<String> {
    if let Ok(json) = serde_json::from_slice::<serde_json::Value>(bytes) {
        let named = ["event", "kind", "type"].iter().find_map(|name| json.get(name)?.as_str());
        return named.or(json.as_str()).map(str::to_owned);
    }
    let named = form_urlencoded::parse(bytes).find(|(name, _)| name == "event" || name == "kind");
    named
        .map(|(_, value)| value.into_owned())
        .or_else(|| Some(std::str::from_utf8(bytes).ok()?.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_is_read_however_it_comes() {
        for body in [
            "event=tapped",
            "{\"event\":\"tapped\"}",
            "tapped",
            " tapped\n",
            "a=1&event=tapped",
            "\"tapped\"",
        ] {
            assert_eq!(word(body.as_bytes()).as_deref(), Some("tapped"), "{body}");
        }
        assert_eq!(word(b"{\"event\":1}"), None);
    }
}
