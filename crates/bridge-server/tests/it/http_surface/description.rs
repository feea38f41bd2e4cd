//! /openapi.json describes what is served; /docs needs nothing from anywhere else.

use serde_json::Value;

use super::open;
use crate::bad_input::{assert_refused, refusal};
use crate::harness::Bridge;

/// Contract section 2, as far as this version serves it.
const ROUTES: &[(&str, &str)] = &[
    ("post", "/onboard/register"),
    ("post", "/onboarding/register"),
    ("get", "/onboard/status/{mobile}"),
    ("get", "/onboarding/status/{mobile}"),
    ("get", "/onboard/{onboarding_id}"),
    ("get", "/onboard/{onboarding_id}/events"),
    ("post", "/onboard/{onboarding_id}/cancel"),
    ("post", "/sms/receive"),
    ("get", "/admin/sms"),
    ("get", "/status"),
    ("get", "/health"),
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/admin/settings"),
    ("get", "/admin/settings/{key}"),
    ("put", "/admin/settings/{key}"),
];

/// Every `$ref` and every security scheme leads somewhere.
fn assert_whole(api: &Value, part: &Value) {
    match part {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                let pointer = reference.strip_prefix('#').unwrap_or_else(|| panic!("{reference} leads away"));
                assert!(api.pointer(pointer).is_some(), "{reference} leads nowhere");
            }
            members.values().for_each(|member| assert_whole(api, member));
        }
        Value::Array(entries) => entries.iter().for_each(|entry| assert_whole(api, entry)),
        _ => {}
    }
}

#[tokio::test]
async fn the_description_names_every_route() {
    let bridge = Bridge::start().await;
    let api = open(&bridge, "/openapi.json").await.body;
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"), "{}", api["openapi"]);
    for member in ["title", "version", "description"] {
        assert!(api["info"][member].as_str().is_some_and(|text| !text.is_empty()), "info.{member}");
    }
    let mut ids = Vec::new();
    for (method, path) in ROUTES {
        let operation = &api["paths"][path][method];
        assert!(operation["responses"].is_object(), "{method} {path} is not described");
        ids.push(operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no id")));
        let named = operation["parameters"].as_array().into_iter().flatten();
        let in_path: Vec<&str> =
            named.filter(|p| p["in"] == "path").filter_map(|p| p["name"].as_str()).collect();
        let expected: Vec<&str> = path.split(['{', '}']).skip(1).step_by(2).collect();
        assert_eq!(in_path, expected, "{method} {path}");
        for security in operation["security"].as_array().into_iter().flatten() {
            for scheme in security.as_object().unwrap().keys() {
                let schemes = &api["components"]["securitySchemes"];
                assert!(schemes.get(scheme).is_some(), "{method} {path}: no scheme {scheme}");
            }
        }
    }
    ids.sort_unstable();
    let all = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), all, "an operationId stands twice: {ids:?}");
    assert_whole(&api, &api);
    bridge.stop().await;
}

#[tokio::test]
async fn what_is_described_is_served() {
    let bridge = Bridge::start().await;
    let api = open(&bridge, "/openapi.json").await.body;
    for (path, operations) in api["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let filled = path.replace(['{', '}'], "");
            let verb = method.to_uppercase().parse().unwrap();
            let answer = bridge.send(bridge.request(verb, &filled)).await;
            assert_ne!(answer.status, 405, "{method} {path}");
            let detail = answer.body["detail"].as_str().unwrap_or_default();
            assert!(!detail.starts_with("there is nothing at this address"), "{method} {path}");
        }
    }
    bridge.stop().await;
}

#[tokio::test]
async fn swagger_ui_comes_whole_from_the_bridge() {
    let bridge = Bridge::start().await;
    let page = open(&bridge, "/docs/").await;
    let html = page.body.as_str().unwrap();
    assert!(html.contains("swagger-ui"), "{html}");
    let mut files = vec!["swagger-initializer.js"];
    for mark in ["src=\"", "href=\""] {
        files.extend(html.split(mark).skip(1).filter_map(|rest| rest.split('"').next()));
    }
    for name in &files {
        let name = name.trim_start_matches("./");
        let path = if name.starts_with('/') { name.to_owned() } else { format!("/docs/{name}") };
        assert!(!name.contains("//"), "{name} is on another host");
        let file = open(&bridge, &path).await;
        assert_eq!(file.status, 200, "{path}");
        assert_eq!(csp(&file), csp(&page), "{path}");
    }
    let initializer = open(&bridge, "/docs/swagger-initializer.js").await.body;
    assert!(initializer.as_str().unwrap().contains("/openapi.json"), "{initializer}");
    for (name, text) in [("the page", html), ("the initializer", initializer.as_str().unwrap())] {
        assert!(!text.contains("http://") && !text.contains("https://"), "{name} names a host: {text}");
    }
    assert!(csp(&page).contains("default-src 'none'"), "{}", csp(&page));
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert_eq!(open(&bridge, "/docs").await.body, page.body, "with and without the slash");
    let nothing = open(&bridge, "/docs/nothing.js").await;
    assert_refused("a file that is not there", &nothing, refusal(404, "not_found"));
    bridge.stop().await;
}

fn csp(answer: &crate::harness::Answer) -> &str {
    answer.headers["content-security-policy"].to_str().unwrap()
}
