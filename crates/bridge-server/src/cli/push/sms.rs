//! One SMS on its way to a bridge: the JSON body that is kept in the queue and posted as it is. Not where it came
//! from: that is `gammu` or the shell.

use bridge_core::Timestamp;
use bridge_core::onboarding::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The body in the bridge's generic format (contract section 3).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sms {
    /// The sender.
    pub(super) mobile_number: String,
    /// The whole text.
    pub(super) message: String,
    /// When the network or this machine received it, in epoch seconds.
    pub(super) received_timestamp: i64,
    /// The same at every try, another for every other SMS.
    pub(super) message_id: String,
    /// Which modem.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) device_id: Option<String>,
    /// The number of the SIM that received it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sms_receiver_number: Option<String>,
}

/// An SMS as it was found, before it is known when and by what it is recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The sender.
    pub(super) from: String,
    /// The whole text.
    pub(super) text: String,
    /// When the network says that it took it in.
    pub(super) stamp: Option<Timestamp>,
    /// What tells it from its repeats: the same if the modem hands over the same SMS again. Empty where there is
    /// nothing of the kind.
    pub(super) mark: String,
}

impl Found {
    /// The body. Without a stamp it was received now; without a mark every finding is another SMS.
    pub(super) fn into_sms(
        self,
        now: Timestamp,
        device_id: Option<String>,
        sms_receiver_number: Option<String>,
    ) -> Sms {
        let mark = if self.mark.is_empty() { format!("at {} ms", now.0) } else { self.mark };
        let device = device_id.as_deref().unwrap_or_default();
        let message_id = digest(&[device, &self.from, &self.text, &mark]);
        Sms {
            mobile_number: self.from,
            message: self.text,
            received_timestamp: self.stamp.unwrap_or(now).epoch_seconds(),
            message_id,
            device_id,
            sms_receiver_number,
        }
    }
}

/// 128 bits of a hash over all of them, each with its length: no two lists look alike.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_be_bytes());
        hash.update(part);
    }
    hex(&hash.finalize()[..16])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, mark: &str) -> Found {
        Found { from: "+4915112345678".into(), text: text.into(), stamp: None, mark: mark.into() }
    }

    #[test]
    fn the_id_is_that_of_the_sms_not_of_the_try() {
        let id = |found: Found, now: i64, device: Option<&str>| {
            found.into_sms(Timestamp(now), device.map(str::to_owned), None).message_id
        };
        let first = id(found("hi", "20260131_120000"), 1_000, None);
        assert_eq!(first.len(), 32);
        assert_eq!(first, id(found("hi", "20260131_120000"), 9_000, None), "read again later");
        for other in [
            id(found("hi", "20260131_120001"), 1_000, None),
            id(found("ho", "20260131_120000"), 1_000, None),
            id(found("hi", "20260131_120000"), 1_000, Some("m1")),
            id(Found { from: "+4915112345679".into(), ..found("hi", "20260131_120000") }, 1_000, None),
            id(found("hi", ""), 1_000, None),
        ] {
            assert_ne!(first, other);
        }
        assert_ne!(id(found("hi", ""), 1_000, None), id(found("hi", ""), 1_001, None), "a repeat is another");
        assert_ne!(digest(&["ab", "c"]), digest(&["a", "bc"]));
    }

    #[test]
    fn the_body_is_the_generic_one() {
        let stamped = Found { stamp: Some(Timestamp(1_769_860_800_000)), ..found("grüß 漢字", "x") };
        let sms = stamped.into_sms(Timestamp(0), Some("modem-a".into()), Some("+491511".into()));
        let id = sms.message_id.clone();
        assert_eq!(
            serde_json::to_value(&sms).unwrap(),
            serde_json::json!({
                "mobile_number": "+4915112345678", "message": "grüß 漢字", "received_timestamp": 1_769_860_800,
                "message_id": id, "device_id": "modem-a", "sms_receiver_number": "+491511",
            })
        );
        let bare = serde_json::to_value(found("hi", "").into_sms(Timestamp(7_999), None, None)).unwrap();
        assert_eq!(
            (&bare["received_timestamp"], bare.as_object().unwrap().len()),
            (&serde_json::json!(7), 4)
        );
    }
}
