//! The generic format: any of the names that phones and apps use for sender, text, time, id and phone
//! (contract section 3).

use bridge_core::phone::BareDigits;
use bridge_core::{Stamp, Timestamp};
use http::Method;
use serde_json::json;

use crate::content::{Content, Delivered, FieldError, Unusable};
use crate::fields::Fields;
use crate::format::{Behind, Clock, Format, Reply, ToldBy};
use crate::incoming::Incoming;
use crate::signing::{body_and_stamp, sign_body_and_stamp};
use crate::writing::{Example, Written, object};

/// The format of `POST /sms/receive` where no other is recognised, and of `sms-bridge push`.
pub const FORMAT: Format = Format {
    name: "generic",
    about: "Anything that can send JSON or a form",
    behind: Behind::Gateway,
    takes_get: false,
    asks_first: false,
    bare_digits: BareDigits::OneWayOnly,
    clock: Clock::Phone,
    recognises: None,
    told_by: ToldBy::CommonNames,
    parse,
    secret: Some(|incoming| secret(incoming.fields().ok()?)),
    verify: Some(body_and_stamp),
    sign: Some(sign_body_and_stamp),
    wrong_key: None,
    takes_our_key: true,
    has_inbox: false,
    reply: Reply::Ours,
    version: None,
    warning: None,
    steps: &["Send POST {url} with JSON: mobile_number, message, received_timestamp, message_id."],
    example,
};

const SENDER: &[&str] =
    &["mobile_number", "sender_number", "sender", "from", "number", "phoneNumber", "msisdn", "originator"];
const TEXT: &[&str] = &["sms_message", "message", "text", "body", "content"];
const TIME: &[&str] =
    &["received_timestamp", "received_at", "receivedAt", "receivedStamp", "timestamp", "sentStamp"];
const ID: &[&str] = &["message_id", "messageId", "id", "smsId"];
/// The number that received it.
const NUMBER: &[&str] = &["sms_receiver_number", "receiver_number", "recipient", "to"];
const PHONE: &[&str] = &["device_id", "deviceId", "sim"];
const SECRET: &[&str] = &["secret"];

/// The carrier's stamp, beside the phone's, where an app keeps both.
const NETWORK_TIME: &[&str] = &["sentStamp", "date_sent"];

/// What a value tells of an SMS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Sender,
    Text,
    Time,
    Other,
}

impl Role {
    /// Of the value under that name; None: it is read by nobody.
    pub(crate) fn of(name: &str) -> Option<Role> {
        let roles = [
            (SENDER, Role::Sender),
            (TEXT, Role::Text),
            (TIME, Role::Time),
            (NETWORK_TIME, Role::Time),
            (ID, Role::Other),
            (NUMBER, Role::Other),
            (PHONE, Role::Other),
        ];
        roles.into_iter().find(|(names, _)| names.contains(&name)).map(|(_, role)| role)
    }

    /// It may be nothing but digits.
    pub(crate) fn is_of_digits(self) -> bool {
        matches!(self, Role::Sender | Role::Time)
    }
}

/// The name that a column's title means, whatever its case and spaces: `Mobile Number` is `mobile_number`.
#[must_use]
pub(crate) fn name_of(title: &str) -> Option<&'static str> {
    let squashed = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    };
    let title = squashed(title);
    let mut all = [SENDER, TEXT, TIME, ID, NUMBER, PHONE, NETWORK_TIME].into_iter().flatten().copied();
    all.find(|name| squashed(name) == title)
}

/// What a table with these columns lacks to be one of SMS.
#[must_use]
pub(crate) fn lacking<N: AsRef<str>>(columns: &[N]) -> Vec<FieldError> {
    let needed = [(SENDER, "the sender"), (TEXT, "the text"), (TIME, "when the phone received it")];
    let missing =
        needed.into_iter().filter(|(names, _)| !columns.iter().any(|c| names.contains(&c.as_ref())));
    missing.map(|(names, what)| is_missing(names, what)).collect()
}

fn is_missing(names: &[&str], what: &str) -> FieldError {
    FieldError::new(names[0], format!("is missing: {what}, as any of {}", names.join(", ")))
}

/// The carrier's stamp of a row that has the phone's too.
#[must_use]
pub(crate) fn network_stamp(fields: &Fields) -> Option<Stamp> {
    let (_, text) = fields.text(NETWORK_TIME).ok()??;
    // 0 where the phone does not know it.
    Stamp::read(&text).filter(|stamp| *stamp != Stamp::Moment(Timestamp(0)))
}

