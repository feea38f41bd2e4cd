//! Settings: every one with the input that fits it, saved together without a reload, tried on stored SMS before that,
//! and their history with a way back. The rules are the core's; this is only how they look.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use bridge_core::settings::{Danger, Input, SettingDef};
use bridge_core::{Settings, catalog};
use bridge_formats::FieldError;
use serde_json::Value;

use crate::access::Visitor;
use crate::asked::{Asked, BEFORE, Pages};
use crate::form::Form;
use crate::page::{Done, Frame, part, render};
use crate::show::{Dots, Outcome, When, count, whole};
use bridge_app::admin::rejudge::{self, Differs, LAST_DEFAULT, LAST_MAX};
use bridge_app::admin::settings::{Change, change, proposed, roll_back};
use bridge_app::base::problem::{Code, Problem};
use bridge_app::looking::settings_history::{self, Entry};
use bridge_app::state::settings::Snapshot;
use bridge_http::problem::Failed;
use bridge_http::state::Shared;

const PATH: &str = "/admin/settings/ui";
const HISTORY: &str = "/admin/settings/ui/history";
const PAGE: usize = 50;
/// Differences that are shown.
const DIFFER_SHOWN: usize = 50;

struct DangerView {
    value: String,
    why: &'static str,
    holds: bool,
}

struct Item {
    key: &'static str,
    description: String,
    rule: String,
    input: Input,
    value: String,
    default: String,
    /// The same as the input would hold it.
    default_value: String,
    /// Seconds as people say them: `= 5 min`.
    in_words: String,
    /// What else it is found by.
    words: &'static str,
    is_default: bool,
    dangers: Vec<DangerView>,
    updated: Option<When>,
    /// What rules over it.
    note: Option<&'static str>,
}

struct Group {
    name: &'static str,
    items: Vec<Item>,
}

#[derive(Template)]
#[template(path = "desk/settings.html")]
struct Page {
    frame: Frame,
    groups: Vec<Group>,
    last: usize,
    last_max: usize,
}

/// As the input shows it: a list has a line for each.
fn shown(def: &SettingDef, value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let lines: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            lines.join("\n")
        }
        other => def.to_text(other),
    }
}

/// What the input held; what is no number is left to the rule to refuse.
fn read(def: &SettingDef, text: &str) -> Value {
    match def.input().kind {
        "list" | "sequence" => text.lines().map(str::trim).filter(|line| !line.is_empty()).collect(),
        "integer" | "boolean" => def.from_text(text.trim()),
        _ => Value::from(text.trim()),
    }
}

fn is_seconds(def: &SettingDef) -> bool {
    def.input().unit == Some("seconds")
}

/// Seconds as people say them.
fn in_words(def: &SettingDef, value: &str) -> String {
    let seconds: Option<i64> = value.parse().ok().filter(|_| is_seconds(def));
    let words = seconds.and_then(whole);
    words.map(|words| format!("= {words}")).unwrap_or_default()
}

fn with_words(def: &SettingDef, value: String) -> String {
    match in_words(def, &value) {
        words if words.is_empty() => value,
        words => format!("{value} {words}"),
    }
}

fn item(app: &Shared, snapshot: &Snapshot, def: &'static SettingDef) -> Item {
    let value = def.value(&snapshot.settings);
    let danger = |danger: &Danger| DangerView {
        value: shown(def, &danger.value),
        why: danger.why,
        holds: danger.value == value,
    };
    let now = app.clock.now();
    Item {
        key: def.key,
        description: def.description.clone(),
        rule: def.rule.describe(),
        input: def.input(),
        value: shown(def, &value),
        default: with_words(def, shown(def, &def.default_value()).replace('\n', ", ")),
        default_value: shown(def, &def.default_value()),
        in_words: in_words(def, &shown(def, &value)),
        words: if is_seconds(def) { "minutes hours days time" } else { "" },
        is_default: value == def.default_value(),
        dangers: def.dangers.iter().map(danger).collect(),
        // Every setting is written once, when a bridge starts for the first time: that is no change.
        updated: snapshot
            .updated_at(def.key)
            .filter(|_| value != def.default_value())
            .map(|at| When::new(at, now)),
        note: (def.key == "log_level" && app.options.log_is_given)
            .then_some("SMS_BRIDGE_LOG was given when this bridge was started, and wins over this setting."),
    }
}

/// The page.
pub(crate) async fn show(State(app): State<Shared>, visitor: Visitor) -> Response {
    let snapshot = app.live.snapshot();
    let mut groups: Vec<Group> = Vec::new();
    for def in catalog::all() {
        let name = def.category.as_str();
        match groups.iter_mut().find(|group| group.name == name) {
            Some(group) => group.items.push(item(&app, &snapshot, def)),
            None => groups.push(Group { name, items: vec![item(&app, &snapshot, def)] }),
        }
    }
    let frame = Frame::by(&app, &snapshot.settings, visitor, "Settings", PATH).await;
    render(&Page { frame, groups, last: LAST_DEFAULT, last_max: LAST_MAX })
}

