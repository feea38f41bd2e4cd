//! Reading bodies: never more than allowed, never for longer than a slow phone needs, and a body that
//! breaks off is the client's problem, not ours.

use axum::body::Body;
use axum::http::HeaderMap;
use bridge_formats::content_type;
use bridge_formats::fields::{Fields, not_json};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::encoding::{self, Unpacked};
use bridge_app::base::deadline::{BODY, within};
use bridge_app::base::problem::{Code, Problem};

/// The largest body of a registration (contract section 2).
pub const ONBOARDING_MAX_BYTES: usize = 16 * 1024;
/// The largest body of a delivery of SMS (contract section 2).
pub const SMS_MAX_BYTES: usize = 1024 * 1024;
/// Of a body that is too large; more than that, and the connection closes on it.
const DISCARD_MAX_BYTES: usize = 16 * 1024 * 1024;

/// What a client is told that says nothing for as long as [`bridge_app::base::deadline::SILENT`].
pub(crate) const LIST_SILENT: &str = "the rest of the list did not arrive within 60 seconds";

/// Reads the whole body, up to `max` bytes and within a limit in time.
pub async fn read(body: Body, max: usize) -> Result<Bytes, Problem> {
    let too_large = || Problem::new(Code::BodyTooLarge, format!("the body is larger than {max} bytes"));
    let mut body = body;
    let whole = async {
        let read = Limited::new(&mut body, max).collect().await;
        if read.as_ref().is_err_and(|error| error.is::<LengthLimitError>()) {
            discard(&mut body).await;
        }
        read
    };
    match within(BODY, whole).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(Code::InvalidRequest, "the body broke off")),
        Err(_) => Err(Problem::new(Code::RequestTimeout, "the body did not arrive within 10 seconds")),
    }
}

/// Reads on without keeping anything: a client that is still sending when the connection closes sees it
/// reset, and never the answer that says why.
pub(super) async fn discard(body: &mut Body) {
    let mut left = DISCARD_MAX_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        if left == 0 {
            return;
        }
    }
}

/// A body that must be JSON.
pub fn json(bytes: &Bytes) -> Result<serde_json::Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| Problem::new(Code::InvalidRequest, not_json(error)))
}

/// The fields of a JSON body on a route that takes nothing else.
pub async fn json_fields(headers: &HeaderMap, body: Body, max: usize) -> Result<Fields, Problem> {
    let content_type = content_type(headers);
    if content_type != "application/json" && !content_type.ends_with("+json") {
        return Err(Problem::new(Code::UnsupportedMediaType, "send Content-Type: application/json"));
    }
    let bytes = match encoding::unpacked(headers, read(body, max).await?, max)? {
        Unpacked::Body(bytes) => bytes,
        Unpacked::Broken(why) => return Err(Problem::new(Code::InvalidRequest, why)),
    };
    Fields::read("application/json", &bytes)
        .map_err(|unusable| Problem::fields(Code::InvalidRequest, unusable.detail, unusable.errors))
}