/// Every sender that stands under one of the names.
pub(crate) fn senders(fields: &Fields) -> impl Iterator<Item = String> {
    fields.texts(SENDER).into_iter().map(|(_, text)| text).filter(|text| !text.is_empty())
}

/// The secret a phone app wrote into the body.
#[must_use]
pub fn secret(fields: &Fields) -> Option<String> {
    fields.text(SECRET).ok().flatten().map(|(_, secret)| secret)
}

/// Reads one SMS from the fields of its body.
pub fn read(fields: &Fields) -> Result<Delivered, Unusable> {
    read_with(fields, &[])
}

/// Reads one SMS. What the query says of it must not be something else than what the body says.
fn parse(incoming: &Incoming<'_>) -> Result<Content, Unusable> {
    let query = if incoming.method == Method::GET { "" } else { incoming.uri.query().unwrap_or_default() };
    let query: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Ok(Content::one(read_with(incoming.fields()?, &query)?))
}

/// What stands under the names of one role.
#[derive(Debug, Default)]
struct Told {
    /// The first that is not empty, else the first.
    value: Option<(String, String)>,
    /// Others that are not empty.
    others: Vec<(String, String)>,
}

fn told(fields: &Fields, query: &[(String, String)], names: &[&str], errors: &mut Vec<FieldError>) -> Told {
    let mut all = fields.texts(names);
    if all.is_empty() {
        // Nothing that can be read: what stands there is of another kind, or missing.
        errors.extend(fields.text(names).err());
        return Told::default();
    }
    let chosen = all.iter().position(|(_, text)| !text.is_empty()).unwrap_or_default();
    let value = all.remove(chosen);
    let in_query = query.iter().filter(|(name, _)| names.contains(&name.as_str()));
    let others = all.into_iter().chain(in_query.cloned()).filter(|(_, text)| !text.is_empty());
    Told { others: others.collect(), value: Some(value) }
}

/// The names whose values are another one than was taken.
fn contradictions(told: &Told, same: impl Fn(&str, &str) -> bool) -> Option<FieldError> {
    let (name, value) = told.value.as_ref()?;
    let (other, _) = told.others.iter().find(|(_, other)| !same(value, other))?;
    Some(FieldError::new(other, format!("says something else than {name}: send one of them")))
}

fn read_with(fields: &Fields, query: &[(String, String)]) -> Result<Delivered, Unusable> {
    let mut errors = Vec::new();
    let mut take = |names: &[&str]| told(fields, query, names, &mut errors);
    let (sender, text, id) = (take(SENDER), take(TEXT), take(ID));
    let mut wrong_time = Vec::new();
    let mut time = told(fields, query, TIME, &mut wrong_time);
    // The carrier's stamp stands beside the phone's in the lists of phones: two times, not two opinions of one.
    time.others.retain(|(name, _)| !NETWORK_TIME.contains(&name.as_str()));
    let same_text = |one: &str, other: &str| one == other;
    let same_time = |one: &str, other: &str| {
        let moment = |text: &str| Stamp::read(text).and_then(|stamp| stamp.moment(None));
        // Only two points in time can contradict each other: a stamp that cannot be used costs no SMS (decisions.md D40).
        match (moment(one), moment(other)) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        }
    };
    let contradictory: Vec<FieldError> =
        [contradictions(&text, same_text), contradictions(&time, same_time), contradictions(&id, same_text)]
            .into_iter()
            .flatten()
            .collect();
    if !contradictory.is_empty() {
        return Err(Unusable::contradiction(contradictory));
    }
    let mut first = |names: &[&str]| {
        fields.text(names).unwrap_or_else(|error| {
            errors.push(error);
            None
        })
    };
    let (phone, number) = (first(PHONE), first(NUMBER));
    let wrong_type =
        |names: &[&str], errors: &[FieldError]| errors.iter().any(|e| names.contains(&e.field.as_str()));
    for (names, found, what) in [(SENDER, &sender, "the sender"), (TEXT, &text, "the text")] {
        if found.value.is_none() && !wrong_type(names, &errors) {
            errors.push(is_missing(names, what));
        }
    }
    // A time of the wrong kind costs no SMS either.
    let wrong_time = wrong_time.pop().map(|error| Stamp::Unreadable(error.detail));
    let stamp = time.value.and_then(|(_, text)| Stamp::read(&text)).or(wrong_time);
    match (sender.value, text.value) {
        (Some((_, from)), Some((_, text))) if errors.is_empty() => Ok(Delivered {
            also_sender: sender
                .others
                .into_iter()
                .map(|(_, other)| other)
                .filter(|other| *other != from)
                .collect(),
            sender: from,
            text,
            stamp,
            delivery_id: filled(id.value),
            device: filled(phone),
            number: filled(number),
            content_id: None,
            part: None,
        }),
        _ => Err(Unusable::fields("this is no SMS in a format the bridge knows", errors)),
    }
}

