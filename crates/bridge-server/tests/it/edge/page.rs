//! The person's page through the edge: who asks for a new code or stops is believed as the edge signed it, and the page says
//! from which country the registration came.

use bridge_core::Span;
use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::{ALICE, Edge, attempts, bridge_with_edge};
use crate::harness::{ADMIN_TOKEN, Answer, Bridge};

/// The path of the page that this registration was given.
fn page_of(registered: &Answer) -> String {
    let url = registered.text("page_url");
    url[url.find("/v/").unwrap()..].to_owned()
}

/// A form of the page, sent through the edge.
fn form(bridge: &Bridge, page: &str, name: &str, client: &str) -> Edge {
    let form = Edge::of(bridge, Method::POST, &format!("{page}/{name}"), &Value::Null);
    bridge.clock.advance(Span(1));
    Edge { client: client.to_owned(), ..form }
}

/// As a browser sends it, which is not led on here.
async fn sent(bridge: &Bridge, edge: &Edge) -> Response {
    let browser = reqwest::Client::builder().redirect(Policy::none()).build().unwrap();
    let request = edge.request(bridge).header("Accept", "text/html").build().unwrap();
    browser.execute(request).await.unwrap()
}

async fn registered(bridge: &Bridge, device: &str, more: Value) -> Answer {
    let mut body = json!({"mobile_number": ALICE, "device_id": device});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = Edge::of(bridge, Method::POST, "/onboard/register", &body).send(bridge).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer
}

async fn shows_country(bridge: &Bridge, page: &str) -> Option<String> {
    let shown = bridge.send(bridge.request(Method::GET, page).header("Accept", "text/html")).await;
    let html = shown.body.as_str().unwrap().to_owned();
    let (_, rest) = html.split_once("<bdi class=\"place\">")?;
    Some(rest.split_once('<')?.0.to_owned())
}

#[tokio::test]
async fn the_page_says_from_which_country_somebody_registered() {
    let bridge = bridge_with_edge().await;
    bridge.set("sms_receiver_number", json!("+919000000001")).await;
    let by_themselves = registered(&bridge, "d1", json!({})).await;
    assert_eq!(shows_country(&bridge, &page_of(&by_themselves)).await.as_deref(), Some("IN"));
    let same = registered(&bridge, "d2", json!({"client_ip": "203.0.113.9"})).await;
    assert_eq!(shows_country(&bridge, &page_of(&same)).await.as_deref(), Some("IN"));
    // An app's server, which the edge sees in its place.
    let by_a_server = registered(&bridge, "d3", json!({"client_ip": "192.0.2.1"})).await;
    assert_eq!(shows_country(&bridge, &page_of(&by_a_server)).await, None);
    let without_edge = bridge.register(ALICE, "user@example.com", "d4").await;
    assert_eq!(shows_country(&bridge, &page_of(&without_edge)).await, None);
    // Whoever asks for a new code when the time is over asks from where they are.
    bridge.clock.advance(Span(301_000));
    let again = sent(&bridge, &form(&bridge, &page_of(&by_themselves), "again", "198.51.100.1 DE")).await;
    assert_eq!(again.status(), 303);
    let page = again.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(shows_country(&bridge, &page).await.as_deref(), Some("DE"));
    bridge.stop().await;
}

#[tokio::test]
async fn a_new_code_is_counted_for_the_address_that_the_edge_signed() {
    let bridge = bridge_with_edge().await;
    bridge.set("registrations_per_mobile_per_hour", json!(1)).await;
    let page = page_of(&registered(&bridge, "d1", json!({})).await);
    // Before that it is the same code again, and nothing is counted.
    bridge.clock.advance(Span(301_000));
    let from = |client: &str| form(&bridge, &page, "again", client);
    assert_eq!(sent(&bridge, &from("203.0.113.9 IN")).await.status(), 429, "this address had its one");
    let elsewhere = from("198.51.100.1 DE");
    assert_eq!(sent(&bridge, &elsewhere).await.status(), 303);
    assert_eq!(sent(&bridge, &elsewhere).await.status(), 401, "a copy");
    let forged = Edge { secret: "edge-secret-of-the-tests-0009", ..from("192.0.2.9 FR") };
    assert_eq!(sent(&bridge, &forged).await.status(), 401);
    bridge.set("edge_required", json!(true)).await;
    let past = bridge.request(Method::POST, &format!("{page}/again"));
    assert_eq!(bridge.send(past.header("Accept", "application/json")).await.code(), "edge_required");
    let captured = attempts(&bridge).await;
    let of = |reason: &str| captured.iter().filter(|one| one["reason"] == reason).collect::<Vec<_>>();
    assert_eq!(of("edge_signature").len(), 2);
    assert_eq!(of("edge_required").len(), 1);
    let used_up = of("too_many_registrations");
    assert_eq!((used_up.len(), &used_up[0]["place"]), (1, &json!("IN")));
    assert_eq!(used_up[0]["address_hash"].as_str().map(str::len), Some(64));
    bridge.stop().await;
}

#[tokio::test]
async fn nobody_stops_it_with_a_signature_that_does_not_hold() {
    let bridge = bridge_with_edge().await;
    let registration = registered(&bridge, "d1", json!({})).await;
    let page = page_of(&registration);
    let right = form(&bridge, &page, "cancel", "203.0.113.9 IN");
    for (what, wrong) in [
        ("another secret", Edge { secret: "edge-secret-of-the-tests-0009", ..right.clone() }),
        ("another address", Edge { signed_target: Some(format!("{page}/again")), ..right.clone() }),
        ("another body", Edge { signed_body: Some("x".to_owned()), ..right.clone() }),
    ] {
        assert_eq!(sent(&bridge, &wrong).await.status(), 401, "{what}");
        assert_eq!(bridge.status(&registration).await.text("status"), "pending", "{what}");
    }
    assert_eq!(sent(&bridge, &right).await.status(), 303);
    assert_eq!(bridge.status(&registration).await.text("status"), "cancelled");
    assert_eq!(sent(&bridge, &right).await.status(), 401, "a copy");
    // Without an edge it is stopped as ever.
    let other = bridge.register("+919876500007", "user@example.com", "d2").await;
    let stopped = bridge.request(Method::POST, &format!("{}/cancel", page_of(&other)));
    bridge.send(stopped.header("Accept", "text/html")).await;
    assert_eq!(bridge.status(&other).await.text("status"), "cancelled");
    assert_eq!(bridge.get("/admin/doctor", ADMIN_TOKEN).await.status, 200);
    bridge.stop().await;
}
