//! Onboardings and judged SMS as fields of hashes: 003's fields under 003's names, and ours beside them.
//! Times are milliseconds since 1970, so that a script can compare them.

use std::borrow::Cow;

use bridge_core::onboarding::{Asked, LastSms};
use bridge_core::phone::PhoneError;
use bridge_core::sms::Part;
use bridge_core::verdict::{Codes, FailedAt};
use bridge_core::{InboundSms, Mobile, Onboarding, Span, State, Timestamp, Verdict};
use bridge_store::judged::QueuedSms;
use serde::de::value::{Error as SerdeError, MapDeserializer};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::answer::{Parts, Read, Unreadable, parse};
use super::keys;

/// A field's name and value.
pub(super) type Field = (&'static str, String);

/// What never changes of an onboarding: one field, because each costs the server more than its bytes.
#[derive(Serialize, Deserialize)]
struct Enrolled<'a> {
    onboarding_id: Uuid,
    #[serde(borrow)]
    mobile_number: Cow<'a, str>,
    #[serde(borrow)]
    country_code: Cow<'a, str>,
    #[serde(borrow)]
    local_mobile: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    email: Option<Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    client: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "is_nothing")]
    asked: Cow<'a, Asked>,
    #[serde(borrow)]
    hash: Cow<'a, str>,
    #[serde(borrow)]
    salt: Cow<'a, str>,
    request_timestamp: i64,
    user_deadline: i64,
}

#[expect(clippy::ptr_arg, reason = "serde calls it so")]
fn is_nothing(asked: &Cow<'_, Asked>) -> bool {
    asked.is_nothing()
}

/// All fields of an onboarding but `queue_id`, which the store gives: those of 003, and those of `ONBOARDING`.
pub(super) fn of_onboarding(onboarding: &Onboarding) -> Vec<Field> {
    let mobile = &onboarding.mobile;
    let enrolled = Enrolled {
        onboarding_id: onboarding.id,
        mobile_number: mobile.e164().into(),
        country_code: mobile.calling_code().into(),
        local_mobile: mobile.national().into(),
        email: onboarding.email.as_deref().map(Cow::from),
        client: onboarding.client.as_deref().map(Cow::from),
        asked: Cow::Borrowed(&onboarding.asked),
        hash: onboarding.hash.as_str().into(),
        salt: onboarding.salt.as_str().into(),
        request_timestamp: onboarding.request_timestamp.0,
        user_deadline: onboarding.user_deadline.0,
    };
    let mut fields = vec![
        ("onboarding_id", onboarding.id.to_string()),
        ("mobile_number", mobile.e164().to_owned()),
        ("country_code", mobile.calling_code().to_owned()),
        ("local_mobile", mobile.national().to_owned()),
        ("hash", onboarding.hash.clone()),
        ("salt", onboarding.salt.clone()),
        ("request_timestamp", onboarding.request_timestamp.0.to_string()),
        ("user_deadline", onboarding.user_deadline.0.to_string()),
        ("expires_at", onboarding.expires_at.0.to_string()),
        ("status", onboarding.state.as_str().to_owned()),
        ("version", onboarding.version.to_string()),
        // A struct of texts and numbers: there is nothing that JSON could refuse.
        ("registered", serde_json::to_string(&enrolled).unwrap_or_default()),
    ];
    fields.extend(onboarding.email.clone().map(|email| ("email", email)));
    fields.extend(onboarding.device_id.clone().map(|device| ("device_id", device)));
    fields.extend(onboarding.validated_at.map(|at| ("validated_at", at.0.to_string())));
    fields.extend(onboarding.last_sms.as_ref().map(|last| ("last_sms", last_sms_text(last))));
    fields
}

/// The fields of `ONBOARDING` in the order in which [`onboarding`] reads them, and `onboarding()` in facts.lua.
pub(super) const ONBOARDING: &[&str] =
    &["status", "version", "expires_at", "device_id", "registered", "validated_at", "last_sms"];

