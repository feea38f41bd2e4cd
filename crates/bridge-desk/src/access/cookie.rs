//! The cookie that a session comes in. With TLS its name makes the browser hold it to this host and to TLS.

use axum::http::header::COOKIE;
use axum::http::request::Parts;

use bridge_app::bridge::App;
use bridge_http::client;

const NAME: &str = "sms_bridge_session";
const NAME_WITH_TLS: &str = "__Host-sms_bridge_session";

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

fn name(encrypted: bool) -> &'static str {
    if encrypted { NAME_WITH_TLS } else { NAME }
}

/// The id of the session, if one came.
pub(super) fn read(parts: &Parts, encrypted: bool) -> Option<String> {
    let cookies = parts.headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|all| all.split(';'))
        .filter_map(|one| one.trim().split_once('='))
        .find(|(key, _)| *key == name(encrypted))
        .map(|(_, value)| value.to_owned())
}

/// Gives the browser a session, or takes it away with an empty id.
pub(crate) fn written(id: &str, encrypted: bool) -> String {
    let (secure, gone) =
        (if encrypted { "; Secure" } else { "" }, if id.is_empty() { "; Max-Age=0" } else { "" });
    format!("{}={id}; Path=/; HttpOnly; SameSite=Strict{secure}{gone}", name(encrypted))
}
