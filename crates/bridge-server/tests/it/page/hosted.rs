//! Registration without any app.

use bridge_core::Span;
use reqwest::StatusCode;
use serde_json::json;

use super::{bridge, header, html, look, post, stage};

const FORM: &str = "mobile_number=%2B919876543210&email=me%40example.org&consent=yes";

#[tokio::test]
async fn it_is_there_only_while_it_is_switched_on() {
    let bridge = bridge().await;
    assert_eq!(look(&bridge, "/v").await.status, StatusCode::NOT_FOUND);
    assert_eq!(post(&bridge, "/v", FORM).await.status, StatusCode::NOT_FOUND);
    bridge.set("hosted_registration_enabled", json!(true)).await;
    let form = look(&bridge, "/v?lang=hi").await;
    assert_eq!(form.status, StatusCode::OK);
    assert!(html(&form).contains("lang=\"hi\"") && html(&form).contains("action=\"/v?lang=hi\""));
    let registered = post(&bridge, "/v?lang=hi", FORM).await;
    assert_eq!(registered.status, StatusCode::SEE_OTHER);
    let page = header(&registered, "location");
    assert!(page.starts_with("/v/") && page.ends_with("?lang=hi"), "{page}");
    assert_eq!(stage(&look(&bridge, page).await), "ready");
}

#[tokio::test]
async fn what_is_wrong_stands_beside_its_field_and_nothing_typed_is_lost() {
    let bridge = bridge().await;
    bridge.set("hosted_registration_enabled", json!(true)).await;
    for (form, at) in [
        ("mobile_number=&consent=yes", "number-error"),
        ("mobile_number=123&consent=yes", "number-error"),
        ("mobile_number=%2B447911123456&consent=yes", "number-error"),
        ("mobile_number=%2B919876543210&email=nobody&consent=yes", "email-error"),
        ("mobile_number=%2B919876543210&email=", "consent-error"),
    ] {
        let refused = post(&bridge, "/v", form).await;
        assert!(refused.status.is_client_error(), "{form}");
        assert!(html(&refused).contains(&format!("id=\"{at}\"")), "{form}: {}", html(&refused));
    }
    let refused = post(&bridge, "/v", "mobile_number=%22%3E%3Cb%3E&email=a%26b&consent=yes").await;
    assert!(html(&refused).contains("&#34;&#62;&#60;b&#62;"), "{}", html(&refused));
}

#[tokio::test]
async fn one_address_has_a_small_share() {
    let bridge = bridge().await;
    bridge.set("hosted_registration_enabled", json!(true)).await;
    let form = |n: u32| format!("mobile_number=%2B91987654{n:04}&consent=yes");
    for _ in 0..9 {
        let mistyped = post(&bridge, "/v", "mobile_number=%2B91987&consent=yes").await;
        assert_eq!(mistyped.status, StatusCode::BAD_REQUEST, "it costs nothing");
    }
    for n in 0..5 {
        assert_eq!(post(&bridge, "/v", &form(n)).await.status, StatusCode::SEE_OTHER);
    }
    let refused = post(&bridge, "/v", &form(5)).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!header(&refused, "retry-after").is_empty());
    bridge.clock.advance(Span(121_000));
    assert_eq!(post(&bridge, "/v", &form(5)).await.status, StatusCode::SEE_OTHER);
}
