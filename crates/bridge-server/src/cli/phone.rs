//! A simulated phone: registers as an app would and hands in SMS as a receiver would.

use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Answer, Client};

/// An app and a receiver of one bridge.
pub(super) struct Phone {
    app: Client,
    receiver: Client,
}

/// One SMS.
pub(super) struct Sms<'a> {
    pub(super) sender: &'a str,
    pub(super) text: &'a str,
    pub(super) received_timestamp: String,
    pub(super) message_id: &'a str,
}

impl Phone {
    pub(super) fn new(bridge: &Client, api_key: String, receiver_key: String) -> Phone {
        Phone { app: bridge.with_secret(api_key), receiver: bridge.with_secret(receiver_key) }
    }

    /// Registers a number.
    pub(super) async fn register(&self, mobile: &str, email: &str, device: &str) -> Result<Answer, String> {
        let body = json!({"mobile_number": mobile, "email": email, "device_id": device});
        self.app.ask(Method::POST, "/onboard/register", Some(&body)).await
    }

    /// Hands in an SMS; the answer must be a verdict.
    pub(super) async fn send(&self, sms: &Sms<'_>) -> Result<Value, String> {
        let body = json!({
            "mobile_number": sms.sender,
            "sms_message": sms.text,
            "received_timestamp": sms.received_timestamp,
            "message_id": sms.message_id,
            "device_id": "simulated-phone",
        });
        self.receiver.get(Method::POST, "/sms/receive", Some(&body)).await
    }

    /// How an onboarding stands.
    pub(super) async fn status(&self, onboarding_id: &str) -> Result<Value, String> {
        self.app.get(Method::GET, &format!("/onboard/{onboarding_id}"), None).await
    }
}
