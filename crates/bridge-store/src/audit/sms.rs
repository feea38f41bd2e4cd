//! Judged SMS: the table `input_sms`. Not how they are searched, which is `desk`.

use async_trait::async_trait;
use bridge_core::phone::PhoneError;
use bridge_core::verdict::Codes;
use bridge_core::{Span, Timestamp};
use uuid::Uuid;

use crate::Result;
use crate::judged::QueuedSms;
use crate::place::{Place, WAITING};

/// One row of `input_sms`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmsRow {
    /// The table's own id: the cursor of keyset pages.
    pub id: i64,
    /// The hot store's id.
    pub redis_id: i64,
    /// E.164, or the sender as it came.
    pub mobile_number: String,
    /// Calling code, where the sender is a number.
    pub country_code: Option<String>,
    /// National number, where the sender is a number.
    pub local_mobile: Option<String>,
    /// The text.
    pub sms_message: String,
    /// When the phone received it.
    pub received_timestamp: Timestamp,
    /// The user's device.
    pub device_id: Option<String>,
    /// The check columns.
    pub codes: Codes,
    /// `passed` or `failed`.
    pub validation_status: String,
    /// The first failure.
    pub failed_at_check: Option<String>,
    /// Why it failed, as a stable word.
    pub reason: Option<String>,
    /// When it was judged.
    pub created_at: Timestamp,
    /// Identity.
    pub sms_id: Uuid,
    /// Which receiver delivered it.
    pub receiver_id: String,
    /// In which format.
    pub format: String,
    /// What a redelivery is recognised by.
    pub fingerprint: String,
    /// When the bridge took it in.
    pub server_received_at: Timestamp,
    /// Received in time, judged after the deadline.
    pub late_delivery: bool,
    /// When the remote confirmed it.
    pub synced_at: Option<Timestamp>,
    /// The onboarding it was judged against.
    pub onboarding_id: Option<Uuid>,
    /// Which SMS of its sender in 24 hours it was; 0 if it was not counted.
    pub sms_in_window: i64,
    /// How far its receiver's stamps were ahead of the time when it came in.
    pub clock_skew: Span,
    /// It came with a stamp that could be used.
    pub stamped: bool,
    /// Its stamp as it was written, where it is no usable point in time by itself (D40).
    pub stamp_raw: Option<String>,
}

impl SmsRow {
    /// The row that a judged SMS becomes that waits to be written.
    #[must_use]
    pub fn waiting(queued: &QueuedSms) -> SmsRow {
        let QueuedSms { id, sms, fingerprint, verdict, judged_at, .. } = queued;
        let sender = sms.sender.as_ref().ok();
        SmsRow {
            id: WAITING + id,
            redis_id: *id,
            mobile_number: sms.mobile_number().to_owned(),
            country_code: sender.map(|number| number.calling_code().to_owned()),
            local_mobile: sender.map(|number| number.national().to_owned()),
            sms_message: sms.text.clone(),
            received_timestamp: sms.received_timestamp,
            device_id: queued.device_id.clone(),
            codes: verdict.codes,
            validation_status: verdict.status().to_owned(),
            failed_at_check: verdict.failed_at.map(|at| at.as_str().to_owned()),
            reason: verdict.reason.clone(),
            created_at: *judged_at,
            sms_id: sms.sms_id,
            receiver_id: sms.receiver_id.clone(),
            format: sms.format.clone(),
            fingerprint: fingerprint.clone(),
            server_received_at: sms.server_received_at,
            late_delivery: verdict.late_delivery,
            synced_at: None,
            onboarding_id: queued.onboarding_id,
            sms_in_window: queued.sms_in_window,
            clock_skew: sms.clock_skew,
            stamped: sms.stamped,
            stamp_raw: sms.stamp_raw.clone(),
        }
    }

    /// Its place in the list.
    #[must_use]
    pub fn place(&self) -> Place {
        Place { at: self.server_received_at, id: self.id }
    }

    /// What is odd about the SMS, as a stable word.
    #[must_use]
    pub fn remark(&self) -> Option<&'static str> {
        (!self.stamped && self.stamp_raw.is_some()).then_some("stamp_unreadable")
    }
}

/// Why a sender is no number, from its stored code. Rows from before did not tell: of them, any reason is as good.
#[must_use]
pub fn sender_error(code: Option<&str>) -> PhoneError {
    use PhoneError::{Alphanumeric, Ambiguous, Empty, Impossible, Rounded, TooLong, TooShort};
    let errors = [Empty, Alphanumeric, TooShort, TooLong, Impossible, Ambiguous, Rounded];
    errors.into_iter().find(|error| Some(error.code()) == code).unwrap_or(Impossible)
}

/// What was judged, and how.
#[async_trait]
pub trait SmsTrail: Send + Sync + 'static {
    /// Writes judged SMS to `input_sms`, each once for ever, and what validated to `validated_mobile`. A row
    /// that the database refuses by itself goes to quarantine with its reason, and stops no other.
    /// Answers how many were new.
    async fn append_sms(&self, batch: &[QueuedSms]) -> Result<usize>;
    /// The rows of one number, newest first, at most `max`, with ids below `before`.
    async fn sms_of(&self, mobile: &str, before: Option<i64>, max: usize) -> Result<Vec<SmsRow>>;
    /// Up to `max` rows of `input_sms` taken in at or after `since`, in order of intake: as they were queued.
    async fn judged_since(
        &self,
        since: Timestamp,
        after: Option<Place>,
        max: usize,
    ) -> Result<Vec<(Place, QueuedSms)>>;
    /// Up to `max` rows of `input_sms` before that place, newest first in order of intake: as they were queued.
    async fn judged_before(&self, before: Option<Place>, max: usize) -> Result<Vec<(Place, QueuedSms)>>;
    /// The row of `input_sms` of one SMS, as it was queued.
    async fn judged_one(&self, sms_id: Uuid) -> Result<Option<QueuedSms>>;
}
