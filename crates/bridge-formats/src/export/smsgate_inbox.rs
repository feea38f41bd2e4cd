//! An entry of SMSGate's own list, `GET /inbox` of its local server (app 1.59.0 and later). Not its webhook, which has
//! other names for the same.

use bridge_core::Stamp;

use super::row::{Exported, Held, Other};
use crate::content::{Delivered, FieldError, Unusable};
use crate::fields::Fields;

/// Is it one? `contentPreview`, which is the whole text of an SMS, stands nowhere else.
pub(super) fn is_item(fields: &Fields) -> bool {
    fields.get("contentPreview").is_some()
}

/// Reads one. Its time is the carrier's: that is what the app's webhook carries too.
pub(super) fn read(fields: &Fields) -> Held {
    let mut errors = Vec::new();
    let mut take = |name: &str| match fields.text(&[name]) {
        Ok(found) => found.map(|(_, text)| text),
        Err(error) => {
            errors.push(error);
            None
        }
    };
    let (kind, sender, text) = (take("type"), take("sender"), take("contentPreview"));
    let (time, number, sim, id) = (take("createdAt"), take("recipient"), take("simNumber"), take("id"));
    if kind.is_some_and(|kind| kind != "SMS") {
        return Held::Skipped(Other::NoText);
    }
    let network = time.and_then(|time| Stamp::read(&time));
    for (field, missing) in [("sender", sender.is_none()), ("contentPreview", text.is_none())] {
        if missing {
            errors.push(FieldError::new(field, "is missing"));
        }
    }
    match (sender, text) {
        (Some(sender), Some(text)) if errors.is_empty() => {
            let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
            let delivered = Delivered {
                sender,
                text,
                stamp: network.clone(),
                number: filled(number),
                device: filled(sim),
                content_id: id.as_deref().and_then(message_id),
                ..Delivered::default()
            };
            Exported { delivered, network, phone: None }.held()
        }
        _ => Held::Unusable(Unusable::fields("this entry of SMSGate's inbox is no SMS", errors)),
    }
}

/// The `messageId` that the webhook of the same SMS carries: the list has the same 32 bits as a signed number.
fn message_id(id: &str) -> Option<String> {
    let hash: i32 = id.strip_prefix("text:")?.parse().ok()?;
    Some(format!("{:x}", hash.cast_unsigned()))
}
