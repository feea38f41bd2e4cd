//! QR codes: one that brings the page to a phone, one that writes the SMS at once.

use axum::extract::State;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::registration::opened::{self, Instructions};
use bridge_http::client;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;
use qrcode::QrCode;
use qrcode::render::svg;

use crate::link::{Link, missing};

/// What the address in a code says more: who comes by it scanned it, and the page counts that.
const BY_CODE: &str = "by=code";
/// Pixels of each side, at least: a page draws it as large as it likes.
const SIDE: u32 = 240;

/// `GET /v/{id}.{token}/qr.svg`
pub(crate) async fn of_the_page(
    State(app): State<Shared>,
    link: Link,
    parts: Parts,
) -> Result<Response, Failed> {
    let base = match &app.options.public_url {
        Some(public) => public.trim_end_matches('/').to_owned(),
        // Where nobody said how the outside reaches the bridge, this browser just did.
        None => format!("http://{}", client::host(&parts.headers).ok_or_else(missing)?),
    };
    drawn(&format!("{base}{}?{BY_CODE}", opened::page_path(&app, link.id)))
}

/// `GET /v/{id}.{token}/sms-qr.svg`
pub(crate) async fn of_the_sms(State(app): State<Shared>, link: Link) -> Result<Response, Failed> {
    let onboarding = link.onboarding(&app).await?;
    let told = Instructions::of(&app, &app.live.now(), &onboarding);
    let number = told.number.ok_or_else(missing)?;
    // Cameras read this form; links in a code they often do not.
    drawn(&format!("SMSTO:{number}:{}", told.sms_body))
}

fn drawn(text: &str) -> Result<Response, Failed> {
    let code = QrCode::new(text)
        .map_err(|_| Problem::new(Code::Internal, "the address is too long for a QR code"))?;
    // Black on white in dark mode too: cameras expect it.
    let svg = code.render::<svg::Color<'_>>().min_dimensions(SIDE, SIDE).build();
    Ok(([(header::CONTENT_TYPE, "image/svg+xml")], svg).into_response())
}
