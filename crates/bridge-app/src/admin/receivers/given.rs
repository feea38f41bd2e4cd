//! What the operator enters in an app when its receiver was added or got a new secret. It is shown this once, to be
//! typed in or scanned.

use bridge_formats::Format;
use bridge_store::audit::Receiver;
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::secrets;
use crate::bridge::App;

/// What the app is to be given. The secret is shown this once.
#[derive(Serialize, ToSchema)]
pub struct ReceiverAdded {
    name: String,
    format: String,
    numbers: Vec<String>,
    /// Where it delivers; leads to this receiver's own secret or key.
    pub url: String,
    /// Its secret.
    pub secret: String,
    /// Its signing key, where it signs.
    pub signing_key: Option<String>,
    /// Where it says that it lives.
    pub heartbeat_url: String,
    /// How to set the app up.
    pub steps: Vec<String>,
    /// What is weak about the secret that was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
}

impl ReceiverAdded {
    /// Which receiver it is for.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// For the app of this receiver. `host` is what the request was sent to.
pub(super) fn given_to_app(
    app: &App,
    row: &Receiver,
    format: &Format,
    secret: String,
    key: Option<String>,
    host: Option<&str>,
) -> ReceiverAdded {
    let base = base_url(app, host);
    let signs = !row.signing_keys.is_empty();
    let query = if signs { format!("receiver={}", row.name) } else { format!("apiKey={secret}") };
    let url = format!("{base}/sms/receive/{}?{query}", format.name);
    let filled = |step: &&str| {
        step.replace("{url}", &url)
            .replace("{secret}", &secret)
            .replace("{signing_key}", key.as_deref().unwrap_or(&secret))
    };
    ReceiverAdded {
        name: row.name.clone(),
        format: row.format.clone(),
        numbers: row.numbers.clone(),
        heartbeat_url: format!("{base}/receivers/heartbeat?apiKey={secret}"),
        steps: format.steps.iter().map(filled).collect(),
        warning: secrets::weak(&secret)
            .map(|why| format!("the secret {why}: whoever guesses it can hand in SMS")),
        url,
        secret,
        signing_key: key,
    }
}

/// The address under which phones reach the bridge, as far as it is known here.
fn base_url(app: &App, host: Option<&str>) -> String {
    match &app.options.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => {
            let address = app.address.get().map(ToString::to_string);
            format!("http://{}", address.or(host.map(str::to_owned)).unwrap_or_default())
        }
    }
}
