//! The cookie that a session comes in, and the one by which a browser is known where somebody logged in before, which opens
//! nothing. With TLS their names make the browser hold them to this host and to TLS.

use axum::http::header::COOKIE;
use axum::http::request::Parts;

use bridge_app::bridge::App;
use bridge_http::client;

const SESSION: &str = "sms_bridge_session";
const BROWSER: &str = "sms_bridge_browser";
/// It opens nothing.
const ZONE: &str = "sms_bridge_zone";
const ZONE_MAX_CHARS: usize = 64;
/// A browser is known for half a year after the last login.
const BROWSER_SECONDS: u32 = 180 * 24 * 3_600;

/// Did this request come to us encrypted? A trusted proxy says so, or it names the host of the public URL.
pub(super) fn is_encrypted(app: &App, parts: &Parts) -> bool {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if client::through_trusted_proxy(app, parts) && header("x-forwarded-proto") == Some("https") {
        return true;
    }
    let public = app.options.public_url.as_ref().and_then(|url| reqwest::Url::parse(url).ok());
    let Some(public) = public.filter(|url| url.scheme() == "https") else { return false };
    let host = |url: &reqwest::Url| (url.host_str().map(str::to_owned), url.port_or_known_default());
    let asked = header("host").and_then(|asked| reqwest::Url::parse(&format!("https://{asked}")).ok());
    asked.is_some_and(|asked| host(&asked) == host(&public))
}

fn name(plain: &str, encrypted: bool) -> String {
    format!("{}{plain}", if encrypted { "__Host-" } else { "" })
}

fn value(parts: &Parts, name: &str) -> Option<String> {
    let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|all| all.split(';'))
        .filter_map(|one| one.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// The id of the session, if one came.
pub(super) fn read(parts: &Parts, encrypted: bool) -> Option<String> {
    value(parts, &name(SESSION, encrypted))
}

/// The zone that the browser says its clock is in, with the characters that a cookie cannot hold written as they came.
pub(crate) fn zone(parts: &Parts) -> Option<String> {
    value(parts, ZONE)
        .map(|zone| zone.replace("%2F", "/").replace("%2B", "+"))
        .filter(|zone| zone.len() <= ZONE_MAX_CHARS)
}

/// What the browser keeps of an earlier login.
pub(super) fn browser(parts: &Parts, encrypted: bool) -> Option<String> {
    value(parts, &name(BROWSER, encrypted))
}

fn flags(encrypted: bool) -> &'static str {
    if encrypted {
        "; Path=/; HttpOnly; SameSite=Strict; Secure"
    } else {
        "; Path=/; HttpOnly; SameSite=Strict"
    }
}

/// Gives the browser a session, or takes it away with an empty id.
pub(crate) fn written(id: &str, encrypted: bool) -> String {
    let gone = if id.is_empty() { "; Max-Age=0" } else { "" };
    format!("{}={id}{}{gone}", name(SESSION, encrypted), flags(encrypted))
}

/// Keeps the zone that the browser is in, as it said when somebody logged in.
pub(crate) fn zone_written(zone: &str, encrypted: bool) -> String {
    format!(
        "{ZONE}={}{}; Max-Age={BROWSER_SECONDS}",
        zone.replace('/', "%2F").replace('+', "%2B"),
        flags(encrypted)
    )
}

/// Lets the browser be known from now on.
pub(crate) fn known_browser(kept: &str, encrypted: bool) -> String {
    format!("{}={kept}{}; Max-Age={BROWSER_SECONDS}", name(BROWSER, encrypted), flags(encrypted))
}
