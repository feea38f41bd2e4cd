//! An entry of the list that `termux-sms-list` prints on a phone. Its times are the phone's, without their zone.

use super::row::{Exported, Held, Other};
use crate::content::{Delivered, Unusable};
use crate::fields::Fields;
use crate::generic;

/// Is it one? `threadid` stands in nobody else's list.
pub(super) fn is_item(fields: &Fields) -> bool {
    ["threadid", "received", "body"].iter().all(|name| fields.get(name).is_some())
}

/// Reads one. The list has the SMS that the phone sent too; `sender` is the name in the phone's book.
pub(super) fn read(fields: &Fields) -> Held {
    let text = |names: &[&str]| fields.text(names).ok().flatten().map(|(_, text)| text);
    if text(&["type"]).is_some_and(|kind| kind != "inbox") {
        return Held::Skipped(Other::Outgoing);
    }
    let values = [
        ("mobile_number", text(&["address", "number"])),
        ("message", text(&["body"])),
        ("received_timestamp", text(&["received"])),
    ];
    let named = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    match Fields::of(named).and_then(|fields| read_as(&fields)) {
        Ok(held) => held,
        Err(unusable) => Held::Unusable(unusable),
    }
}

fn read_as(fields: &Fields) -> Result<Held, Unusable> {
    let delivered: Delivered = generic::read(fields)?;
    Ok(Exported { phone: delivered.stamp.clone(), network: None, delivered }.held())
}