/// An onboarding from a list of these; None where there is none.
pub(super) fn onboarding(value: redis::Value) -> Read<Option<Onboarding>> {
    if value == redis::Value::Nil {
        return Ok(None);
    }
    let mut parts = Parts::of(value)?;
    let Some(status) = parts.optional_text("status")? else { return Ok(None) };
    let (version, expires_at) = (parts.text("version")?, parts.text("expires_at")?);
    let device_id = parts.optional_text("device_id")?;
    let registered = parts.text("registered")?;
    let (validated_at, last_sms) = (parts.optional_text("validated_at")?, parts.optional_text("last_sms")?);
    let (version, expires_at) = (version.as_str(), expires_at.as_str());
    let (validated_at, last_sms) = (validated_at.as_deref(), last_sms.as_deref());
    let standing = Standing { status: &status, version, expires_at, validated_at, last_sms };
    standing.of(&registered, device_id).map(Some)
}

/// An onboarding as `known()` in facts.lua writes it: a line for each field, and a last one only if it has a device.
pub(super) fn lines(text: &str) -> Read<Onboarding> {
    let mut lines = text.splitn(7, '\n');
    let mut next = |what| lines.next().ok_or_else(|| Unreadable::new(format!("{what} is missing")));
    let (status, version, expires_at) = (next("status")?, next("version")?, next("expires_at")?);
    let (registered, validated_at) = (next("registered")?, next("validated_at")?);
    let last_sms = Some(next("last_sms")?).filter(|text| !text.is_empty());
    let validated_at = Some(validated_at).filter(|text| !text.is_empty());
    let standing = Standing { status, version, expires_at, validated_at, last_sms };
    standing.of(registered, lines.next().map(str::to_owned))
}

/// What changes of an onboarding, as it is stored.
struct Standing<'a> {
    status: &'a str,
    version: &'a str,
    expires_at: &'a str,
    validated_at: Option<&'a str>,
    last_sms: Option<&'a str>,
}

impl Standing<'_> {
    /// With what never changes.
    fn of(&self, registered: &str, device_id: Option<String>) -> Read<Onboarding> {
        let enrolled: Enrolled<'_> = serde_json::from_str(registered)
            .map_err(|error| Unreadable::new(format!("the field registered cannot be read: {error}")))?;
        let validated_at = self.validated_at.map(|at| parse(at, "validated_at")).transpose()?;
        Ok(Onboarding {
            id: enrolled.onboarding_id,
            mobile: mobile(&enrolled.mobile_number, &enrolled.country_code, &enrolled.local_mobile)?,
            email: enrolled.email.map(Cow::into_owned),
            device_id,
            client: enrolled.client.map(Cow::into_owned),
            asked: enrolled.asked.into_owned(),
            hash: enrolled.hash.into_owned(),
            salt: enrolled.salt.into_owned(),
            request_timestamp: Timestamp(enrolled.request_timestamp),
            user_deadline: Timestamp(enrolled.user_deadline),
            expires_at: Timestamp(parse(self.expires_at, "expires_at")?),
            state: state(self.status)?,
            validated_at: validated_at.map(Timestamp),
            version: parse(self.version, "version")?,
            last_sms: self.last_sms.map(last_sms).transpose()?,
        })
    }
}

/// As [`last_sms`] reads it, and record.lua writes it.
pub(super) fn last_sms_text(last: &LastSms) -> String {
    format!("{} {} {}", last.id, last.judged_at.0, verdict_text(&last.verdict))
}

/// Its id, when it was judged, and how.
fn last_sms(text: &str) -> Read<LastSms> {
    let mut words = text.splitn(3, ' ');
    let mut next = |what| words.next().ok_or_else(|| Unreadable::new(format!("{what} is missing")));
    Ok(LastSms {
        id: parse(next("the id of last_sms")?, "the id of last_sms")?,
        judged_at: Timestamp(parse(next("the time of last_sms")?, "the time of last_sms")?),
        verdict: verdict(next("the verdict of last_sms")?)?,
    })
}

