//! What is asked of the trail by the phone's own time. Not the rows themselves.

use bridge_core::{Span, Timestamp};

/// How far the stamp of an SMS may lie from the one it is stored with: apps round, and cut off.
pub const KNOWN_WITHIN: Span = Span(2_000);

/// An SMS of which somebody wants to know whether the bridge has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskedSms {
    /// E.164, or the sender as it came.
    pub mobile_number: String,
    /// Its text, storable.
    pub text: String,
    /// When it may have been received: any of these.
    pub stamps: Vec<Timestamp>,
}

/// SMS of one receiver in one hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HourCount {
    /// Which receiver.
    pub receiver_id: String,
    /// When the hour began.
    pub hour: Timestamp,
    /// How many.
    pub count: i64,
}
