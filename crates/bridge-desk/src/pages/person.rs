//! One person: what is kept of their number, as a document, and their erasure with its receipt.

use askama::Template;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bridge_core::phone::masked;
use bridge_store::person::Block;
use serde_json::Value;

use crate::access::Visitor;
use crate::asked::Asked;
use crate::form::Form;
use crate::page::{Frame, part, render};
use bridge_app::admin::blacklist::mobile;
use bridge_app::admin::erasure::{ErasureReceipt, erase_person, read_export, receipts_of};
use bridge_app::base::problem::{Code, Problem};
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const PATH: &str = "/admin/ui/person";

/// How much of what is kept, by place.
struct Kept {
    place: String,
    entries: usize,
}

#[derive(Template)]
#[template(path = "desk/person.html")]
struct Page {
    frame: Frame,
    asked: Asked,
    mobile: Option<String>,
    complete: bool,
    missing: Vec<String>,
    kept: Vec<Kept>,
    receipts: Vec<ErasureReceipt>,
}

/// The page; with a number, what is kept of it.
pub(crate) async fn show(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let settings = app.live.now();
    let frame = Frame::by(&app, &settings, visitor, "A person", PATH).await;
    let Some(text) = asked.get("mobile") else {
        let receipts = receipts_of(&app, None).await?;
        let page = Page {
            frame,
            mobile: None,
            complete: true,
            missing: Vec::new(),
            kept: Vec::new(),
            receipts,
            asked,
        };
        return Ok(render(&page));
    };
    let number = mobile(&settings, text)?;
    let export = read_export(&app, &number).await?;
    let mut kept = Vec::new();
    for table in export.audit.iter().flatten() {
        kept.push(Kept { place: format!("the audit trail: {}", table.name), entries: table.rows.len() });
    }
    if let Some(hot) = &export.hot
        && let Ok(Value::Object(parts)) = serde_json::to_value(hot)
    {
        let entries = parts.iter().filter(|(_, value)| holds_something(value)).count();
        kept.push(Kept { place: "what the checks read".to_owned(), entries });
    }
    if let Some(journal) = &export.journal {
        kept.push(Kept { place: "the journal".to_owned(), entries: journal.len() });
    }
    if let Some(remote) = &export.remote {
        kept.push(Kept { place: "the remote".to_owned(), entries: remote.len() });
    }
    kept.retain(|one| one.entries > 0);
    let missing = export.missing.iter().map(|(store, why)| format!("{store}: {why}")).collect();
    let receipts = receipts_of(&app, Some(&number)).await?;
    Ok(render(&Page {
        frame,
        mobile: Some(number.e164().to_owned()),
        complete: export.complete,
        missing,
        kept,
        receipts,
        asked,
    }))
}

fn holds_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Number(number) => number.as_i64() != Some(0),
        Value::Bool(true) | Value::String(_) => true,
    }
}

/// Everything that is kept of a number, as a file.
pub(crate) async fn export(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let number = mobile(&app.live.now(), asked.text("mobile"))?;
    let subject = masked(number.e164());
    app.note_change(&visitor.actor(), "person.export", &subject, Value::Null, Value::Null).await?;
    let document = serde_json::to_vec_pretty(&read_export(&app, &number).await?);
    let document = document.map_err(|error| Problem::unavailable(&error))?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"person.json\"")),
    ];
    Ok((headers, document).into_response())
}

#[derive(Template)]
#[template(path = "desk/person_erased.html")]
struct Erased {
    receipt: ErasureReceipt,
}

/// Erases the person.
pub(crate) async fn erase(
    State(app): State<Shared>,
    visitor: Visitor,
    form: Form,
) -> Result<Response, Failed> {
    let settings = app.live.now();
    let number = mobile(&settings, form.text("mobile"))?;
    if mobile(&settings, form.text("again")).ok().as_ref() != Some(&number) {
        return Err(Problem::field(
            Code::InvalidRequest,
            "again",
            "is another number: type the one to erase",
        )
        .into());
    }
    let block = if form.text("blacklist") == "lift" { Block::Lift } else { Block::Keep };
    let receipt = erase_person(&app, &visitor.actor(), number, block).await?;
    Ok(part(&Erased { receipt }))
}
