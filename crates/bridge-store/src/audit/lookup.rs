//! What is asked of the trail by the phone's own time. Not the rows themselves.

use async_trait::async_trait;
use bridge_core::{Span, Timestamp};

use crate::Result;

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

/// What of a phone's list the bridge has.
#[async_trait]
pub trait LookupTrail: Send + Sync + 'static {
    /// Is there a row of that number with that text that was received within [`KNOWN_WITHIN`] of one of the stamps, in
    /// `input_sms` or in `power_down_store`, waiting or processed? Texts are compared without carriage returns: spreadsheets
    /// write ends of lines in their own way. One answer for each.
    async fn known_sms(&self, asked: &[AskedSms]) -> Result<Vec<bool>>;
    /// How many rows of `input_sms` each receiver's phone received in each hour, from then up to then; hours without
    /// any are left out.
    async fn count_by_hour(&self, from: Timestamp, to: Timestamp) -> Result<Vec<HourCount>>;
}
