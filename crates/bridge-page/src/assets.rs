//! Style sheet and scripts, from the binary. A page asks for each under a name that holds its hash, so a browser keeps it for
//! ever and has the new one at once after an update. `embed.js` alone has a name that never changes: other sites write it down.

use std::fmt::Write;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridge_core::Settings;
use bridge_core::onboarding::hex;
use bridge_http::state::Shared;
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");
const EMBED: &str = include_str!("../assets/embed.js");

const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const FOR_AN_HOUR: &str = "public, max-age=3600";

fn named(text: &str, file: &str) -> String {
    format!("{}-{file}", &hex(&Sha256::digest(text))[..12])
}

/// Names of style sheet and script, as a page writes them.
pub(crate) fn names(settings: &Settings) -> (String, String) {
    (named(&style(settings), "page.css"), named(SCRIPT, "page.js"))
}

/// With the operator's colour.
fn style(settings: &Settings) -> String {
    let mut style = String::with_capacity(STYLE.len() + 64);
    if let Some(on) = on_accent(&settings.page_accent_colour) {
        let _ = write!(style, ":root{{--accent:{};--on-accent:{on}}}", settings.page_accent_colour);
    }
    style.push_str(STYLE);
    style
}

/// Black or white, whichever is read better on that colour: one of the two always is (WCAG 2.2, 1.4.3).
fn on_accent(colour: &str) -> Option<&'static str> {
    let hex = colour.strip_prefix('#')?;
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()?) / 255.0;
        Some(if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) })
    };
    let luminance = 0.2126 * channel(0)? + 0.7152 * channel(2)? + 0.0722 * channel(4)?;
    let (on_white, on_black) = (1.05 / (luminance + 0.05), (luminance + 0.05) / 0.05);
    Some(if on_white >= on_black { "#fff" } else { "#000" })
}

pub(crate) async fn asset(State(app): State<Shared>, Path(name): Path<String>) -> Response {
    let settings = app.live.now();
    let (kind, text) = match name.split_once('-') {
        Some((_, "page.css")) => (CSS, style(&settings)),
        Some((_, "page.js")) => (JS, SCRIPT.to_owned()),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let (css, js) = names(&settings);
    // A page of before an update still gets what there is; it is not kept under the old name.
    let kept = if name == css || name == js { FOR_EVER } else { "no-store" };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept)], text).into_response()
}

/// The element `<sms-bridge-verify>` for other sites.
pub(crate) async fn embed() -> Response {
    let headers = [
        (header::CONTENT_TYPE, JS),
        (header::CACHE_CONTROL, FOR_AN_HOUR),
        (header::HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, EMBED).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_on_any_colour_can_be_read() {
        assert_eq!(on_accent("#0b5cad"), Some("#fff"));
        assert_eq!(on_accent("#ffd400"), Some("#000"));
        assert_eq!(on_accent("#777777"), Some("#000"));
        assert_eq!(on_accent(""), None);
    }

    #[test]
    fn another_colour_is_another_name() {
        let ours = Settings::default();
        let theirs = Settings { page_accent_colour: "#ffd400".into(), ..Settings::default() };
        assert_ne!(names(&ours).0, names(&theirs).0);
        assert_eq!(names(&ours).1, names(&theirs).1);
    }

    #[test]
    fn what_a_page_loads_is_small() {
        assert!(STYLE.len() + SCRIPT.len() < 18_000, "the whole page must stay under 30 KiB");
    }
}
