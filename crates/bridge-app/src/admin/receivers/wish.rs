//! The fields of a receiver as an operator gives them: read one by one, and each error names its field.

use bridge_core::Mobile;
use bridge_core::onboarding::hex;
use std::ops::RangeInclusive;

use bridge_core::Zone;
use bridge_core::phone::{BareDigits, NumberStyle};
use bridge_formats::Format;
use bridge_formats::fields::{FieldValue, Fields};

use crate::base::fields;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::state::receivers::DEFAULT;

const NAME_MAX_CHARS: usize = 40;
/// Of a secret that the operator chose.
const SECRET_MIN_CHARS: usize = 6;

pub(super) fn wrong(field: &str, detail: impl Into<String>) -> Problem {
    Problem::field(Code::InvalidRequest, field, detail)
}

fn text(fields: &Fields, name: &str) -> Result<Option<String>, Problem> {
    Ok(fields::text(fields, name)?.filter(|text| !text.is_empty()))
}

pub(super) fn name_of(fields: &Fields) -> Result<String, Problem> {
    let name =
        text(fields, "name")?.ok_or_else(|| wrong("name", "is missing: a short name, like hall-phone"))?;
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.chars().count() > NAME_MAX_CHARS || !name.chars().all(fits) || name.starts_with('.') {
        return Err(wrong("name", format!("must be at most {NAME_MAX_CHARS} of A-Z a-z 0-9 - _ .")));
    }
    if name == DEFAULT {
        return Err(wrong("name", "is the receiver behind SMS_BRIDGE_RECEIVER_KEY: take another one"));
    }
    Ok(name)
}

pub(super) fn format_of(fields: &Fields) -> Result<&'static Format, Problem> {
    let known = || bridge_formats::all().map(|format| format.name).collect::<Vec<_>>().join(", ");
    let name =
        text(fields, "format")?.ok_or_else(|| wrong("format", format!("is missing: one of {}", known())))?;
    bridge_formats::named(&name).ok_or_else(|| wrong("format", format!("must be one of {}", known())))
}

/// In E.164, so that an SMS that names its receiving number is found to be at this receiver; a short code stays as it is.
pub(super) fn numbers_of(app: &App, fields: &Fields) -> Result<Vec<String>, Problem> {
    let given: Vec<String> = match fields.get("numbers").or_else(|| fields.get("number")) {
        None | Some(FieldValue::Null) => Vec::new(),
        Some(FieldValue::Texts(all)) => all.clone(),
        Some(FieldValue::Text(one)) => {
            one.split(',').map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()).collect()
        }
        Some(_) => return Err(wrong("numbers", "must be a list of texts, like [\"+919000000001\"]")),
    };
    let default = app.live.now().default_country_code.clone();
    let read = |text: &String| match Mobile::parse(text, &default, BareDigits::NationalFirst) {
        Ok(mobile) => Ok(mobile.e164().to_owned()),
        Err(_) if (3..=8).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(text.clone())
        }
        Err(why) => Err(wrong("numbers", format!("{text} {why}"))),
    };
    given.iter().map(read).collect()
}

/// An app may allow only what it allows: a short secret is taken, and said to be weak.
pub(super) fn secret_of(app: &App, fields: &Fields) -> Result<String, Problem> {
    match text(fields, "secret")? {
        Some(secret) if secret.chars().count() < SECRET_MIN_CHARS => {
            let rule = format!("is shorter than {SECRET_MIN_CHARS} characters: leave it out and one is made");
            Err(wrong("secret", rule))
        }
        Some(secret) => Ok(secret),
        None => made(app),
    }
}

pub(super) fn made(app: &App) -> Result<String, Problem> {
    Ok(hex(&app.entropy.bytes::<24>().map_err(|error| Problem::unavailable(&error))?))
}

pub(super) fn signing_key_of(app: &App, fields: &Fields, format: &Format) -> Result<Option<String>, Problem> {
    let key = match fields.get("signing_key") {
        None | Some(FieldValue::Null | FieldValue::Bool(false)) => return Ok(None),
        Some(FieldValue::Text(key)) if key.is_empty() => return Err(wrong("signing_key", "is empty")),
        Some(FieldValue::Text(key)) => key.clone(),
        Some(FieldValue::Bool(true)) if format.takes_our_key => made(app)?,
        Some(FieldValue::Bool(true)) => {
            let rule = format!("cannot be made here: {} has one of its own, give that", format.name);
            return Err(wrong("signing_key", rule));
        }
        Some(_) => return Err(wrong("signing_key", "must be a text, or true and one is made")),
    };
    if format.verify.is_none() {
        let rule = format!("cannot be: {} signs nothing; its secret stands in the URL", format.name);
        return Err(wrong("signing_key", rule));
    }
    if let Some(rule) = format.wrong_key.and_then(|wrong_key| wrong_key(&key)) {
        return Err(wrong("signing_key", rule));
    }
    Ok(Some(key))
}

/// How it writes the numbers of senders; empty or `null`: it is not known.
pub(super) fn number_style_of(fields: &Fields) -> Result<Option<NumberStyle>, Problem> {
    let Some(name) = text(fields, "number_style")? else { return Ok(None) };
    let known = NumberStyle::ALL.map(NumberStyle::name).join(", ");
    NumberStyle::named(&name).map(Some).ok_or_else(|| {
        wrong("number_style", format!("must be one of {known}, or null where it is not known"))
    })
}

/// In which zone its clock runs; empty or `null`: it is not known.
pub(super) fn time_zone_of(fields: &Fields) -> Result<Option<Zone>, Problem> {
    let Some(name) = text(fields, "time_zone")? else { return Ok(None) };
    let rule =
        "must be a name like Asia/Kolkata or a distance from UTC like +05:30, or null where it is not known";
    Zone::named(&name).map(Some).ok_or_else(|| wrong("time_zone", rule))
}

/// From a second to thirty days.
const EXPECTED_EVERY: RangeInclusive<u32> = 1..=30 * 86_400;

/// How often it is heard from at least; empty or `null`: nobody says so.
pub(super) fn expected_every_of(fields: &Fields) -> Result<Option<u32>, Problem> {
    let name = "expected_every_seconds";
    let seconds = match fields.get(name) {
        None | Some(FieldValue::Null) => return Ok(None),
        Some(FieldValue::Text(text)) if text.trim().is_empty() => return Ok(None),
        Some(FieldValue::Text(text) | FieldValue::Number(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    seconds.filter(|seconds| EXPECTED_EVERY.contains(seconds)).map(Some).ok_or_else(|| {
        let (least, most) = (EXPECTED_EVERY.start(), EXPECTED_EVERY.end());
        wrong(name, format!("must be a whole number of seconds from {least} to {most}, or null"))
    })
}

pub(super) fn inbox_of(fields: &Fields) -> Result<Option<String>, Problem> {
    let Some(url) = text(fields, "inbox_url")? else { return Ok(None) };
    match reqwest::Url::parse(&url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => Ok(Some(url)),
        _ => Err(wrong("inbox_url", "must be like http://user:password@192.168.1.5:8080")),
    }
}
