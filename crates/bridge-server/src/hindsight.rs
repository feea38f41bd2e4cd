//! The settings as they were: today's, with every later change taken back. For whoever asks why an SMS was judged as
//! it was.

use std::collections::BTreeMap;

use bridge_core::{Settings, Timestamp};
use bridge_store::StoreError;

use crate::app::App;

/// Changes that are read at once.
const PAGE: usize = 500;
/// Pages that are read at most: older changes than so many are not taken back.
const PAGES_MAX: usize = 20;

/// The settings at some time.
pub struct Then {
    /// The values.
    pub settings: Settings,
    /// Which have been changed since, by key.
    pub changed_since: Vec<String>,
}

/// The settings at that time, as far as `settings_history` goes back.
pub async fn settings_at(app: &App, at: Timestamp) -> Result<Then, StoreError> {
    let now = app.live.rows();
    let mut values: BTreeMap<String, Option<String>> =
        now.iter().map(|row| (row.key.clone(), Some(row.value.clone()))).collect();
    let mut changed = BTreeMap::new();
    let mut before = None;
    'pages: for _ in 0..PAGES_MAX {
        let page = app.desk.settings_history(None, before, PAGE).await?;
        for change in page.rows {
            if change.at <= at {
                break 'pages;
            }
            // The newest first: what stood before the oldest of them is what stood then.
            changed.insert(change.key.clone(), ());
            values.insert(change.key, change.old_value);
        }
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    let rows = values.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_deref()?)));
    let (settings, _) = Settings::from_rows(rows);
    Ok(Then { settings, changed_since: changed.into_keys().collect() })
}
