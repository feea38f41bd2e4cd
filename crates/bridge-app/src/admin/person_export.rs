//! Everything that is kept of a number, as one document, store by store.

use std::collections::BTreeMap;

use bridge_core::sms::REMEMBERED;
use bridge_core::{Mobile, Timestamp};
use bridge_store::journal::Entry;
use bridge_store::person::{HotPerson, Table, Traces};
use serde::Serialize;
use serde_json::Value;

use super::person::{AUDIT, HOT, JOURNAL, REMOTE};
use crate::bridge::App;
use crate::durability::journal;

/// Rows of one table. The pages of the desk show the rest.
const ROWS_MAX: usize = 10_000;

/// What is missing in the document, by store.
pub type Missing = BTreeMap<&'static str, String>;

/// Everything that is kept of one number.
#[derive(Debug, Serialize)]
pub struct Export {
    /// E.164.
    pub mobile_number: String,
    /// When it was put together.
    pub exported_at: Timestamp,
    /// Every store answered, and every table is whole.
    pub complete: bool,
    /// What is missing, by store; several remarks on one store are one text, with `; ` between them.
    pub missing: Missing,
    /// What the checks read.
    pub hot: Option<HotPerson>,
    /// The audit trail, by table.
    pub audit: Option<Vec<Table>>,
    /// What waits in this bridge's journal.
    pub journal: Option<Vec<Entry>>,
    /// What the remote has; none where there is no remote.
    pub remote: Option<Vec<Value>>,
}

/// Puts it together. A store that is away is named in it.
pub async fn export(app: &App, mobile: &Mobile) -> Export {
    let now = app.clock.now();
    let mut export = Export {
        mobile_number: mobile.e164().to_owned(),
        exported_at: now,
        complete: true,
        missing: Missing::new(),
        hot: None,
        audit: None,
        journal: None,
        remote: None,
    };
    let traces = app.audit.traces(mobile, now - REMEMBERED).await.unwrap_or_else(|_| Traces::default());
    match app.hot.person(now, mobile.e164(), &traces).await {
        Ok(person) => export.hot = Some(person),
        Err(error) => drop(export.missing.insert(HOT, error.to_string())),
    }
    if !app.availability.is_open() {
        export
            .missing
            .entry(HOT)
            .or_insert_with(|| "is being rebuilt and may not know everything".to_owned());
    }
    match app.audit.person(mobile, ROWS_MAX).await {
        Ok(tables) => {
            if let Some(cut) = cut(&tables) {
                export.missing.insert(AUDIT, cut);
            }
            export.audit = Some(tables);
        }
        Err(error) => drop(export.missing.insert(AUDIT, error.to_string())),
    }
    match journal::of_person(app, mobile).await {
        Ok(entries) => export.journal = Some(entries),
        Err(error) => drop(export.missing.insert(JOURNAL, error.to_string())),
    }
    if let Some(remote) = &app.remote {
        match remote.find(mobile.e164()).await {
            Ok(rows) => export.remote = Some(rows),
            Err(paused) => drop(export.missing.insert(REMOTE, paused.to_string())),
        }
    }
    export.complete = export.missing.is_empty();
    export
}

/// Which tables are not whole; none where all are. Whoever reads the document finds a text for each store, however
/// many of its tables are meant.
fn cut(tables: &[Table]) -> Option<String> {
    let remark =
        |table: &Table| format!("{} has more than {ROWS_MAX} rows: only the newest are here", table.name);
    let remarks: Vec<String> = tables.iter().filter(|table| table.more).map(remark).collect();
    (!remarks.is_empty()).then(|| remarks.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_that_is_cut_is_named() {
        let table = |name, more| Table { name, rows: Vec::new(), more };
        assert_eq!(cut(&[table("input_sms", false)]), None);
        assert_eq!(
            cut(&[table("input_sms", true), table("onboarding_mobile", false)]).as_deref(),
            Some("input_sms has more than 10000 rows: only the newest are here")
        );
        assert_eq!(
            cut(&[table("input_sms", true), table("onboarding_mobile", true)]).as_deref(),
            Some(
                "input_sms has more than 10000 rows: only the newest are here; \
                onboarding_mobile has more than 10000 rows: only the newest are here"
            )
        );
    }
}