pub(super) fn state(word: &str) -> Read<State> {
    State::from_word(word).ok_or_else(|| Unreadable::new("status is no state that this version knows"))
}

/// A stored number, without asking the numbering plans again.
fn mobile(e164: &str, calling_code: &str, national: &str) -> Read<Mobile> {
    let parts = [("e164", e164), ("calling_code", calling_code), ("national", national)];
    Mobile::deserialize(MapDeserializer::<_, SerdeError>::new(parts.into_iter()))
        .map_err(|error| Unreadable::new(format!("the mobile number cannot be read: {error}")))
}

/// A verdict as the memory of redeliveries and the last SMS of an onboarding keep it.
pub(super) fn verdict_text(verdict: &Verdict) -> String {
    // A struct of texts and digits: there is nothing that JSON could refuse.
    serde_json::to_string(verdict).unwrap_or_default()
}

pub(super) fn verdict(text: &str) -> Read<Verdict> {
    serde_json::from_str(text).map_err(|error| Unreadable::new(format!("a verdict cannot be read: {error}")))
}

/// What 003 has no field for in a judged SMS, and what has a field of 003 each but is read with it: one field, because
/// each costs both sides more than its bytes.
#[derive(Serialize, Deserialize)]
struct Beside<'a> {
    sms_id: Uuid,
    /// Where the sender is no number, why; then `mobile_number` is the sender as it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sender_error: Option<PhoneError>,
    /// The sender as it came, where it is not `mobile_number`.
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    sender_raw: Option<Cow<'a, str>>,
    /// Calling code and national number, where the sender is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    number: Option<String>,
    received: i64,
    taken_in: i64,
    judged: i64,
    codes: Codes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed_at: Option<FailedAt>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    not_stamped: bool,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    stamp_raw: Option<Cow<'a, str>>,
    #[serde(borrow)]
    receiver_id: Cow<'a, str>,
    #[serde(borrow)]
    format: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    line: Option<Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    delivery_id: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "is_zero")]
    clock_skew: Span,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    part: Option<Cow<'a, Part>>,
    #[serde(borrow)]
    fingerprint: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    late_delivery: bool,
    #[serde(default, rename = "onboarding", skip_serializing_if = "Option::is_none")]
    onboarding_id: Option<Uuid>,
    #[serde(rename = "nth")]
    sms_in_window: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(skew: &Span) -> bool {
    *skew == Span(0)
}

/// The field `bridge` of a judged SMS.
pub(super) fn beside(now: Timestamp, row: &QueuedSms) -> String {
    let QueuedSms { sms, fingerprint, verdict, onboarding_id, sms_in_window, .. } = row;
    let beside = Beside {
        sms_id: sms.sms_id,
        sender_error: sms.sender.as_ref().err().copied(),
        sender_raw: Some(sms.sender_raw.as_str()).filter(|raw| *raw != sms.mobile_number()).map(Cow::from),
        number: sms.sender.as_ref().ok().map(number),
        received: sms.received_timestamp.0,
        taken_in: sms.server_received_at.0,
        judged: now.0,
        codes: verdict.codes,
        failed_at: verdict.failed_at,
        not_stamped: !sms.stamped,
        stamp_raw: sms.stamp_raw.as_deref().map(Cow::from),
        receiver_id: sms.receiver_id.as_str().into(),
        format: sms.format.as_str().into(),
        line: sms.line.as_deref().map(Cow::from),
        delivery_id: sms.delivery_id.as_deref().map(Cow::from),
        clock_skew: sms.clock_skew,
        part: sms.part.as_ref().map(Cow::Borrowed),
        fingerprint: fingerprint.as_str().into(),
        reason: verdict.reason.as_deref().map(Cow::from),
        late_delivery: verdict.late_delivery,
        onboarding_id: *onboarding_id,
        sms_in_window: *sms_in_window,
    };
    // A struct of texts and numbers: there is nothing that JSON could refuse.
    serde_json::to_string(&beside).unwrap_or_default()
}

