//! What the operator enters in an app when its receiver was added or got a new secret. It is shown this once, to be
//! typed in or scanned.

use bridge_formats::Format;
use bridge_store::audit::Receiver;
use serde::Serialize;
use utoipa::ToSchema;

use crate::base::{addresses, secrets};
use crate::bridge::App;

/// What the app is to be given. The secret is shown this once.
#[derive(Serialize, ToSchema)]
pub struct ReceiverAdded {
    name: String,
    format: String,
    numbers: Vec<String>,
    /// Where it delivers; leads to this receiver's own secret or key.
    pub url: String,
    /// The same under the other addresses of this machine, where nobody told one and it has several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_urls: Vec<String>,
    /// Other machines can use that address: the bridge does not listen on its own machine alone.
    #[serde(skip)]
    pub for_phones: bool,
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
    let bases = base_urls(app, host);
    let (base, others) = bases.split_first().map_or(("", &[][..]), |(base, others)| (base.as_str(), others));
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
        other_urls: others.iter().map(|base| format!("{base}/sms/receive/{}?{query}", format.name)).collect(),
        for_phones: addresses::is_for_phones(base),
        url,
        secret,
        signing_key: key,
    }
}

/// The addresses under which phones may reach the bridge, the best first.
fn base_urls(app: &App, host: Option<&str>) -> Vec<String> {
    match (&app.options.public_url, app.address.get()) {
        (Some(url), _) => vec![url.trim_end_matches('/').to_owned()],
        (None, Some(bound)) => addresses::reached_at(*bound, host, &addresses::of_this_machine()),
        (None, None) => vec![format!("http://{}", host.unwrap_or_default())],
    }
}
