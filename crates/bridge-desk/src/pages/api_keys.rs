//! API keys, for owners: who has one, what it opens, when it was last used; made and shown once, revoked.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use bridge_core::Timestamp;
use bridge_formats::fields::FieldValue;
use bridge_store::audit::{ApiKey, Scope};

use crate::access::Visitor;
use crate::form::Form;
use crate::page::{Done, Frame, part, render};
use crate::show::When;
use bridge_app::admin::api_keys as doing;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const HERE: &str = "/admin/ui/api-keys";

struct Row {
    id: String,
    name: String,
    scopes: Vec<&'static str>,
    hint: String,
    created: When,
    created_by: String,
    used: Option<When>,
}

impl Row {
    fn of(key: ApiKey, now: Timestamp) -> Row {
        Row {
            id: key.id.to_string(),
            name: key.name,
            scopes: key.scopes.iter().map(|scope| scope.word()).collect(),
            hint: key.hint,
            created: When::new(key.created_at, now),
            created_by: key.created_by,
            used: key.last_used_at.map(|at| When::new(at, now)),
        }
    }
}

#[derive(Template)]
#[template(path = "desk/api_keys.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    scopes: &'static [Scope],
}

/// The list.
pub(crate) async fn show(State(app): State<Shared>, visitor: Visitor) -> Result<Response, Failed> {
    let now = app.clock.now();
    let rows = doing::list(&app).await?.into_iter().map(|key| Row::of(key, now)).collect();
    let frame = Frame::new(&app, visitor, "API keys", HERE).await;
    Ok(render(&Page { frame, rows, scopes: Scope::ALL }))
}

/// Its secret, this once.
#[derive(Template)]
#[template(path = "desk/api_key_given.html")]
struct Given {
    name: String,
    secret: String,
}

/// Makes one. A box that is not ticked is not sent.
pub(crate) async fn add(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Response, Failed> {
    let words = Scope::ALL.iter().map(|scope| scope.word());
    let chosen = words.filter(|word| form.get(word).is_some()).map(str::to_owned).collect();
    let name = ("name".to_owned(), FieldValue::Text(form.text("name").to_owned()));
    let wish = [name, ("scopes".to_owned(), FieldValue::Texts(chosen))].into_iter().collect();
    let made = doing::add(&app, &visitor.actor(), &wish).await?;
    Ok(part(&Given { name: made.key.name, secret: made.secret }))
}

/// Revokes one.
pub(crate) async fn revoke(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let key = doing::revoke(&app, &visitor.actor(), form.text("id")).await?;
    Ok(Done::reload(format!("{} opens nothing any more", key.name), HERE))
}
