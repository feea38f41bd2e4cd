//! Changing settings, whoever asks: checked as a whole, stored with their history in one transaction, in force
//! before anybody is answered, and told to the other bridges. Not the settings themselves: those are declared in
//! the core and held by [`crate::state::settings`].

use std::time::Duration;

use bridge_core::catalog;
use bridge_core::settings::{Broken, SettingDef, Settings};
use bridge_core::{Span, Timestamp};
use bridge_store::StoreError;
use bridge_store::audit::SettingPut;
use bridge_store::desk::SettingChange;
use serde_json::Value;

use crate::admin_log::Actor;
use crate::base::problem::Problem;
use crate::bridge::App;

/// Longest wait for the announcement: every other bridge sees a change within a second all the same.
const ANNOUNCE_WITHIN: Duration = Duration::from_millis(400);
/// Changes read at once.
const PAGE: usize = 200;
/// A change holds on every bridge of a group within this.
const IN_FORCE_WITHIN: Span = Span(1_000);

/// A new value for a setting.
pub type Change = (&'static SettingDef, Value);

/// Why settings cannot change.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// These rules would be broken.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Broken(Vec<Broken>),
    /// No such setting, or no such entry of the history.
    #[error("{0}")]
    Unknown(String),
    /// The admin log cannot be written.
    #[error("the admin log cannot be written")]
    Unnoted(Problem),
    /// The store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The declaration of a key.
pub fn find(key: &str) -> Result<&'static SettingDef, ChangeError> {
    catalog::find(key)
        .ok_or_else(|| ChangeError::Unknown(format!("there is no setting {key:?}: see /admin/settings")))
}

/// Changes all of them or none. They hold when it returns.
pub async fn change(app: &App, actor: &Actor, changes: &[Change]) -> Result<(), ChangeError> {
    let now = proposed(app, changes)?;
    for (def, _) in changes {
        let (before, after) = (def.value(&app.live.now()), def.value(&now));
        app.note_change(actor, "setting.change", def.key, before, after)
            .await
            .map_err(ChangeError::Unnoted)?;
    }
    let pairs: Vec<(&str, &Value)> = changes.iter().map(|(def, value)| (def.key, value)).collect();
    let put = {
        let _turn = app.live.turn().await;
        let put = app.audit.put_settings(app.clock.now(), &pairs, &actor.who).await?;
        if let SettingPut::Stored(rows) = &put {
            app.apply_settings(rows);
        }
        put
    };
    match put {
        SettingPut::Stored(_) => {
            announce(app, &pairs).await;
            Ok(())
        }
        SettingPut::Refused(broken) => Err(ChangeError::Broken(broken)),
        SettingPut::Unknown => Err(ChangeError::Unknown("there is no such setting".to_owned())),
    }
}

async fn announce(app: &App, pairs: &[(&str, &Value)]) {
    for (key, _) in pairs {
        let told = tokio::time::timeout(ANNOUNCE_WITHIN, app.hot.announce_setting(key)).await;
        if !matches!(told, Ok(Ok(()))) {
            tracing::warn!(key, "a changed setting could not be announced");
            return;
        }
    }
}

/// What would hold with these changes, if they keep every rule. Changes nothing.
pub fn proposed(app: &App, changes: &[Change]) -> Result<Settings, ChangeError> {
    app.live.now().with_all(changes.iter().map(|(def, value)| (*def, value))).map_err(ChangeError::Broken)
}

/// One entry of the history.
pub async fn entry(app: &App, id: i64) -> Result<SettingChange, ChangeError> {
    app.desk
        .setting_change(id)
        .await?
        .ok_or_else(|| ChangeError::Unknown(format!("the history of settings has no entry {id}")))
}

/// Puts the value from before that entry back, by the same rules as any change: an entry of its own.
pub async fn roll_back(app: &App, actor: &Actor, id: i64) -> Result<&'static SettingDef, ChangeError> {
    let entry = entry(app, id).await?;
    let def = find(&entry.key)?;
    // Without a row its default held.
    let before = entry.old_value.map_or_else(|| def.default_value(), |text| def.from_text(&text));
    change(app, actor, &[(def, before)]).await?;
    Ok(def)
}

/// The settings as they were at that time: those of now, with every later change undone. What the history has
/// purged since is as it is now.
pub async fn as_of(app: &App, at: Timestamp) -> Result<Settings, StoreError> {
    let mut values: Vec<(&str, String)> = {
        let now = app.live.now();
        catalog::all().iter().map(|def| (def.key, def.to_text(&def.value(&now)))).collect()
    };
    let mut before = None;
    'pages: loop {
        let page = app.desk.settings_history(None, before, PAGE).await?;
        for entry in &page.rows {
            if entry.at + IN_FORCE_WITHIN < at {
                break 'pages;
            }
            let Some(def) = catalog::find(&entry.key).filter(|_| entry.at > at) else { continue };
            let old = entry.old_value.clone().unwrap_or_else(|| def.to_text(&def.default_value()));
            values.iter_mut().filter(|(key, _)| *key == def.key).for_each(|(_, text)| old.clone_into(text));
        }
        match page.next {
            Some(next) => before = Some(next),
            None => break,
        }
    }
    let (settings, _) = Settings::from_rows(values.iter().map(|(key, text)| (*key, text.as_str())));
    Ok(settings)
}
