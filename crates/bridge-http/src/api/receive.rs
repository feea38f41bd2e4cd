//! `POST /sms/receive` and `/sms/receive/{format}`: authenticate, read, call `bridge_app::sms::delivery`, answer as the
//! sender wants. Unusable deliveries of an authenticated sender are kept (contract section 3). One status rule: 2xx
//! once it is durable, 401 for a wrong secret or signature alone, 503 only where nothing is writable.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bridge_formats::{Format, Incoming, Reply, generic};
use bytes::Bytes;

use crate::auth;
use crate::body;
use crate::client;
use crate::problem::{Failed, ProblemBody};
use crate::segment::Segment;
use crate::state::Shared;
use bridge_app::base::problem::{Code, Problem};
use bridge_app::sms::delivery::{self, Delivered, Delivering, Read};
use bridge_app::sms::intake::Taken;
use bridge_app::state::bodies::Sender;
use bridge_app::state::places::Who;

use crate::view::{Delivery, SmsAnswer, SmsStored, SmsView};

/// Hand in an SMS.
///
/// JSON or a form, with any of the names that phone apps use, or the body of any format that can be told. 2xx means it is
/// durable, whatever the verdict. The secret may also come as Basic password, as `?apiKey=`, or as field `secret`; a
/// receiver with a signing key signs as its format does.
#[utoipa::path(
    post, path = "/sms/receive", operation_id = "receive_sms", tag = "sms",
    security(("receiver_key" = []), ("receiver_key_query" = [])),
    request_body(content(
        (Object = "application/json", example = json!({
            "mobile_number": "+919876543210", "sms_message": "ONBOARD:a06f…", "received_timestamp": "2026-01-31T12:00:00Z",
            "message_id": "m1", "device_id": "phone-1"
        })),
        (Object = "application/x-www-form-urlencoded")
    )),
    responses(
        (status = 200, description = "Judged", body = SmsAnswer),
        (status = 202, description = "Durable, to be judged later", body = SmsStored),
        (status = 400, description = "`invalid_request`: no SMS in it; the body is kept in quarantine", body = ProblemBody),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 503, description = "`unavailable`: nothing is writable, send it again", body = ProblemBody),
    )
)]
pub async fn receive(State(app): State<Shared>, request: Request) -> Result<Response, Failed> {
    take(&app, None, request).await.map_err(Failed)
}

/// Hand in SMS in a named format.
///
/// Always 200 once it is durable, with the body that this sender wants: `GET` serves kannel, jasmin and vonage.
#[utoipa::path(
    post, path = "/sms/receive/{format}", operation_id = "receive_sms_in_format", tag = "sms",
    security(("receiver_key" = []), ("receiver_key_query" = [])),
    params(("format" = String, Path, description = bridge_formats::names())),
    responses(
        (status = 200, description = "Durable; the body is the sender's own where it wants one", body = Delivery),
        (status = 401, description = "`unauthorized`", body = ProblemBody),
        (status = 404, description = "`not_found`: no such format", body = ProblemBody),
        (status = 405, description = "`method_not_allowed`", body = ProblemBody),
        (status = 413, description = "`body_too_large`", body = ProblemBody),
        (status = 503, description = "`unavailable`: nothing is writable, send it again", body = ProblemBody),
    )
)]
pub async fn receive_named(
    State(app): State<Shared>,
    Segment(name): Segment,
    request: Request,
) -> Result<Response, Failed> {
    let Some(format) = bridge_formats::named(&name) else {
        let known: Vec<&str> = bridge_formats::FORMATS.iter().map(|format| format.name).collect();
        return Err(Problem::new(
            Code::NotFound,
            format!("there is no such format: known are {}", known.join(", ")),
        )
        .into());
    };
    if request.method() == Method::GET && !format.takes_get {
        return Err(Problem::new(Code::MethodNotAllowed, format!("{name} delivers with POST")).into());
    }
    take(&app, Some(format), request).await.map_err(Failed)
}

async fn take(app: &Shared, named: Option<&'static Format>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let door = auth::at_the_door(app, &parts, named)?;
    let max = match door.sender {
        Sender::Known => body::SMS_MAX_BYTES,
        Sender::Stranger => body::STRANGER_MAX_BYTES,
    };
    let bytes = body::read_of(app, door.sender, body, max).await?;
    if door.sender == Sender::Stranger && body::takes_long_to_read(&bytes) {
        return Err(auth::nobody(app));
    }
    let (delivering, read) = read(app, named, &parts, bytes)?;
    client::is(&parts, Who::Kept);
    let delivered = delivery::take(app, &delivering, read).await?;
    Ok(reply(&delivering, named, delivered))
}

fn read(
    app: &Shared,
    named: Option<&'static Format>,
    parts: &Parts,
    bytes: Bytes,
) -> Result<(Delivering, Read), Problem> {
    let incoming = Incoming::new(&parts.method, &parts.uri, &parts.headers, &bytes);
    let recognised = named.or_else(|| bridge_formats::recognised(&incoming));
    let format = recognised.unwrap_or(&generic::FORMAT);
    let sender = auth::receiver(app, &incoming, format)?;
    let credentials = auth::credentials(&incoming, format, &sender);
    let read = Read::of(&incoming, format);
    let content_type = bridge_formats::content_type(&parts.headers);
    // What came as GET is all in its query.
    let raw = if parts.method == Method::GET {
        Bytes::copy_from_slice(parts.uri.query().unwrap_or_default().as_bytes())
    } else {
        bytes
    };
    Ok((Delivering { sender, format, sure: recognised.is_some(), content_type, raw, credentials }, read))
}

/// What the sender wants to hear now that everything is durable.
fn reply(delivering: &Delivering, named: Option<&Format>, delivered: Delivered) -> Response {
    let Delivered { taken, quarantined } = delivered;
    if let Reply::Fixed { content_type, body } = delivering.format.reply {
        return (StatusCode::OK, [(header::CONTENT_TYPE, content_type)], body).into_response();
    }
    if let ([taken], []) = (taken.as_slice(), quarantined.as_slice()) {
        let later = *taken == Taken::Stored && named.is_none();
        let status = if later { StatusCode::ACCEPTED } else { StatusCode::OK };
        return (status, Json(SmsView::of(taken))).into_response();
    }
    let status = if taken.is_empty() && !quarantined.is_empty() { "quarantined" } else { "received" };
    Json(Delivery { status, sms: taken.iter().map(SmsView::of).collect(), quarantined }).into_response()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The text stands in openapi.json, grouped for people; a new format must not be missing in it.
    #[test]
    fn the_description_names_every_format() {
        let description = serde_json::to_value(crate::docs::openapi()).unwrap();
        let parameters = &description["paths"]["/sms/receive/{format}"]["post"]["parameters"];
        let format = parameters.as_array().unwrap().iter().find(|one| one["name"] == "format").unwrap();
        let told = format["description"].as_str().unwrap().replace(" or ", ", ");
        let told: Vec<&str> = told.split(", ").collect();
        let known: BTreeSet<&str> = bridge_formats::all().map(|format| format.name).collect();
        assert_eq!(told.iter().copied().collect::<BTreeSet<_>>(), known);
        assert_eq!(told.len(), known.len());
    }
}