/// A digit for each check, in the order of their list.
pub(super) fn digits(codes: Codes) -> String {
    codes.0.iter().map(|code| char::from(b'0' + code.number())).collect()
}

/// The fields of 003 that a judged SMS has only where they mean something.
pub(super) fn optional_of_sms(sms: &InboundSms, verdict: &Verdict) -> Vec<(&'static str, String)> {
    let mut fields = Vec::new();
    if let Ok(mobile) = &sms.sender {
        fields.push(("country_code", mobile.calling_code().to_owned()));
        fields.push(("local_mobile", mobile.national().to_owned()));
    }
    fields.extend(verdict.failed_at.map(|at| ("failed_at_check", at.as_str().to_owned())));
    fields
}

/// Calling code and national number.
pub(super) fn number(mobile: &Mobile) -> String {
    format!("{} {}", mobile.calling_code(), mobile.national())
}

/// The fields of a judged SMS in the order in which [`queued_sms`] reads them; all others are for people.
const SMS: &[&str] = &["id", "bridge", "mobile_number", "sms_message", "device_id"];

/// Asks for one judged SMS.
pub(super) fn ask_for_sms(id: i64) -> redis::Cmd {
    let mut command = redis::cmd("HMGET");
    command.arg(keys::of(keys::QUEUE_INPUT_SMS, id)).arg(SMS);
    command
}

/// A judged SMS from the answer; None where there is none.
pub(super) fn queued_sms(value: redis::Value) -> Read<Option<QueuedSms>> {
    let mut row = Parts::of(value)?;
    let Some(id) = row.optional_number("id")? else { return Ok(None) };
    let beside = row.text("bridge")?;
    let beside: Beside<'_> = serde_json::from_str(&beside)
        .map_err(|error| Unreadable::new(format!("the field bridge cannot be read: {error}")))?;
    let mobile_number = row.text("mobile_number")?;
    let number = beside.number.as_deref().and_then(|number| number.split_once(' '));
    let (sender, sender_raw) = match (beside.sender_error, number) {
        (Some(error), _) => (Err(error), mobile_number),
        (None, Some((calling_code, national))) => {
            let mobile = mobile(&mobile_number, calling_code, national)?;
            (Ok(mobile), beside.sender_raw.map_or(mobile_number, Cow::into_owned))
        }
        (None, None) => return Err(Unreadable::new("the field bridge holds no number")),
    };
    let text = row.text("sms_message")?;
    let device_id = row.optional_text("device_id")?;
    let (codes, failed_at) = (beside.codes, beside.failed_at);
    let (reason, late_delivery) = (beside.reason.map(Cow::into_owned), beside.late_delivery);
    Ok(Some(QueuedSms {
        id,
        sms: InboundSms {
            sms_id: beside.sms_id,
            sender_raw,
            sender,
            text,
            received_timestamp: Timestamp(beside.received),
            stamped: !beside.not_stamped,
            stamp_raw: beside.stamp_raw.map(Cow::into_owned),
            clock_not_set: None,
            server_received_at: Timestamp(beside.taken_in),
            receiver_id: beside.receiver_id.into_owned(),
            format: beside.format.into_owned(),
            line: beside.line.map(Cow::into_owned),
            delivery_id: beside.delivery_id.map(Cow::into_owned),
            clock_skew: beside.clock_skew,
            part: beside.part.map(Cow::into_owned),
        },
        fingerprint: beside.fingerprint.into_owned(),
        verdict: Verdict { codes, failed_at, reason, late_delivery },
        judged_at: Timestamp(beside.judged),
        onboarding_id: beside.onboarding_id,
        device_id,
        sms_in_window: beside.sms_in_window,
    }))
}
