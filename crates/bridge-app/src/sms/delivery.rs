//! The SMS of one request of a receiver: read by their format, taken in, and unusable deliveries kept in quarantine
//! (contract section 3). Not who delivers, and not the words of the answer: those are HTTP's.

use bridge_core::phone::{NumberStyle, PhoneError};
use bridge_core::{InboundSms, Settings, Timestamp};
use bridge_formats::{Content, Event, EventKind, Format, Incoming, Unusable};
use bytes::Bytes;

use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::sms::inbound::{self, Way};
use crate::sms::intake::{self, Taken};
use crate::sms::quarantine::{self, Credentials};
use crate::sms::unjudged;
use crate::state::receivers::ReceiverIdentity;

/// A request of a receiver that was let in.
#[derive(Debug)]
pub struct Delivering {
    /// Who delivers.
    pub sender: ReceiverIdentity,
    /// In which format.
    pub format: &'static Format,
    /// The format is certain, by the route or by the request. Then no content is refused: it goes to quarantine.
    pub sure: bool,
    /// Its content type, for the quarantine.
    pub content_type: String,
    /// Its body, or its query where all of it is there, for the quarantine.
    pub raw: Bytes,
    /// What let it in, not to be kept.
    pub credentials: Credentials,
    /// When this house first noted it: now, or when the edge kept it while the bridge was away (decisions.md D39).
    pub arrived: Timestamp,
}

/// What the format read in it.
#[derive(Debug)]
pub struct Read {
    content: Result<Content, Unusable>,
    app_version: Option<String>,
}

impl Read {
    /// Reads the request. `told_by_itself`: no route said which format it is.
    #[must_use]
    pub fn of(incoming: &Incoming<'_>, format: &'static Format, told_by_itself: bool) -> Read {
        let app_version = format.version.and_then(|version| version(incoming));
        let content = if told_by_itself {
            bridge_formats::read_recognised(incoming, format)
        } else {
            (format.parse)(incoming)
        };
        Read { content, app_version }
    }

    /// What it held, to be looked at.
    pub(crate) fn into_content(self) -> Result<Content, Unusable> {
        self.content
    }
}

/// What became of it. All of it is durable.
#[derive(Debug)]
pub struct Delivered {
    /// What became of each SMS, in the sender's order.
    pub taken: Vec<Taken>,
    /// Why the rest is in quarantine.
    pub quarantined: Vec<String>,
}

/// Takes in what was read. After an error the sender must come again, or it sent no SMS and is told so.
pub async fn take(app: &App, delivering: &Delivering, read: Read) -> Result<Delivered, Problem> {
    let now = app.clock.now();
    let receiver = delivering.sender.name();
    app.receivers.seen().mark_seen(receiver, now);
    let content = match read.content {
        Ok(content) => content,
        Err(unusable) => {
            if unusable.contradictory {
                app.receivers.seen().contradictory(receiver);
            }
            keep(app, delivering, unusable.reason()).await?;
            if !delivering.sure {
                return Err(Problem::fields(Code::InvalidRequest, unusable.detail, unusable.errors));
            }
            return Ok(Delivered { taken: Vec::new(), quarantined: vec![unusable.reason()] });
        }
    };
    let mut report = content.report;
    if let Some(version) = read.app_version {
        report.get_or_insert_default().app_version.get_or_insert(version);
    }
    if report.is_some() && content.sms.is_empty() && content.unusable.is_empty() {
        app.receivers.seen().pinged(receiver, now);
    }
    if let Some(report) = report {
        app.receivers.seen().reported(receiver, report, now);
    }
    let settings = app.live.now();
    let bare_digits = delivering.sender.bare_digits(Some(delivering.format));
    let (sms, contradictory) =
        inbound::of_one_sender(content.sms, &settings.default_country_code, bare_digits);
    let unusable: Vec<&Unusable> = content.unusable.iter().chain(&contradictory).collect();
    if unusable.iter().any(|unusable| unusable.contradictory) {
        app.receivers.seen().contradictory(receiver);
    }
    let events = counted(content.events, sms.is_empty() && unusable.is_empty());
    let unjudged = events.iter().filter_map(unjudged::reason);
    let quarantined: Vec<String> =
        unusable.iter().map(|unusable| unusable.reason()).chain(unjudged).collect();
    if !quarantined.is_empty() {
        keep(app, delivering, quarantined.join(" | ")).await?;
    }
    for event in &events {
        app.receivers.seen().told(receiver, event.kind);
        app.metrics.count_event(delivering.format.name, event.kind);
        if let Some(message) = &event.message {
            unjudged::show(app, &settings, message, bare_digits).await;
        }
    }
    let taken = take_all(app, &settings, delivering, sms, delivering.arrived.min(now)).await?;
    Ok(Delivered { taken, quarantined })
}

