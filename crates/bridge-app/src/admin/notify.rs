//! Who is told when something is wrong, as the operator keeps them: added, changed, tried out and removed. Each change is
//! noted in the admin log, written to the audit store, and in force here before anybody is answered. Not how somebody is
//! told: that is [`crate::notify`].

use std::collections::BTreeMap;

use bridge_formats::fields::{FieldValue, Fields};
use bridge_store::audit::{Going, NoticeRow, NotifyTarget, Outcome};
use bridge_store::troubles::TroubleKind;
use serde_json::{Value, json};

use crate::admin_log::Actor;
use crate::base::deadline::in_time;
use crate::base::fields::{chosen, switch, text};
use crate::base::problem::{Code, Problem};
use crate::bridge::App;
use crate::notify::tell::from;
use crate::notify::words;
use crate::state::board::WakeSignal;
use crate::state::notify::ways::{self, Field, Values, Way};

/// Targets of one bridge.
const TARGETS_MAX: usize = 20;
const NAME_MAX_CHARS: usize = 100;
const VALUE_MAX_CHARS: usize = 2_000;
/// Notices that are shown of one target.
const NOTICES_MAX: usize = 50;
/// What every target has, whatever its kind.
const COMMON: [&str; 5] = ["kind", "name", "events", "quiet", "enabled"];

fn wrong(field: &str, detail: impl Into<String>) -> Problem {
    Problem::field(Code::InvalidRequest, field, detail)
}

/// The way of a target. None: only a newer version knows it.
#[must_use]
pub fn way_of(target: &NotifyTarget) -> Option<&'static Way> {
    ways::named(&target.kind)
}

/// Who that is, without any secret.
#[must_use]
pub fn whom(target: &NotifyTarget) -> String {
    way_of(target).map(|way| (way.whom)(&target.fields)).unwrap_or_default()
}

/// What may be shown of a target's fields.
#[must_use]
pub fn shown(target: &NotifyTarget) -> BTreeMap<&'static str, &str> {
    let fields = way_of(target).map_or(&[] as &[Field], |way| way.fields);
    let open = fields.iter().filter(|field| !field.is_secret);
    open.filter_map(|field| Some((field.name, target.fields.get(field.name)?.as_str()))).collect()
}

/// Which secrets a target has.
#[must_use]
pub fn secrets(target: &NotifyTarget) -> Vec<&'static str> {
    let fields = way_of(target).map_or(&[] as &[Field], |way| way.fields);
    let secret = fields.iter().filter(|field| field.is_secret && target.fields.contains_key(field.name));
    secret.map(|field| field.name).collect()
}

/// Quiet hours as people write them: `22:00-07:00`.
#[must_use]
pub fn quiet_in_words(quiet: Option<(u16, u16)>) -> Option<String> {
    let clock = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    quiet.map(|(from, until)| format!("{}-{}", clock(from), clock(until)))
}

fn noted(target: &NotifyTarget) -> Value {
    json!({
        "kind": target.kind, "name": target.name, "to": whom(target), "events": target.events,
        "quiet": quiet_in_words(target.quiet), "enabled": target.enabled,
    })
}

async fn put(
    app: &App,
    actor: &Actor,
    action: &str,
    before: Option<&NotifyTarget>,
    row: &NotifyTarget,
) -> Result<(), Problem> {
    let before = before.map_or(Value::Null, noted);
    app.note_change(actor, action, &row.id.to_string(), before, noted(row)).await?;
    in_time(app.audit.put_notify_target(row)).await?;
    in_force(app).await
}

/// Other bridges read it within seconds.
async fn in_force(app: &App) -> Result<(), Problem> {
    in_time(app.notify.reload(&*app.audit)).await?;
    app.board.wake(WakeSignal::Notice);
    Ok(())
}

async fn find(app: &App, id: &str) -> Result<NotifyTarget, Problem> {
    let unknown = || Problem::new(Code::NotFound, "nobody of this id is told anything");
    let id: uuid::Uuid = id.parse().map_err(|_| unknown())?;
    let all = in_time(app.audit.notify_targets()).await?;
    all.into_iter().find(|target| target.id == id).ok_or_else(unknown)
}

/// `22:00-07:00`; empty or null: never quiet.
fn quiet_of(fields: &Fields) -> Result<Option<Option<(u16, u16)>>, Problem> {
    if fields.get("quiet").is_none() {
        return Ok(None);
    }
    let Some(given) = text(fields, "quiet")?.filter(|text| !text.trim().is_empty()) else {
        return Ok(Some(None));
    };
    let minute = |text: &str| {
        let (hour, minute) = text.trim().split_once(':')?;
        let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
        (hour < 24 && minute < 60).then_some(hour * 60 + minute)
    };
    let hours = given.split_once(['-', '–']).and_then(|(from, until)| minute(from).zip(minute(until)));
    match hours {
        Some((from, until)) if from != until => Ok(Some(Some((from, until)))),
        _ => Err(wrong("quiet", "must be hours of the day like 22:00-07:00")),
    }
}

fn name_of(fields: &Fields) -> Result<Option<String>, Problem> {
    let given = text(fields, "name")?;
    if given.as_ref().is_some_and(|text| text.chars().count() > NAME_MAX_CHARS) {
        return Err(wrong("name", format!("is longer than {NAME_MAX_CHARS} characters")));
    }
    Ok(given)
}

