//! Changing settings: checked as a whole, stored with their history in one transaction, in force before anybody is
//! answered, and told to the other bridges. Not the settings themselves: those are declared in the core and held by
//! [`crate::state::settings`].

use bridge_core::catalog;
use bridge_core::settings::{Broken, SettingDef, Settings};
use bridge_core::{Span, Timestamp};
use bridge_formats::FieldError;
use bridge_store::StoreError;
use bridge_store::audit::SettingPut;
use serde_json::Value;

use crate::admin_log::Actor;
use crate::base::deadline::{ANNOUNCE, ANSWER, in_time, within};
use crate::base::problem::{Code, Problem};
use crate::bridge::App;

/// Changes read at once.
const PAGE: usize = 200;
/// A change holds on every bridge of a group within this.
const IN_FORCE_WITHIN: Span = Span(1_000);

/// A new value for a setting.
pub type Change = (&'static SettingDef, Value);

/// The declaration of a key.
pub fn find(key: &str) -> Result<&'static SettingDef, Problem> {
    catalog::find(key).ok_or_else(|| unknown(format!("there is no setting {key:?}: see /admin/settings")))
}

/// No such setting, or no such entry of the history.
fn unknown(what: impl Into<String>) -> Problem {
    Problem::new(Code::NotFound, what)
}

/// Every rule that would be broken.
fn breaks(broken: Vec<Broken>) -> Problem {
    let detail = broken.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let errors = broken.into_iter().map(|b| FieldError { field: b.key.to_owned(), detail: b.rule }).collect();
    Problem::fields(Code::InvalidSetting, detail, errors)
}

/// The settings named in `changes` of a body, with their new values.
pub fn changes(given: &Value) -> Result<Vec<Change>, Problem> {
    let Some(changes) = given.get("changes") else { return Ok(Vec::new()) };
    let Value::Object(changes) = changes else {
        let rule = "must be an object: {\"changes\": {\"count_check_threshold\": 3}}";
        return Err(Problem::field(Code::InvalidRequest, "changes", rule));
    };
    changes.iter().map(|(key, value)| Ok((find(key)?, value.clone()))).collect()
}

/// 003: reading a setting fills the cache in the hot store. It is for others to look at; what holds here is the
/// snapshot.
pub async fn fill_cache(app: &App, settings: &Settings, def: &SettingDef) {
    let text = def.to_text(&def.value(settings));
    if app.availability.is_open()
        && in_time(app.hot.cache_settings(&[(def.key.to_owned(), text)])).await.is_err()
    {
        app.availability.suspect();
    }
}

/// Changes all of them or none. They hold when it returns.
pub async fn change(app: &App, actor: &Actor, changes: &[Change]) -> Result<(), Problem> {
    within(ANSWER, noted_and_stored(app, actor, changes)).await?
}

async fn noted_and_stored(app: &App, actor: &Actor, changes: &[Change]) -> Result<(), Problem> {
    let settings = app.live.now();
    let proposed = proposed(&settings, changes)?;
    for (def, _) in changes {
        let (before, after) = (def.value(&settings), def.value(&proposed));
        app.note_change(actor, "setting.change", def.key, before, after).await?;
    }
    let pairs: Vec<(&str, &Value)> = changes.iter().map(|(def, value)| (def.key, value)).collect();
    let put = {
        let _turn = app.live.turn().await;
        let put = app
            .audit
            .put_settings(app.clock.now(), &pairs, &actor.who)
            .await
            .map_err(|error| Problem::unavailable(&error))?;
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
        SettingPut::Refused(broken) => Err(breaks(broken)),
        SettingPut::Unknown => Err(unknown("there is no such setting")),
    }
}

/// Every other bridge sees a change within a second all the same.
async fn announce(app: &App, pairs: &[(&str, &Value)]) {
    for (key, _) in pairs {
        let told = within(ANNOUNCE, app.hot.announce_setting(key)).await;
        if !matches!(told, Ok(Ok(()))) {
            tracing::warn!(key, "a changed setting could not be announced");
            return;
        }
    }
}

/// What would hold with these changes, if they keep every rule. Changes nothing.
pub fn proposed(now: &Settings, changes: &[Change]) -> Result<Settings, Problem> {
    now.with_all(changes.iter().map(|(def, value)| (*def, value))).map_err(breaks)
}

/// That there is no entry of that id in the history.
pub fn no_entry(id: impl std::fmt::Display) -> Problem {
    unknown(format!("the history of settings has no entry {id}"))
}

/// Puts the value from before that entry back, by the same rules as any change: an entry of its own.
pub async fn roll_back(app: &App, actor: &Actor, id: i64) -> Result<&'static SettingDef, Problem> {
    within(ANSWER, put_back(app, actor, id)).await?
}

async fn put_back(app: &App, actor: &Actor, id: i64) -> Result<&'static SettingDef, Problem> {
    let entry = app
        .desk
        .setting_change(id)
        .await
        .map_err(|error| Problem::unavailable(&error))?
        .ok_or_else(|| no_entry(id))?;
    let def = find(&entry.key)?;
    // Without a row its default held.
    let before = entry.old_value.map_or_else(|| def.default_value(), |text| def.from_text(&text));
    noted_and_stored(app, actor, &[(def, before)]).await?;
    Ok(def)
}

/// The settings as they were at that time: those of now, with every later change undone. What the history has
/// purged since is as it is now.
pub async fn as_of(app: &App, now: &Settings, at: Timestamp) -> Result<Settings, StoreError> {
    let mut values: Vec<(&str, String)> =
        catalog::all().iter().map(|def| (def.key, def.to_text(&def.value(now)))).collect();
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
