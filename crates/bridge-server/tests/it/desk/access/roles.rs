//! Every address of the desk, asked by nobody, a viewer, an operator and an owner: the list of routes is the table, so
//! that a page without a rule cannot be, and a rule that is not kept is seen.

use axum::http::header;
use bridge_desk::access::Role;
use bridge_desk::access::Rule;
use bridge_desk::routes::ROUTES;
use reqwest::{Method, StatusCode};

use crate::desk::visitor::Visitor;
use crate::harness::{ADMIN_TOKEN, Bridge};

/// An address with something in its changing parts.
fn filled(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "x" } else { part }).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn each_role_on_each_route() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let operator = Visitor::with_role(&bridge, &owner, "otto", "operator").await;
    let viewer = Visitor::with_role(&bridge, &owner, "vera", "viewer").await;
    let nobody = Visitor::new(&bridge);
    let visitors = [
        (None, &nobody),
        (Some(Role::Viewer), &viewer),
        (Some(Role::Operator), &operator),
        (Some(Role::Owner), &owner),
    ];
    for route in ROUTES {
        for (role, visitor) in visitors {
            // Logging out and a stream that never ends are tried elsewhere.
            let ends = route.path == "/admin/logout" || route.path.ends_with("/live");
            let allowed = match route.rule {
                Rule::Anyone => true,
                Rule::AtLeast(least) => role.is_some_and(|role| role >= least),
            };
            if ends && allowed {
                continue;
            }
            let request = visitor.request(route.method.clone(), &filled(route.path));
            let request = request.header("x-csrf-token", &visitor.csrf);
            let answer = visitor.answer(request).await;
            let refused = match (route.rule, role) {
                (Rule::Anyone, _) => vec![],
                (_, None) => vec![StatusCode::SEE_OTHER, StatusCode::UNAUTHORIZED],
                _ => vec![StatusCode::FORBIDDEN],
            };
            let which =
                format!("{} {} as {role:?}: {} {}", route.method, route.path, answer.status, answer.body);
            if allowed {
                let shut = [StatusCode::FORBIDDEN, StatusCode::SEE_OTHER];
                // A wrong password is told like a wrong secret.
                let is_shut = shut.contains(&answer.status)
                    || answer.status == StatusCode::UNAUTHORIZED && route.path != "/admin/login";
                assert!(!is_shut && !answer.status.is_server_error(), "{which}");
            } else {
                assert!(refused.contains(&answer.status), "{which}");
            }
            assert!(answer.headers.contains_key(header::CONTENT_SECURITY_POLICY), "{which}");
        }
    }
    bridge.stop().await;
}

#[tokio::test]
async fn the_admin_token_is_an_owner_without_a_browser() {
    let bridge = Bridge::start().await;
    let nobody = Visitor::new(&bridge);
    let ask = |token: &str| nobody.request(Method::GET, "/admin/ui/accounts").bearer_auth(token);
    assert_eq!(nobody.answer(ask(ADMIN_TOKEN)).await.status, StatusCode::OK);
    assert_eq!(nobody.answer(ask("wrong")).await.status, StatusCode::UNAUTHORIZED);
    let local = nobody.request(Method::GET, "/admin").header("x-forwarded-for", "127.0.0.1");
    assert_eq!(nobody.answer(local).await.status, StatusCode::UNAUTHORIZED, "being local is no credential");
    bridge.stop().await;
}

#[tokio::test]
async fn a_role_holds_at_once() {
    let bridge = Bridge::start().await;
    let owner = Visitor::owner(&bridge).await;
    let vera = Visitor::with_role(&bridge, &owner, "vera", "viewer").await;
    assert_eq!(vera.open("/admin/ui/accounts").await.status, StatusCode::FORBIDDEN);
    let change = |role: &'static str, may: &'static str| {
        let fields = [("name", "vera"), ("role", role), ("may_log_in", may)];
        let owner = &owner;
        async move { owner.submit("/admin/ui/accounts/change", &fields).await.status }
    };
    assert_eq!(change("owner", "yes").await, StatusCode::OK);
    assert_eq!(vera.open("/admin/ui/accounts").await.status, StatusCode::OK);
    assert_eq!(change("operator", "").await, StatusCode::OK);
    assert_eq!(vera.open("/admin").await.status, StatusCode::SEE_OTHER);
    bridge.stop().await;
}
