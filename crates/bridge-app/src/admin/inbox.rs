//! Reading a phone's own list of SMS because the operator asks for it: since when, and the error where it cannot be
//! read. Not the reading itself: that is [`crate::sms::inbox`].

use bridge_core::Timestamp;
use serde_json::{Value, json};

use crate::admin::receivers;
use crate::admin_log::Actor;
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::sms::import_report::Report;
use crate::sms::inbox::{self, InboxError};
use crate::state::inbox_reads;

/// Reads a phone's own list, from an hour before it was last seen where nobody says since when.
pub async fn read_list(
    app: &App,
    actor: &Actor,
    name: &str,
    since: Option<Timestamp>,
) -> Result<Report, Problem> {
    let Some(known) = app.receivers.named(name) else {
        return Err(receivers::unknown(name));
    };
    let since =
        since.unwrap_or_else(|| inbox_reads::since(&known, app.receivers.seen().of(name).last_seen_at));
    if !inbox_reads::has_list(&known) {
        let readable = bridge_formats::all().filter(|format| format.has_inbox).map(|format| format.name);
        let formats = readable.collect::<Vec<_>>().join(" or ");
        let detail = format!("can be read of receivers of format {formats} alone, and from their inbox_url");
        return Err(Problem::field(Code::InvalidRequest, "the list", detail));
    }
    let after = json!({"since": since.to_string()});
    app.note_change(actor, "receiver.pull", name, Value::Null, after).await?;
    let report = inbox::pull(app, &known, since).await.map_err(problem)?;
    app.inbox_reads.read(name, since);
    Ok(report)
}

fn problem(error: InboxError) -> Problem {
    match error {
        InboxError::Stopped(why) => why.into(),
        InboxError::NoInbox | InboxError::Address => {
            Problem::field(Code::InvalidRequest, "inbox_url", error.to_string())
        }
        InboxError::Away(_)
        | InboxError::Refused
        | InboxError::Status(_)
        | InboxError::NoList(_)
        | InboxError::TooLarge
        | InboxError::Endless => Problem::new(Code::ReceiverAway, error.to_string()),
    }
}
