//! Messages of somebody that came and are no SMS: pictures, chats, messages of other services (decisions.md D45). They
//! are kept in quarantine as `mms`, and whoever waits for one hears that it must be sent as an SMS. It validates nothing:
//! only an SMS shows who holds a number.

use bridge_core::message::find_hashes;
use bridge_core::onboarding::LastSms;
use bridge_core::phone::BareDigits;
use bridge_core::{Mobile, Settings};
use bridge_formats::{Event, EventKind, Unjudged};

use crate::base::deadline::{STORE, within};
use crate::bridge::App;

/// How the reason of such a body begins.
pub const MMS: &str = "mms";

/// Why it is kept. None: it is nobody's message.
#[must_use]
pub fn reason(event: &Event) -> Option<String> {
    event.message.as_ref()?;
    let what = match event.kind {
        EventKind::Mms => "a picture message (MMS)",
        EventKind::Rcs => "a chat message (RCS)",
        EventKind::Binary => "an SMS of bytes that are no text",
        _ => "a message of another service",
    };
    Some(format!("{MMS}: it came as {what}, which shows nobody's number: it must be sent as an SMS"))
}

/// Shows whoever waits for the hash in it why nothing happened. What cannot be shown now is in the quarantine all the
/// same.
pub async fn show(app: &App, settings: &Settings, message: &Unjudged, bare_digits: BareDigits) {
    let found = find_hashes(&message.text, &settings.permitted_headers);
    // `whatsapp:+91…` and `rcs:+91…` name the service before the number.
    let number = message.sender.rsplit_once(':').map_or(message.sender.as_str(), |(_, number)| number);
    let Ok(sender) = Mobile::parse(number, &settings.default_country_code, bare_digits) else { return };
    let now = app.clock.now();
    let shown = within(STORE, async {
        let standing = app.hot.standing_onboardings(now, sender.e164()).await?;
        let meant = standing
            .iter()
            .find(|one| one.state.can_be_validated() && found.holds(&one.hash, one.asked.short));
        if let Some(meant) = meant {
            app.hot.show_last(now, meant.id, &LastSms::sent_as_mms(now)).await?;
        }
        Ok::<(), bridge_store::StoreError>(())
    });
    match shown.await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(?error, "nobody was told that it came as no SMS"),
        Err(_) => tracing::debug!("nobody was told in time that it came as no SMS"),
    }
}
