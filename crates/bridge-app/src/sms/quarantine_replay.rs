//! Reading a quarantined body again, because a newer version may understand what an older one did not. Its SMS are
//! taken in like any other, as received when the body came.

use bridge_core::InboundSms;
use bridge_formats::{Content, Delivered, Format, Incoming, Unusable, generic};
use bridge_store::audit::Quarantined;
use http::{HeaderMap, HeaderValue, Method, Uri, header};

use crate::bridge::App;
use crate::sms::inbound::{self, Way};
use crate::sms::intake::{self, Taken};
use crate::sms::unjudged;
use crate::state::receivers::{DEFAULT, ReceiverIdentity};

/// Why a body stays in quarantine.
#[derive(Debug, thiserror::Error)]
pub enum Stays {
    /// It is still unusable.
    #[error("it still cannot be used: {0}")]
    Unusable(String),
    /// The receiver that sent it is revoked.
    #[error("receiver {0}, which sent it, is revoked")]
    Revoked(String),
    /// Its end is missing.
    #[error("only its beginning is kept, because it was longer than 64 KiB: the sender must send it again")]
    Cut,
    /// It is a row of a list.
    #[error("it is a row of an import: mend the row and import the list again")]
    Imported,
    /// Nothing is writable.
    #[error("nothing is writable right now")]
    Unwritable,
}

impl From<intake::Unwritable> for Stays {
    fn from(_: intake::Unwritable) -> Stays {
        Stays::Unwritable
    }
}

/// Reads it again, and takes in what it holds.
pub async fn replay(app: &App, entry: &Quarantined) -> Result<Vec<Taken>, Stays> {
    let sender = match app.receivers.named(&entry.receiver_id) {
        Some(known) => ReceiverIdentity::Named(known),
        None if entry.receiver_id == DEFAULT => ReceiverIdentity::Default,
        None => return Err(Stays::Revoked(entry.receiver_id.clone())),
    };
    if entry.whole_bytes.is_some() {
        return Err(Stays::Cut);
    }
    let (format, content) = read(entry)?;
    let settings = app.live.now();
    let bare_digits = sender.bare_digits(Some(format));
    let way = Way { sender: &sender, format: format.name, bare_digits, now: entry.at };
    let inbound = |sms: Delivered| {
        // It came when it was kept, whenever it is read.
        let stamp = sms.stamp.or(Some(entry.at.into()));
        inbound::inbound(app, &settings, way, Delivered { stamp, ..sms }).map_err(|_| Stays::Unwritable)
    };
    let (sms, contradictory) =
        inbound::of_one_sender(content.sms, &settings.default_country_code, bare_digits);
    if let Some(unusable) = contradictory.first() {
        return Err(Stays::Unusable(unusable.reason()));
    }
    let all = sms.into_iter().map(inbound).collect::<Result<Vec<InboundSms>, Stays>>()?;
    Ok(intake::take_all(app, &settings, all).await?)
}

fn read(entry: &Quarantined) -> Result<(&'static Format, Content), Stays> {
    let named = bridge_formats::named(&entry.format);
    if named.is_none() && entry.format != crate::sms::quarantine::UNKNOWN {
        return Err(Stays::Imported);
    }
    // What came as GET was kept as its query, and has no content type.
    let is_query = entry.content_type.is_empty() && named.is_some_and(|format| format.takes_get);
    let query = String::from_utf8_lossy(if is_query { &entry.body } else { b"" });
    let uri: Uri = format!("/?{query}").parse().unwrap_or_default();
    let mut headers = HeaderMap::new();
    if let Ok(kind) = HeaderValue::from_str(&entry.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    let method = if is_query { Method::GET } else { Method::POST };
    let incoming = Incoming::new(&method, &uri, &headers, &entry.body);
    let format = named.or_else(|| bridge_formats::recognised(&incoming)).unwrap_or(&generic::FORMAT);
    let content = (format.parse)(&incoming).map_err(|unusable| Stays::Unusable(unusable.reason()))?;
    if content.sms.is_empty()
        && let Some(reason) = content.events.iter().find_map(unjudged::reason)
    {
        return Err(Stays::Unusable(reason));
    }
    // Of a batch the good ones were taken in when it came; what is left is what stays.
    match content.unusable.first() {
        Some(unusable) => Err(Stays::Unusable(Unusable::reason(unusable))),
        None => Ok((format, content)),
    }
}