fn filled(found: Option<(String, String)>) -> Option<String> {
    found.map(|(_, text)| text).filter(|text| !text.is_empty())
}

/// An SMS as this sender writes it.
fn example(sms: &Example<'_>) -> Written {
    object(
        &json!({"mobile_number": sms.sender, "sms_message": sms.text, "received_timestamp": sms.at.to_string(),
        "message_id": sms.id, "device_id": "test-lab"}),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &str) -> Result<Delivered, Unusable> {
        super::read(&Fields::read("", body.as_bytes()).unwrap())
    }

    #[test]
    fn takes_every_name_of_the_contract() {
        let expected = Delivered {
            sender: "+919876543210".into(),
            text: "hello".into(),
            stamp: Some(Timestamp(1_790_078_591_000).into()),
            delivery_id: Some("m1".into()),
            device: Some("sim1".into()),
            ..Delivered::default()
        };
        let most = SENDER.len().max(TIME.len());
        for n in 0..most {
            let name = |names: &[&str]| names[n % names.len()].to_owned();
            let body = format!(
                r#"{{"{}":"+919876543210","{}":"hello","{}":1790078591000,"{}":"m1","{}":"sim1"}}"#,
                name(SENDER),
                name(TEXT),
                name(TIME),
                name(ID),
                name(PHONE)
            );
            assert_eq!(parse(&body).unwrap(), expected, "{body}");
        }
        let form = "number=%2B919876543210&message=hello&timestamp=1790078591&id=m1&sim=sim1";
        assert_eq!(parse(form).unwrap(), expected);
    }

    #[test]
    fn a_bare_sms_is_enough() {
        let sms = parse(r#"{"from":" 919876543210","body":""}"#).unwrap();
        assert_eq!((sms.sender.as_str(), sms.text.as_str(), sms.stamp), (" 919876543210", "", None));
    }

    #[test]
    fn two_names_must_say_the_same() {
        for body in [
            r#"{"from":"+919876543210","text":"a","message":"b"}"#,
            r#"{"from":"+919876543210","text":"a","id":"1","messageId":"2"}"#,
            r#"{"from":"+919876543210","text":"a","timestamp":1790078591,"received_at":1790078592}"#,
            r#"{"from":"+919876543210","from":"+911111111111","text":"a"}"#,
            r#"{"from":"+919876543210","fr\u006fm":"+911111111111","text":"a"}"#,
        ] {
            let unusable = match Fields::read("", body.as_bytes()) {
                Ok(fields) => super::read(&fields).unwrap_err(),
                Err(unusable) => unusable,
            };
            assert!(unusable.contradictory, "{body} {unusable:?}");
        }
        let two =
            parse(r#"{"from":"+919876543210","number":"09876543210","sender":"+919876543210","text":"a"}"#)
                .unwrap();
        assert_eq!(
            (two.sender.as_str(), &two.also_sender[..]),
            ("+919876543210", &["09876543210".to_owned()][..])
        );
        for same in [
            r#"{"from":"1","text":"a","message":"a","body":"","id":7,"smsId":"7"}"#,
            r#"{"from":"1","text":"a","timestamp":1790078591,"received_at":"2026-09-22T12:03:11Z"}"#,
            r#"{"from":"1","text":"a","receivedStamp":1790078591000,"sentStamp":1790078500000}"#,
            r#"{"from":"1","sender":"","number":null,"text":"a"}"#,
        ] {
            assert!(parse(same).unwrap().also_sender.is_empty(), "{same}");
        }
    }

    #[test]
    fn names_every_field_that_is_wrong() {
        let errors = |body| -> Vec<String> {
            parse(body).unwrap_err().errors.into_iter().map(|e| format!("{} {}", e.field, e.detail)).collect()
        };
        assert_eq!(errors("{}").len(), 2);
        assert!(
            errors("{}")[0].starts_with("mobile_number is missing: the sender, as any of mobile_number, ")
        );
        assert_eq!(errors(r#"{"from":["x"],"text":"a"}"#), ["from must be a text, not a list"]);
    }
}
