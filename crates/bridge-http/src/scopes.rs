//! What a key must open for each route, in one list. A route that is not in it is the operator's. Not how a key is read:
//! that is [`crate::auth`].

use axum::extract::MatchedPath;
use axum::http::request::Parts;
use bridge_store::audit::Scope;

/// Routes that are not the operator's, as they are written in the router.
pub(crate) const ROUTES: &[(&str, &str, Scope)] = &[
    ("POST", "/onboard/register", Scope::Register),
    ("POST", "/onboarding/register", Scope::Register),
    ("POST", "/onboard/{onboarding_id}/cancel", Scope::Register),
    ("GET", "/onboard/status/{mobile}", Scope::Status),
    ("GET", "/onboarding/status/{mobile}", Scope::Status),
    ("GET", "/onboard/{onboarding_id}", Scope::Status),
    ("GET", "/onboard/{onboarding_id}/events", Scope::Status),
    ("GET", "/health", Scope::Status),
    ("POST", "/sms/receive", Scope::Receive),
    ("POST", "/sms/receive/{format}", Scope::Receive),
    ("GET", "/sms/receive/{format}", Scope::Receive),
    ("POST", "/receivers/heartbeat", Scope::Receive),
    ("POST", "/sms/import", Scope::Receive),
];

/// The scope of one route.
pub(crate) fn of(method: &str, path: &str) -> Scope {
    let method = if method == "HEAD" { "GET" } else { method };
    let known = ROUTES.iter().find(|(of, at, _)| *of == method && *at == path);
    known.map_or(Scope::Admin, |(_, _, scope)| *scope)
}

/// The scope of the route that a request came to.
pub(crate) fn needed(parts: &Parts) -> Scope {
    let path = parts.extensions.get::<MatchedPath>().map_or("", MatchedPath::as_str);
    of(parts.method.as_str(), path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The list has every route that the description opens with a key of an app or a receiver, and no other.
    #[test]
    fn every_route_says_what_it_needs() {
        let api = serde_json::to_value(crate::docs::openapi()).unwrap();
        let mut described = Vec::new();
        for (path, item) in api["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let schemes = operation["security"].to_string();
                if schemes.contains("api_key") || schemes.contains("receiver_key") {
                    described.push((method.to_uppercase(), path.clone()));
                }
                let takes_a_key = schemes.contains("_key") || schemes.contains("admin_token");
                let said = format!("needs the scope `{}`", of(&method.to_uppercase(), path).word());
                let says = operation["description"].to_string().contains(&said);
                assert_eq!(says, takes_a_key, "{method} {path}");
            }
        }
        let mut listed: Vec<_> =
            ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned())).collect();
        described.sort();
        listed.sort();
        assert_eq!(listed, described);
    }
}
