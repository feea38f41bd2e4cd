//! The bridge as the outside sees it, under its public URL: is an edge in front, and is anything open that should not be?

use std::time::Duration;

use bridge_store::finding::{Finding, Level};
use reqwest::redirect::Policy;
use serde_json::Value;

use super::finding;

const WHAT: &str = "outside";
/// By this the edge says that it stands in front (edge/src/app.ts).
const EDGE_HEADER: &str = "x-edge";
/// Nobody outside needs these.
const INSIDE: [&str; 4] = ["/admin", "/admin/settings", "/metrics", "/sms/import"];
const PATIENCE: Duration = Duration::from_secs(15);

/// Looks at it from outside.
pub(super) async fn look(public_url: &str) -> Result<Vec<Finding>, String> {
    // Fails only if a provider is set already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().timeout(PATIENCE).redirect(Policy::none()).build();
    let client = client.map_err(|error| super::super::bridge::no_client(&error))?;
    let url = public_url.trim_end_matches('/');
    let answer = match client.get(format!("{url}/status")).send().await {
        Ok(answer) => answer,
        Err(error) => {
            let advice = "look at the tunnel (cloudflared), the edge, and the host name";
            let found = format!("nothing answers at {url}/status: {}", error.without_url());
            return Ok(vec![finding(WHAT, Level::Problem, found, advice)]);
        }
    };
    let has_edge = answer.headers().contains_key(EDGE_HEADER);
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    let mut findings = vec![match body["onboarding"].as_str() {
        Some(word) if status.is_success() => {
            let edge = if has_edge { "through the edge" } else { "without an edge in front" };
            let since = body["since"].as_str().map(|since| format!(" since {since}")).unwrap_or_default();
            let level = if word == "accepting" { Level::Good } else { Level::Warning };
            let advice =
                if word == "accepting" { "" } else { "users are told to wait: see what else is wrong" };
            finding(WHAT, level, format!("{url} answers {edge}: onboarding is {word}{since}"), advice)
        }
        _ => {
            let found = format!("{url}/status answers {status}, and not as a bridge does");
            finding(
                WHAT,
                Level::Problem,
                found,
                "somebody else answers at this address: look at the edge and the tunnel",
            )
        }
    }];
    let mut open = Vec::new();
    for path in INSIDE {
        let answer = client.get(format!("{url}{path}")).send().await;
        // Access sends whoever is not logged in to a page of its own.
        let is_shut = |answer: reqwest::Response| {
            let to = answer.headers().get("location").and_then(|to| to.to_str().ok()).unwrap_or_default();
            answer.status() == 404 || to.contains("cloudflareaccess.com")
        };
        if !answer.is_ok_and(is_shut) {
            open.push(path);
        }
    }
    if !open.is_empty() {
        let level = if has_edge { Level::Problem } else { Level::Warning };
        let found = format!("everybody can reach {}", open.join(", "));
        let advice = "let the tunnel expose only what `sms-bridge tunnel` writes, and give the desk a listener of its own";
        findings.push(finding(WHAT, level, found, advice));
    }
    Ok(findings)
}
