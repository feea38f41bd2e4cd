//! The person's page, as a browser without scripts and a curious stranger meet it. With scripts, in a real browser:
//! `cargo xtask desk`, whose journeys include it.

mod asked;
mod embedding;
mod followed;
mod hosted;
mod live;
mod short;
mod states;

use reqwest::Method;
use serde_json::json;

use crate::harness::{API_KEY, Answer, Bridge};

pub(crate) const RECEIVER: &str = "+919000000001";
pub(crate) const USER: &str = "+919876543210";

/// A bridge whose users know where to send.
async fn bridge() -> Bridge {
    let bridge = Bridge::start().await;
    bridge.set("sms_receiver_number", json!(RECEIVER)).await;
    bridge
}

/// A browser asks for a page; it follows nothing by itself.
async fn ask(bridge: &Bridge, method: Method, path: &str, body: Option<&str>) -> Answer {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let mut request = browser.request(method, format!("{}{path}", bridge.url)).header("accept", "text/html");
    if let Some(body) = body {
        request = request.header("content-type", "application/x-www-form-urlencoded").body(body.to_owned());
    }
    bridge.send(request).await
}

async fn look(bridge: &Bridge, path: &str) -> Answer {
    ask(bridge, Method::GET, path, None).await
}

async fn post(bridge: &Bridge, path: &str, body: &str) -> Answer {
    ask(bridge, Method::POST, path, Some(body)).await
}

fn html(answer: &Answer) -> &str {
    answer.body.as_str().unwrap_or_else(|| panic!("no page: {}", answer.body))
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

/// The stage that a page shows.
fn stage(answer: &Answer) -> &str {
    let after =
        html(answer).split_once("data-stage=\"").unwrap_or_else(|| panic!("no stage: {}", html(answer))).1;
    after.split_once('"').unwrap().0
}

/// Registers with further fields.
async fn register(bridge: &Bridge, mut fields: serde_json::Value) -> Answer {
    if fields.get("mobile_number").is_none() {
        fields["mobile_number"] = json!(USER);
    }
    bridge.send(bridge.request(Method::POST, "/onboard/register").bearer_auth(API_KEY).json(&fields)).await
}

/// The path of the page that a registration was given.
fn page_of(registered: &Answer) -> String {
    assert!(registered.status.is_success(), "{}", registered.body);
    registered.text("page_url").to_owned()
}