/// What is given of a way's fields, over what was there. An empty secret stays as it was: it is never shown.
fn values_of(way: &Way, fields: &Fields, before: Values) -> Result<Values, Problem> {
    let mut values = before;
    for (name, value) in fields.iter() {
        if COMMON.contains(&name) {
            continue;
        }
        let Some(field) = way.fields.iter().find(|field| field.name == name) else {
            let names: Vec<_> = way.fields.iter().map(|field| field.name).collect();
            return Err(wrong(
                name,
                format!("is nothing that {} has; it has {}", way.word, names.join(", ")),
            ));
        };
        let is_null = matches!(value, FieldValue::Null);
        let given = if is_null { None } else { text(fields, name)? };
        let given = given.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        match given {
            Some(text) if text.chars().count() > VALUE_MAX_CHARS => {
                return Err(wrong(name, format!("is longer than {VALUE_MAX_CHARS} characters")));
            }
            Some(text) => drop(values.insert(field.name.to_owned(), text)),
            None if field.is_secret && !is_null => {}
            None => drop(values.remove(field.name)),
        }
    }
    Ok(values)
}

fn events(fields: &Fields) -> Result<Option<Vec<TroubleKind>>, Problem> {
    chosen(fields, "events", TroubleKind::ALL, TroubleKind::word)
}

fn check(app: &App, way: &Way, values: &Values) -> Result<(), Problem> {
    let example = words::test("example".to_owned(), app.clock.now(), "");
    app.notify.sender().check(way, values, &example).map_err(|found| wrong(found.field, found.why))
}

/// Everybody who is told, oldest first.
pub async fn list(app: &App) -> Result<Vec<NotifyTarget>, Problem> {
    in_time(app.audit.notify_targets()).await
}

/// One of them.
pub async fn one(app: &App, id: &str) -> Result<NotifyTarget, Problem> {
    find(app, id).await
}

/// What one was told and is to be told, newest first.
pub async fn notices(app: &App, target: &NotifyTarget) -> Result<Vec<NoticeRow>, Problem> {
    in_time(app.audit.notices(target.id, NOTICES_MAX)).await
}

/// Adds somebody who is told.
pub async fn add(app: &App, actor: &Actor, fields: &Fields) -> Result<NotifyTarget, Problem> {
    let names: Vec<_> = ways::ALL.iter().map(|way| way.word).collect();
    let kind = text(fields, "kind")?;
    let kind = kind.ok_or_else(|| wrong("kind", format!("is missing: one of {}", names.join(", "))))?;
    let way = ways::named(&kind)
        .ok_or_else(|| wrong("kind", format!("is {kind:?}, which is none of {}", names.join(", "))))?;
    let values = values_of(way, fields, Values::new())?;
    check(app, way, &values)?;
    let now = app.clock.now();
    let row = NotifyTarget {
        id: app.entropy.id(now).map_err(|error| Problem::unavailable(&error))?,
        kind,
        name: name_of(fields)?.unwrap_or_default(),
        fields: values,
        events: events(fields)?.unwrap_or_else(|| TroubleKind::ALL.to_vec()),
        quiet: quiet_of(fields)?.flatten(),
        enabled: switch(fields, "enabled")?.unwrap_or(true),
        created_at: now,
        going: Going::default(),
    };
    if list(app).await?.len() >= TARGETS_MAX {
        let why = format!("{TARGETS_MAX} are told already: remove one");
        return Err(Problem::new(Code::InvalidRequest, why));
    }
    put(app, actor, "notify.add", None, &row).await?;
    Ok(row)
}

/// Changes what is given. Whoever is changed is tried at once.
pub async fn change(app: &App, actor: &Actor, id: &str, fields: &Fields) -> Result<NotifyTarget, Problem> {
    let before = find(app, id).await?;
    let mut row = before.clone();
    if text(fields, "kind")?.is_some_and(|kind| kind != row.kind) {
        return Err(wrong("kind", "stays as it is: add another one"));
    }
    if let Some(way) = way_of(&row) {
        row.fields = values_of(way, fields, row.fields)?;
        check(app, way, &row.fields)?;
    }
    row.name = name_of(fields)?.unwrap_or(row.name);
    row.events = events(fields)?.unwrap_or(row.events);
    row.quiet = quiet_of(fields)?.unwrap_or(row.quiet);
    row.enabled = switch(fields, "enabled")?.unwrap_or(row.enabled);
    put(app, actor, "notify.change", Some(&before), &row).await?;
    Ok(row)
}

/// Removes one, and what waits for it.
pub async fn remove(app: &App, actor: &Actor, id: &str) -> Result<(), Problem> {
    let before = find(app, id).await?;
    app.note_change(actor, "notify.remove", &before.id.to_string(), noted(&before), Value::Null).await?;
    in_time(app.audit.remove_notify_target(before.id)).await?;
    in_force(app).await
}

/// Tells one a test now; answers what came back.
pub async fn test(app: &App, actor: &Actor, id: &str) -> Result<Outcome, Problem> {
    let target = find(app, id).await?;
    let unknown = || Problem::new(Code::InvalidRequest, "only a newer version of the bridge knows this kind");
    let way = way_of(&target).ok_or_else(unknown)?;
    app.note_change(actor, "notify.test", &target.id.to_string(), Value::Null, Value::Null).await?;
    let now = app.clock.now();
    let id = app.entropy.id(now).map_err(|error| Problem::unavailable(&error))?;
    let message = words::test(format!("test-{id}"), now, &from(app));
    Ok(app.notify.sender().send(way, &target.fields, &message).await)
}
