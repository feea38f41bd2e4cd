//! A website follows a registration from a page of its own, where the operator allows it.

use reqwest::{Method, StatusCode};
use serde_json::json;

use super::{bridge, header, register};
use crate::harness::{Answer, Bridge};

const SHOP: &str = "https://shop.example";

async fn from(bridge: &Bridge, method: Method, path: &str, token: &str, origin: &str) -> Answer {
    let mut request = bridge.request(method.clone(), path).header("origin", origin);
    if method == Method::OPTIONS {
        request = request
            .header("access-control-request-method", "GET")
            .header("access-control-request-headers", "authorization");
    } else {
        request = request.bearer_auth(token);
    }
    bridge.send(request).await
}

#[tokio::test]
async fn only_a_named_website_follows_with_the_token_from_its_own_page() {
    let bridge = bridge().await;
    let registered = register(&bridge, json!({})).await;
    let (id, token) = (registered.text("onboarding_id"), registered.text("token"));
    let path = format!("/onboard/{id}");
    let may = |answer: &Answer| header(answer, "access-control-allow-origin").to_owned();
    for method in [Method::OPTIONS, Method::GET] {
        assert_eq!(may(&from(&bridge, method, &path, token, SHOP).await), "", "nobody is named");
    }
    bridge.set("status_origins", json!([SHOP])).await;
    for path in [path.clone(), format!("{path}/events"), "/status".to_owned()] {
        let asked = from(&bridge, Method::OPTIONS, &path, token, SHOP).await;
        assert!(asked.status.is_success(), "{path}: {}", asked.status);
        assert_eq!(may(&asked), SHOP, "{path}");
        assert!(header(&asked, "access-control-allow-headers").contains("authorization"));
        assert!(header(&asked, "access-control-allow-methods").contains("GET"));
        assert_eq!(may(&from(&bridge, Method::OPTIONS, &path, token, "https://evil.example").await), "");
    }
    let followed = from(&bridge, Method::GET, &path, token, SHOP).await;
    assert_eq!((followed.status, may(&followed).as_str()), (StatusCode::OK, SHOP));
    assert!(header(&followed, "vary").contains("origin"), "no cache gives it to another one");
    assert_eq!(header(&followed, "access-control-allow-credentials"), "", "no cookie is sent along");
    assert_eq!(may(&from(&bridge, Method::GET, &path, token, "https://evil.example").await), "");
    let wrong = from(&bridge, Method::GET, &path, "wrong", SHOP).await;
    assert_eq!((wrong.status, may(&wrong).as_str()), (StatusCode::UNAUTHORIZED, SHOP), "it may read why not");
    let stream = bridge.request(Method::GET, &format!("{path}/events?token={token}")).header("origin", SHOP);
    assert_eq!(stream.send().await.unwrap().headers()["access-control-allow-origin"], SHOP);
    // What takes a key is for no browser.
    for (method, path) in [
        (Method::OPTIONS, "/onboard/register"),
        (Method::OPTIONS, "/onboard/status/%2B919876543210"),
        (Method::OPTIONS, "/admin/settings"),
        (Method::GET, "/admin/settings"),
    ] {
        assert_eq!(may(&from(&bridge, method, path, token, SHOP).await), "", "{path}");
    }
    bridge.stop().await;
}