/// Every request that was let in leaves a trace, one that holds nothing at all too (D45).
fn counted(events: Vec<Event>, nothing_else: bool) -> Vec<Event> {
    if events.is_empty() && nothing_else { vec![Event::of(EventKind::Other)] } else { events }
}

async fn take_all(
    app: &App,
    settings: &Settings,
    delivering: &Delivering,
    read: Vec<bridge_formats::Delivered>,
    now: Timestamp,
) -> Result<Vec<Taken>, Problem> {
    let receiver = delivering.sender.name();
    let way = Way {
        sender: &delivering.sender,
        format: delivering.format.name,
        bare_digits: delivering.sender.bare_digits(Some(delivering.format)),
        now,
    };
    let mut sms = Vec::with_capacity(read.len());
    for delivered in read {
        sms.push(
            inbound::inbound(app, settings, way, delivered).map_err(|error| Problem::unavailable(&error))?,
        );
    }
    for sms in &sms {
        note_spelling(app, settings, &delivering.sender, sms);
        if let Some(raw) = sms.unusable_stamp() {
            app.receivers.seen().unusable_stamp(receiver, raw, now);
        }
    }
    let stamps: Vec<Option<Timestamp>> =
        sms.iter().map(|sms| sms.stamped.then_some(sms.received_timestamp)).collect();
    let taken = intake::take_all(app, settings, sms).await.map_err(|intake::Unwritable| {
        Problem::new(Code::Unavailable, "nothing is writable right now: keep this SMS and send it again")
    })?;
    for (taken, stamp) in taken.iter().zip(stamps) {
        app.receivers.seen().delivered(receiver, matches!(taken, Taken::Redelivered(_)));
        // Only what comes for the first time and is judged at once tells something of a clock.
        if let (Taken::Judged(_), Some(stamp)) = (taken, stamp)
            && app.clock_watch.is_right()
        {
            app.receivers.seen().stamped(receiver, stamp, now, settings.tolerance());
        }
    }
    Ok(taken)
}

/// What the operator is asked about how this receiver writes numbers, or shown of it (D52).
fn note_spelling(app: &App, settings: &Settings, sender: &ReceiverIdentity, sms: &InboundSms) {
    let name = sender.name();
    if sms.sender == Err(PhoneError::Ambiguous) {
        app.receivers.seen().ambiguous(name);
    }
    // `default` stands for several phones, which have no habit together.
    let is_asked = matches!(sender, ReceiverIdentity::Named(_)) && sender.number_style().is_none();
    if is_asked && let Some(style) = NumberStyle::told_by(&sms.sender_raw, &settings.default_country_code) {
        app.receivers.seen().wrote(name, style);
    }
}

/// Keeps the raw body. If it cannot be kept, the sender must come again.
async fn keep(app: &App, delivering: &Delivering, reason: String) -> Result<(), Problem> {
    let name = delivering.sender.name();
    let format = if delivering.sure { delivering.format.name } else { quarantine::UNKNOWN };
    app.receivers.seen().unusable(name);
    app.metrics.count_sms(format, "quarantined");
    let kept = quarantine::Body {
        receiver_id: name.to_owned(),
        format: format.to_owned(),
        reason,
        content_type: delivering.content_type.clone(),
        body: delivering.raw.to_vec(),
        credentials: delivering.credentials.clone(),
    };
    quarantine::keep(app, kept).await.map_err(|intake::Unwritable| {
        Problem::new(Code::Unavailable, "nothing is writable right now: keep this and send it again")
    })
}
