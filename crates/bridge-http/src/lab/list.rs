//! A list of SMS that the lab takes in row by row: the predecessor's shape `sender_number,sms_message,received_timestamp`
//! and every other that an import reads.

use std::sync::Arc;

use bridge_formats::Clock;
use bridge_formats::export::{Held, Kind as ListKind, Row, Rows};

use super::sandbox::{Event, Sending};
use super::{Lab, LabError};
use bridge_app::bridge::App;

/// Most rows that one list may have.
pub const ROWS_MAX: usize = 10_000;

/// A list on its way through the lab.
pub struct List {
    rows: Rows,
    taken: usize,
}

impl List {
    /// The whole list as CSV.
    #[must_use]
    pub fn csv(bytes: &[u8]) -> List {
        let mut rows = Rows::new(Some(ListKind::Csv));
        rows.push(bytes);
        rows.end();
        List { rows, taken: 0 }
    }

    /// What becomes of the next row; none at the end.
    pub async fn next(&mut self, lab: &Lab, app: &App) -> Result<Option<Arc<Event>>, LabError> {
        loop {
            let row = self.rows.next_row().map_err(|unusable| LabError::Wrong(unusable.reason()))?;
            let Some(row) = row else { return Ok(None) };
            if self.taken == ROWS_MAX {
                return Err(LabError::Wrong(format!(
                    "the list has more than {ROWS_MAX} rows: the rest was left out"
                )));
            }
            self.taken += 1;
            if let Some(event) = take(lab, app, row).await? {
                return Ok(Some(event));
            }
        }
    }
}

/// One row. None: it is nothing that a phone received.
async fn take(lab: &Lab, app: &App, row: Row) -> Result<Option<Arc<Event>>, LabError> {
    let what = format!("line {} of the list", row.line);
    let mut sandbox = lab.enter(app).await?;
    let event = match row.held {
        Held::Skipped(_) => return Ok(None),
        Held::Unusable(unusable) => sandbox.unusable(&what, unusable.reason()),
        Held::Sms(sms) => {
            let received = sms.stamp(Clock::Phone).and_then(|stamp| stamp.moment(None));
            let sending = Sending {
                what,
                sender: sms.delivered.sender,
                text: sms.delivered.text,
                received,
                ..Sending::default()
            };
            sandbox.send(sending).await?
        }
    };
    Ok(Some(lab.tell(event)))
}