/// What the form changes: what is another than when the page was drawn. What somebody else changed since is not
/// overwritten.
fn changes(now: &Settings, form: &Form) -> Result<Vec<Change>, Problem> {
    let mut changes = Vec::new();
    let mut meanwhile = Vec::new();
    for def in catalog::all() {
        let Some(was) = form.get(&format!("was-{}", def.key)) else { continue };
        let given = match def.input().kind {
            "boolean" => {
                if form.text(def.key) == "true" {
                    "true"
                } else {
                    "false"
                }
            }
            _ => form.text(def.key),
        };
        let (was, given) = (read(def, was), read(def, given));
        if given == was {
            continue;
        }
        let current = def.value(now);
        if current != was && current != given {
            let detail = format!("was changed to {} meanwhile: load the page again", def.to_text(&current));
            meanwhile.push(FieldError { field: def.key.to_owned(), detail });
        }
        changes.push((def, given));
    }
    if !meanwhile.is_empty() {
        return Err(Problem::fields(Code::InvalidSetting, "somebody else changed a setting", meanwhile));
    }
    Ok(changes)
}

/// Saves what was changed: all of it or nothing.
pub(crate) async fn save(State(app): State<Shared>, visitor: Visitor, form: Form) -> Result<Done, Failed> {
    let changes = changes(&app.live.now(), &form)?;
    if changes.is_empty() {
        return Ok(Done::stay("Nothing was changed", PATH));
    }
    change(&app, &visitor.actor(), &changes).await?;
    let keys: Vec<&str> = changes.iter().map(|(def, _)| def.key).collect();
    Ok(Done::stay(format!("Saved, and in force: {}", keys.join(", ")), PATH))
}

struct DiffersRow {
    sms_id: String,
    at: When,
    sender: String,
    before: Outcome,
    after: Outcome,
    dots: Dots,
}

#[derive(Template)]
#[template(path = "desk/settings_tried.html")]
struct Tried {
    keys: Vec<&'static str>,
    judged: String,
    unknown: Option<usize>,
    differ: usize,
    to_passed: usize,
    to_failed: usize,
    rows: Vec<DiffersRow>,
}

/// Judges the last SMS again by what the form says, and changes nothing.
pub(crate) async fn try_out(State(app): State<Shared>, form: Form) -> Result<Response, Failed> {
    let in_force = app.live.now();
    let changes = changes(&in_force, &form)?;
    if changes.is_empty() {
        return Err(Problem::new(
            Code::InvalidSetting,
            "nothing is changed yet: change a setting above, then try it",
        )
        .into());
    }
    let settings = proposed(&in_force, &changes)?;
    let last: usize =
        form.text("last").parse().ok().filter(|n| (1..=LAST_MAX).contains(n)).ok_or_else(|| {
            Problem::field(Code::InvalidRequest, "last", format!("must be a number from 1 to {LAST_MAX}"))
        })?;
    let run = rejudge::dry_run(&app, &in_force, &settings, last).await?;
    let now = app.clock.now();
    let row = |differs: &Differs| DiffersRow {
        sms_id: differs.judgement.row.sms.sms_id.to_string(),
        at: When::new(differs.judgement.row.judged_at, now),
        sender: differs.judgement.row.sms.mobile_number().to_owned(),
        before: Outcome::of_verdict(&differs.before),
        after: Outcome::of_verdict(&differs.after),
        dots: Dots::of(&differs.after.codes),
    };
    let turned = |passed: bool| {
        run.differ.iter().filter(|d| d.after.passed() == passed && d.before.passed() != passed).count()
    };
    Ok(part(&Tried {
        keys: changes.iter().map(|(def, _)| def.key).collect(),
        judged: count(run.judged as u64),
        unknown: (run.unknown > 0).then_some(run.unknown),
        differ: run.differ.len(),
        to_passed: turned(true),
        to_failed: turned(false),
        rows: run.differ.iter().take(DIFFER_SHOWN).map(row).collect(),
    }))
}

struct Past {
    id: i64,
    at: When,
    key: String,
    old: String,
    new: String,
    by: String,
    can_go_back: bool,
}

#[derive(Template)]
#[template(path = "desk/settings_history.html")]
struct HistoryPage {
    frame: Frame,
    asked: Asked,
    rows: Vec<Past>,
    pages: Pages,
    keys: Vec<&'static str>,
}

/// What was changed, when, by whom.
pub(crate) async fn history(
    State(app): State<Shared>,
    visitor: Visitor,
    asked: Asked,
) -> Result<Response, Failed> {
    let wrong = |_| Problem::field(Code::InvalidRequest, BEFORE, "is no place in this list");
    let before: Option<i64> = asked.get(BEFORE).map(str::parse).transpose().map_err(wrong)?;
    let settings = app.live.now();
    let found = settings_history::list(&app, &settings, asked.get("key"), before, PAGE).await?;
    let now = app.clock.now();
    let row = |Entry { change, can_go_back }: Entry| Past {
        id: change.id,
        at: When::new(change.at, now),
        old: change.old_value.unwrap_or_else(|| "the default".to_owned()),
        new: change.new_value,
        by: change.changed_by,
        can_go_back,
        key: change.key,
    };
    let next = found.next.map(|id| id.to_string());
    Ok(render(&HistoryPage {
        frame: Frame::by(&app, &settings, visitor, "History of settings", PATH).await,
        pages: asked.pages_by(next.as_deref()),
        rows: found.rows.into_iter().map(row).collect(),
        keys: catalog::all().iter().map(|def| def.key).collect(),
        asked,
    }))
}

/// Puts the value from before a change back.
pub(crate) async fn go_back(
    State(app): State<Shared>,
    visitor: Visitor,
    Path(id): Path<i64>,
) -> Result<Done, Failed> {
    let def = roll_back(&app, &visitor.actor(), id).await?;
    let value = shown(def, &def.value(&app.live.now()));
    Ok(Done::reload(format!("{} is {value} again", def.key), HISTORY))
}
