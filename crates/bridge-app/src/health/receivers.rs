//! How the receivers are, and what the operator should do about them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bridge_core::phone::NumberStyle;
use bridge_core::{Settings, Timestamp};
use bridge_store::audit::Sighting;
use bridge_store::finding::Level;
use serde::Serialize;
use utoipa::ToSchema;

use crate::bridge::App;
use crate::state::receivers::{KnownReceiver, SpellingQuestion};

/// One receiver.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReceiverView {
    /// `ok`, `silent`, `paused`, `never_seen`, or `wrong_secret`: it was heard of, and in the last hour somebody came
    /// with a wrong one since.
    pub status: &'static str,
    /// The format it was added with; null for `default`.
    format: Option<String>,
    /// How it writes the numbers of senders: `e164`, `international`, `national`; null where that is not known.
    number_style: Option<&'static str>,
    /// In which zone its clock runs, for stamps that do not say it; null where nobody has said it.
    time_zone: Option<String>,
    /// How often it is heard from at least, as its operator says.
    expected_every_seconds: Option<u32>,
    /// How it seems to write them, by what it wrote so far.
    #[serde(skip_serializing_if = "Option::is_none")]
    number_style_suggested: Option<&'static str>,
    /// SMS that failed because their sender is a number both with a calling code and without one.
    ambiguous: i64,
    /// Its receiving numbers.
    numbers: Vec<String>,
    #[schema(format = DateTime)]
    first_seen: Option<String>,
    #[schema(format = DateTime)]
    last_seen: Option<String>,
    /// The last request with a wrong secret or signature.
    #[schema(format = DateTime)]
    wrong_secret: Option<String>,
    /// SMS that it delivered for the first time.
    delivered: i64,
    /// Of those, delivered again.
    redelivered: i64,
    /// What it sent and nobody could use, and requests with a wrong secret.
    rejected: i64,
    /// What it sent that is no SMS, by kind: `mms`, `delivery_report`, `ping` …
    events: BTreeMap<String, i64>,
    /// Seconds by which its stamps are steadily ahead of the time; they are subtracted.
    clock_skew_seconds: i64,
    /// Percent.
    battery: Option<u8>,
    charging: Option<bool>,
    network: Option<String>,
    app_version: Option<String>,
    /// What is wrong with that version.
    app_warning: Option<&'static str>,
}

impl ReceiverView {
    /// What is known of one; `known` is none for `default`.
    #[must_use]
    pub fn of(
        app: &App,
        known: Option<&KnownReceiver>,
        seen: &Sighting,
        now: Timestamp,
        settings: &Settings,
    ) -> ReceiverView {
        let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
        let state = app.receivers.state(known, seen, now, settings);
        ReceiverView {
            status: state.word(),
            format: known.map(|known| known.row.format.clone()),
            number_style: known.and_then(|known| known.row.number_style).map(NumberStyle::name),
            time_zone: known
                .and_then(|known| known.row.time_zone.as_ref())
                .map(|zone| zone.name().to_owned()),
            expected_every_seconds: known.and_then(|known| known.row.expected_every_seconds),
            number_style_suggested: SpellingQuestion::of(known, seen)
                .and_then(|asked| asked.suggested)
                .map(NumberStyle::name),
            ambiguous: seen.ambiguous,
            numbers: known.map(|known| known.row.numbers.clone()).unwrap_or_default(),
            first_seen: text(seen.first_seen_at),
            last_seen: text(seen.last_seen_at),
            wrong_secret: text(seen.wrong_secret_at),
            delivered: seen.delivered,
            redelivered: seen.redelivered,
            rejected: seen.rejected,
            events: seen.events.clone(),
            clock_skew_seconds: seen.clock_skew.0 / 1000,
            battery: seen.battery,
            charging: seen.charging,
            network: seen.network.clone(),
            app_warning: known.and_then(|known| known.warning(seen)),
            app_version: seen.app_version.clone(),
        }
    }
}

/// Every receiver; what is worth saying of them goes to the notes. True: something must be done.
pub(super) fn look(
    app: &App,
    settings: &Settings,
    notes: &mut Vec<String>,
) -> (BTreeMap<String, ReceiverView>, bool) {
    let now = app.clock.now();
    let view = |(known, seen): (Option<Arc<KnownReceiver>>, Sighting)| {
        let view = ReceiverView::of(app, known.as_deref(), &seen, now, settings);
        (seen.name, view)
    };
    let views = app.receivers.each().into_iter().map(view).collect();
    let findings = app.receivers.findings(now, settings);
    let troubled = findings.iter().any(|finding| finding.level == Level::Problem);
    notes.extend(findings.into_iter().filter(|finding| finding.level != Level::Good).map(|finding| {
        if finding.advice.is_empty() {
            finding.found
        } else {
            format!("{}: {}", finding.found, finding.advice)
        }
    }));
    (views, troubled)
}
