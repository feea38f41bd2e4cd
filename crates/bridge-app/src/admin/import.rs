//! Importing a phone's list of SMS: at which receiver, and the entry in the admin log. What becomes of its rows is
//! [`crate::sms::import`].

use serde_json::Value;

use crate::admin::receivers;
use crate::admin_log::Actor;
use crate::base::problem::Problem;
use crate::bridge::App;
use crate::sms::import::{Import, Stopped};
use crate::state::receivers::{DEFAULT, ReceiverIdentity};

/// The receiver whose list it is, as the operator names it: `default` where nobody says.
pub fn source(app: &App, name: Option<&str>) -> Result<ReceiverIdentity, Problem> {
    match name {
        None | Some(DEFAULT) => Ok(ReceiverIdentity::Default),
        Some(name) => match app.receivers.named(name) {
            Some(known) => Ok(ReceiverIdentity::Named(known)),
            None => Err(receivers::unknown(name)),
        },
    }
}

/// Begins an import. One that only compares changes nothing, and is not noted.
pub async fn begin(
    app: &App,
    actor: &Actor,
    source: ReceiverIdentity,
    check: bool,
) -> Result<Import, Problem> {
    let name = source.name().to_owned();
    let import = Import::begin(app, source, check).await?;
    if !check {
        let noted = app.note_change(actor, "sms.import", &name, Value::Null, Value::Null).await;
        // What was not begun is to come again, as whatever else is refused here.
        noted.map_err(|_| Stopped::Away("the audit store, which keeps the admin log,"))?;
    }
    Ok(import)
}
