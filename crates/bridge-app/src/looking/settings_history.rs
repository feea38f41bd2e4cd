//! Changes of settings: what was changed, when, by whom, and whether it can be put back.

use bridge_core::{Settings, catalog};
use bridge_store::desk::{Page, SettingChange};

use crate::base::deadline::in_time;
use crate::base::problem::Problem;
use crate::bridge::App;

/// One change of one setting.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The change as it is stored.
    pub change: SettingChange,
    /// The setting is one that this version knows, and has another value now than before the change.
    pub can_go_back: bool,
}

/// One page of the changes of one setting or of all, newest first.
pub async fn list(
    app: &App,
    now: &Settings,
    key: Option<&str>,
    before: Option<i64>,
    max: usize,
) -> Result<Page<Entry, i64>, Problem> {
    let found = in_time(app.desk.settings_history(key, before, max)).await?;
    let entry = |change: SettingChange| {
        let can_go_back = catalog::find(&change.key).is_some_and(|def| {
            // Without a row its default held.
            let old = change.old_value.as_deref();
            def.value(now) != old.map_or_else(|| def.default_value(), |text| def.from_text(text))
        });
        Entry { change, can_go_back }
    };
    Ok(Page {
        rows: found.rows.into_iter().map(entry).collect(),
        next: found.next,
        scanned_until: found.scanned_until,
    })
}
