//! An entry of what `termux-sms-list` prints. Two of its names would each be a sender elsewhere: `number` is who sent it,
//! `sender` is what the phone's owner calls them.

use bridge_core::Stamp;

use super::row::{Exported, Held, Other};
use crate::content::{Delivered, Unusable};
use crate::fields::Fields;

/// The phone's time, as Termux names it, and as people do who rewrite its list.
const TIME: &[&str] = &["received", "received_at", "received_timestamp", "timestamp"];

/// Is it one? `threadid` stands nowhere else.
pub(super) fn is_item(fields: &Fields) -> bool {
    fields.get("threadid").is_some() && fields.get("body").is_some() && fields.get("number").is_some()
}

/// Reads one.
pub(super) fn read(fields: &Fields) -> Held {
    let mut errors = Vec::new();
    let mut take = |names: &[&str]| {
        fields.text(names).map(|found| found.map(|(_, text)| text)).unwrap_or_else(|error| {
            errors.push(error);
            None
        })
    };
    let (kind, sender, text, time) = (take(&["type"]), take(&["number"]), take(&["body"]), take(TIME));
    if kind.is_some_and(|kind| kind != "inbox") {
        return Held::Skipped(Other::Outgoing);
    }
    // Termux names no zone: the operator says which it is (D40).
    let phone = time.and_then(|time| Stamp::read(&time));
    match (sender, text) {
        (Some(sender), Some(text)) if errors.is_empty() => {
            let delivered = Delivered { sender, text, stamp: phone.clone(), ..Delivered::default() };
            Exported { delivered, network: None, phone }.held()
        }
        _ => Held::Unusable(Unusable::fields("this entry of a Termux list is no SMS", errors)),
    }
}
