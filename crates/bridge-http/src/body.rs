//! Reading bodies: never more than allowed, never for longer than a slow phone needs, and a body that
//! breaks off is the client's problem, not ours. A body is read as it was before it was packed (`Content-Encoding`): only
//! who checks a signature over it asks for it as it was sent.

use axum::body::Body;
use axum::http::HeaderMap;
use bridge_formats::content_type;
use bridge_formats::fields::{Fields, not_json};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Body as _;

use crate::encoding::{self, Unpacked};
use bridge_app::base::deadline::{BODY, within};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::bridge::App;
use bridge_app::state::bodies::{Bodies, Sender, Taken};

/// The largest body of a registration (contract section 2).
pub const ONBOARDING_MAX_BYTES: usize = 16 * 1024;
/// The largest body of a delivery of SMS (contract section 2).
pub const SMS_MAX_BYTES: usize = 1024 * 1024;
/// The largest body of somebody whose key, if any, is in it.
pub const STRANGER_MAX_BYTES: usize = 64 * 1024;

/// Reads the whole body of somebody whose key came before it, up to `max` bytes and within a limit in time. It counts
/// among the bodies in memory until the last of its bytes is dropped.
pub async fn read(app: &App, headers: &HeaderMap, body: Body, max: usize) -> Result<Bytes, Problem> {
    read_of(app, Sender::Known, headers, body, max).await
}

/// The same of anybody: their bodies have a share of their own.
pub async fn read_of(
    app: &App,
    sender: Sender,
    headers: &HeaderMap,
    body: Body,
    max: usize,
) -> Result<Bytes, Problem> {
    Ok(read_whole(app, sender, headers, body, max).await?.bytes)
}

/// A body whose sender may have signed it.
#[derive(Debug)]
pub struct Whole {
    /// As it was sent, still packed where it was: a signature is over these bytes.
    pub sent: Bytes,
    /// As it reads.
    pub bytes: Bytes,
}

/// Reads the whole body, for a signature too.
pub async fn read_whole(
    app: &App,
    sender: Sender,
    headers: &HeaderMap,
    body: Body,
    max: usize,
) -> Result<Whole, Problem> {
    let sent = as_sent(app, sender, body, max).await?;
    Ok(Whole { bytes: unpacked(headers, sent.clone(), max)?, sent })
}

fn unpacked(headers: &HeaderMap, sent: Bytes, max: usize) -> Result<Bytes, Problem> {
    match encoding::unpacked(headers, sent, max)? {
        Unpacked::Body(bytes) => Ok(bytes),
        Unpacked::Broken { why, .. } => Err(Problem::new(Code::InvalidRequest, why)),
    }
}

/// The bytes that came, whatever they are packed with: for who unpacks them, or keeps them where they cannot be.
pub(crate) async fn as_sent(app: &App, sender: Sender, body: Body, max: usize) -> Result<Bytes, Problem> {
    within(BODY, whole(app, sender, body, max)).await.unwrap_or_else(|_| {
        Err(Problem::new(Code::RequestTimeout, "the body did not arrive within 10 seconds"))
    })
}

async fn whole(app: &App, sender: Sender, mut body: Body, max: usize) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Code::BodyTooLarge, format!("the body is larger than {max} bytes"));
    let (mut bytes, mut taken) = (Vec::new(), Bodies::begin(sender));
    if usize::try_from(body.size_hint().lower()).is_ok_and(|announced| announced > max) {
        return Err(too_large());
    }
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::new(Code::InvalidRequest, "the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if bytes.len() + data.len() > max {
            return Err(too_large());
        }
        app.bodies.more(&mut taken, data.len())?;
        bytes.extend_from_slice(&data);
    }
    Ok(Bytes::from_owner(Counted { bytes, _taken: taken }))
}

/// The bytes of a body, and what they take of the memory for bodies.
struct Counted {
    bytes: Vec<u8>,
    _taken: Taken,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// In a body of a stranger: more names of a form, more values of JSON or more bytes that are no UTF-8 than any SMS has.
const NAMES_MAX: usize = 256;
const VALUES_MAX: usize = 4_096;
const NO_UTF8_MAX: usize = 4_096;

/// Would it take long to find out what it says? Looked at before anybody is known to have sent it.
#[must_use]
pub fn takes_long_to_read(bytes: &[u8]) -> bool {
    let count = |of: &[u8]| bytes.iter().filter(|byte| of.contains(byte)).count();
    let (separators, max) = match bytes.trim_ascii_start().first() {
        Some(b'{' | b'[') => (count(b",[{"), VALUES_MAX),
        _ => (count(b"&"), NAMES_MAX),
    };
    separators > max || bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum::<usize>() > NO_UTF8_MAX
}

/// A body that must be a JSON object.
pub fn json(bytes: &Bytes) -> Result<serde_json::Value, Problem> {
    let read = json_value(bytes)?;
    if read.is_object() {
        return Ok(read);
    }
    Err(Problem::new(Code::InvalidRequest, "the body must be a JSON object: {\"name\": value}"))
}

/// A body that must be JSON.
pub fn json_value(bytes: &Bytes) -> Result<serde_json::Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::new(Code::InvalidRequest, not_json(error)))
}

/// The fields of a JSON body on a route that takes nothing else.
pub async fn json_fields(app: &App, headers: &HeaderMap, body: Body, max: usize) -> Result<Fields, Problem> {
    Ok(json_sent(app, headers, body, max).await?.fields)
}

/// A JSON body on a route that takes nothing else.
#[derive(Debug)]
pub struct JsonSent {
    /// Its fields; they hold no objects.
    pub fields: Fields,
    /// As it was sent, still packed where it was: a signature is over these bytes.
    pub sent: Bytes,
    /// As it reads.
    pub bytes: Bytes,
}

/// The fields, and the body itself.
pub async fn json_sent(app: &App, headers: &HeaderMap, body: Body, max: usize) -> Result<JsonSent, Problem> {
    let content_type = content_type(headers);
    if content_type != "application/json" && !content_type.ends_with("+json") {
        return Err(Problem::new(Code::UnsupportedMediaType, "send Content-Type: application/json"));
    }
    let Whole { sent, bytes } = read_whole(app, Sender::Known, headers, body, max).await?;
    let fields = Fields::read("application/json", &bytes)
        .map_err(|unusable| Problem::fields(Code::InvalidRequest, unusable.detail, unusable.errors))?;
    Ok(JsonSent { fields, sent, bytes })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_sms_looks_like_takes_long_to_read() {
        let latin_1 = [b"{\"text\":\"".as_slice(), &[0xe9; 1_000], b"\"}"].concat();
        let commas = format!("{{\"text\":\"{}\"}}", ",".repeat(1_000));
        for quick in [&latin_1[..], commas.as_bytes(), b"", b"from=1&text=2", b"{\"text\":\"a & b\"}"] {
            assert!(!takes_long_to_read(quick), "{}", String::from_utf8_lossy(quick));
        }
        for (case, long) in [
            ("no UTF-8", vec![0xff; STRANGER_MAX_BYTES]),
            ("a form of names", b"a&".repeat(300)),
            ("JSON of values", [b"{\"a\":[".as_slice(), &b"1,".repeat(5_000)].concat()),
            ("JSON in JSON", b"[".repeat(5_000)),
        ] {
            assert!(takes_long_to_read(&long), "{case}");
        }
    }
}
