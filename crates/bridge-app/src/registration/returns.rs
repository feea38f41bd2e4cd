//! Where the page leads when it is done: back to the app, with what became of it. It proves nothing; the app asks.

use bridge_core::onboarding::Shown;
use bridge_core::{Onboarding, Settings};
use reqwest::Url;

use super::wishes::foreign;

/// The app's address with `onboarding_id` and `status`; none where it gave none, or the operator allows it no more.
#[must_use]
pub fn to(onboarding: &Onboarding, shown: Shown, settings: &Settings) -> Option<String> {
    let wanted = onboarding.asked.return_url.as_deref()?;
    if foreign(wanted, settings).is_some() {
        return None;
    }
    let mut url = Url::parse(wanted).ok()?;
    url.query_pairs_mut()
        .append_pair("onboarding_id", &onboarding.id.to_string())
        .append_pair("status", shown.as_str());
    Some(url.into())
}
