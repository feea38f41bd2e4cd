//! A close look at the stores, for `doctor`: how the servers are set up, whether their clocks agree, and whether the
//! hot store knows what the audit trail says (contract section 1). Repairs only what can be repaired without a doubt:
//! what is missing in the hot store is given back; what is too much is told.

use bridge_core::stamp::Zone;
use bridge_core::{Span, Timestamp};
use bridge_store::damage::Damage;
use bridge_store::finding::{Finding, Level};
use bridge_store::hot::{Counters, QueueSizes, Restore, Right};
use bridge_store::{Result, StoreError, StoreFault};
use serde_json::Value;

use crate::admin_log::Actor;
use crate::base::deadline::{EXAMINE, within};
use crate::base::problem::Problem;
use crate::bridge::App;
use crate::durability::{damages, spellings};
use crate::state::clock_watch::signs::Outside;

/// Pairs that are compared in one step.
const PAGE: usize = 1000;
/// Clocks that are further apart make honest SMS late, and leases short.
const DRIFT_MAX: Span = Span(2_000);

/// What to do with what is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only tell what is missing.
    Look,
    /// Give it back to the hot store.
    Repair,
}

/// Looks at everything; a store that does not answer is a finding, and the rest is looked at all the same.
pub async fn examine(app: &App, mode: Mode) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(damages::of(app).map(|damage| Finding {
        level: Level::Problem,
        what: damage.file.clone(),
        found: damage.found(),
        advice: Damage::advice().to_owned(),
    }));
    findings.extend(in_time("hot store", app.hot.examine()).await);
    findings.extend(in_time("audit store", app.audit.examine()).await);
    findings.extend(own_clock(app));
    findings.extend(clocks(app).await);
    let now = app.clock.now();
    findings.extend(remote(app).await);
    findings.extend(app.receivers.findings(now, &app.live.now()));
    findings.extend(app.strangers.finding(now));
    findings.extend(strangers(app));
    findings.extend(edge(app));
    findings.extend(in_time_or(two_spellings(app)).await.unwrap_or_default());
    match in_time_or(compare(app, mode)).await {
        Ok(compared) => findings.extend(compared),
        Err(problem) => findings.push(Finding {
            level: Level::Warning,
            what: "comparison".to_owned(),
            found: format!("hot store and audit store cannot be compared: {problem}"),
            advice: "look again when both answer".to_owned(),
        }),
    }
    findings
}

/// The clock of this machine, where it cannot be right or nobody knows whether it is (D49).
fn own_clock(app: &App) -> Option<Finding> {
    const ACCEPT: &str = "if it is right as it is, say so: `sms-bridge doctor --accept-clock`";
    let finding =
        |level, found: String, advice: String| Finding { level, what: "clock".to_owned(), found, advice };
    if let Some((why, _)) = app.clock_watch.implausible() {
        return Some(finding(
            Level::Problem,
            format!(
                "the clock of this machine says {}, which cannot be right: {why}. Nobody can register until it is set. SMS \
                 are kept and judged then",
                shown(app.clock.now())
            ),
            format!(
                "let the internet set it (`timedatectl set-ntp true`) or set it by hand (`timedatectl set-time \
                 \"2026-11-30 10:15\"`); {ACCEPT}"
            ),
        ));
    }
    let (at, by) = app.clock_watch.taken_on_trust()?;
    Some(finding(
        Level::Warning,
        format!(
            "the clock of this machine was set forward by {by}, to {}. No other clock says whether that was right",
            shown(at)
        ),
        format!("compare it with a phone. If it is wrong, set it; {ACCEPT}"),
    ))
}

/// As an office writes it.
fn shown(at: Timestamp) -> String {
    Zone::utc().shown(at)
}

/// An operator says that the clock of this machine is right, whatever was remembered.
pub async fn accept_clock(app: &App, actor: &Actor) -> std::result::Result<Vec<Finding>, Problem> {
    let before = app.clock_watch.implausible().map_or(Value::Null, |(why, _)| why.to_string().into());
    let after = app.clock.now().to_string().into();
    app.note_change(actor, "doctor.accept_clock", "clock", before, after).await?;
    app.clock_watch.accept();
    app.availability.suspect();
    Ok(examine(app, Mode::Look).await)
}

/// How many are named; the rest are counted.
const SPELLINGS_NAMED: usize = 20;

/// Numbers under another spelling than is kept today: nothing is merged by itself (D43).
async fn two_spellings(app: &App) -> Result<Vec<Finding>> {
    let all = spellings::report(app).await?;
    let Some(count) = Some(all.len()).filter(|count| *count > 0) else { return Ok(Vec::new()) };
    let named = |one: &spellings::TwoSpellings| {
        let both = if one.both { " (stored under both)" } else { "" };
        format!("{} is {} today{both}", one.stored, one.today)
    };
    let named: Vec<String> = all.iter().take(SPELLINGS_NAMED).map(named).collect();
    Ok(vec![Finding {
        level: Level::Warning,
        what: "spellings".to_owned(),
        found: format!(
            "{count} numbers are stored under an older spelling: {}{}",
            named.join(", "),
            if count > SPELLINGS_NAMED { " …" } else { "" }
        ),
        advice: "both spellings count until you settle them: take the older one off the blacklist and block that of today, \
                 or remove the older validation, so that the person may register again"
            .to_owned(),
    }])
}

/// Where nobody says from where users register, one of them can use up all places of a number (D51).
fn strangers(app: &App) -> Option<Finding> {
    let told = app.recent.client_was_told()?;
    (!told).then(|| Finding {
        level: Level::Warning,
        what: "registrations".to_owned(),
        found: "the app does not say from which address its users register: one stranger can use up the places and the \
                hourly limit of a number"
            .to_owned(),
        advice: "send client_ip, the address of the user's device, with each registration".to_owned(),
    })
}

/// What the edge in front was last heard to say, where there is one.
fn edge(app: &App) -> Option<Finding> {
    let finding = |level, found: String, advice: &str| {
        Some(Finding { level, what: "edge".to_owned(), found, advice: advice.to_owned() })
    };
    if app.secrets.edge.is_empty() {
        return app.live.now().edge_required.then_some(()).and_then(|()| {
            let advice = "give SMS_BRIDGE_EDGE_SECRET, or switch edge_required off";
            finding(
                Level::Problem,
                "edge_required is on, and no edge can sign: all registrations are refused".to_owned(),
                advice,
            )
        });
    }
    let heard = app.edge.now();
    match (heard.last, heard.wrong) {
        (last, Some((why, at))) if last.is_none_or(|last| last < at) => {
            let advice = "compare EDGE_SECRET of the edge with SMS_BRIDGE_EDGE_SECRET, and the clocks";
            finding(Level::Problem, format!("its last signature does not hold ({at}): {why}"), advice)
        }
        (Some(last), _) => finding(Level::Good, format!("last heard {last}"), ""),
        (None, _) => {
            let advice = "see docs/edge.md: is BRIDGE_URL of the edge the tunnel to this bridge?";
            finding(Level::Warning, "it was not heard since this bridge started".to_owned(), advice)
        }
    }
}

/// Gives the hot store back what it misses, and says what was found.
pub async fn repair(app: &App, actor: &Actor) -> std::result::Result<Vec<Finding>, Problem> {
    app.note_change(actor, "doctor.repair", "hot store", Value::Null, Value::Null).await?;
    Ok(examine(app, Mode::Repair).await)
}

async fn in_time_or<T>(answer: impl Future<Output = Result<T>>) -> std::result::Result<T, String> {
    match within(EXAMINE, answer).await {
        Ok(answer) => answer.map_err(|error| describe(&error)),
        Err(_) => Err(format!("no answer within {} s", EXAMINE.as_secs())),
    }
}

fn describe(error: &StoreError) -> String {
    match &error.source {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

async fn in_time(what: &str, answer: impl Future<Output = Result<Vec<Finding>>>) -> Vec<Finding> {
    in_time_or(answer).await.unwrap_or_else(|problem| {
        vec![Finding {
            level: Level::Problem,
            what: what.to_owned(),
            found: problem,
            advice: "start it, or mend its URL; SMS are kept meanwhile".to_owned(),
        }]
    })
}

/// The clocks of the stores against that of this machine, and where they differ, which of them is wrong.
async fn clocks(app: &App) -> Vec<Finding> {
    let mut ahead = Vec::new();
    for (what, whose, asked) in [
        ("clock of Redis", "Redis", in_time_or(app.hot.server_time()).await),
        ("clock of PostgreSQL", "PostgreSQL", in_time_or(app.audit.server_time()).await),
    ] {
        let now = app.clock.now();
        ahead.extend(asked.ok().flatten().map(|there| (what, Outside { whose, ahead: there - now })));
    }
    let ours_is_wrong = app.clock_watch.implausible().is_some();
    let compared = |(what, one): &(&str, Outside)| {
        let others: Vec<&Outside> =
            ahead.iter().map(|(_, other)| other).filter(|other| *other != one).collect();
        drift(what, one, &others, ours_is_wrong)
    };
    ahead.iter().map(compared).collect()
}

fn drift(what: &str, one: &Outside, others: &[&Outside], ours_is_wrong: bool) -> Finding {
    let finding =
        |level, found: String, advice: String| Finding { level, what: what.to_owned(), found, advice };
    let apart = one.ahead.0.abs();
    if apart <= DRIFT_MAX.0 {
        return finding(
            Level::Good,
            "it says the same as the clock of this machine".to_owned(),
            String::new(),
        );
    }
    let by = Span(apart);
    let which = if one.ahead.0 > 0 { "ahead of" } else { "behind" };
    let found = format!("it is {by} {which} the clock of this machine");
    let advice = if ours_is_wrong {
        "the clock of this machine is the one to set: see the line \"clock\"".to_owned()
    } else if let Some(third) = others.iter().find(|other| other.agrees() && !one.agrees()) {
        format!(
            "{} and this machine agree, so this one is wrong: set it on the machine where {} runs \
             (`timedatectl set-ntp true`)",
            third.whose, one.whose
        )
    } else {
        format!(
            "switch time synchronisation on (`timedatectl set-ntp true`), here and on the machine where {} runs",
            one.whose
        )
    };
    finding(Level::Warning, found, advice)
}

async fn remote(app: &App) -> Vec<Finding> {
    let what = "remote".to_owned();
    let Some(remote) = &app.remote else { return Vec::new() };
    let ping = within(EXAMINE, remote.ping()).await;
    let problem = match ping {
        Ok(Ok(())) => None,
        Ok(Err(paused)) => Some(paused.reason),
        Err(_) => Some("no answer in time".to_owned()),
    };
    let mut findings = vec![match problem {
        None => Finding {
            level: Level::Good,
            what: what.clone(),
            found: "it answers".to_owned(),
            advice: String::new(),
        },
        Some(found) => Finding {
            level: Level::Problem,
            what: what.clone(),
            found,
            advice: "validated numbers wait and are pushed when it answers".to_owned(),
        },
    }];
    let refused = in_time_or(app.audit.refused(PAGE)).await.unwrap_or_default();
    let dead_lettered = refused.iter().filter(|row| row.dead_lettered).count();
    if dead_lettered > 0 {
        findings.push(Finding {
            level: Level::Warning,
            what,
            found: format!("it refused {dead_lettered} validated numbers by themselves"),
            advice: "GET /admin/sync says why; POST /admin/sync/replay pushes them again".to_owned(),
        });
    }
    findings
}

/// Validated set, blacklist and counters against the audit trail.
async fn compare(app: &App, mode: Mode) -> Result<Vec<Finding>> {
    let (hot, audit) = (app.hot.totals().await?, app.audit.totals().await?);
    let queued = app.hot.queue_sizes().await?;
    Ok(vec![
        validated(app, mode, hot.validated, audit.validated, queued).await?,
        blacklist(app, mode, hot.blacklisted, audit.blacklisted, queued).await?,
        counters(app, mode, audit.last_sms_id).await?,
    ])
}

async fn validated(app: &App, mode: Mode, there: u64, known: u64, queued: QueueSizes) -> Result<Finding> {
    let mut missing = 0;
    let mut after: Option<String> = None;
    loop {
        let pairs = app.audit.validated_pairs(after.as_deref(), PAGE).await?;
        let Some(last) = pairs.last().cloned() else { break };
        after = Some(last);
        let absent = app.hot.not_validated(&pairs).await?;
        missing += absent.len() as u64;
        if mode == Mode::Repair
            && !absent.is_empty()
            && !app.hot.restore(app.clock.now(), Right::Entered, Restore::Validated(&absent)).await?
        {
            return Err(StoreError { operation: "repair", kind: StoreFault::Lost, source: None });
        }
    }
    // What is not dumped yet is rightly here and not there.
    let extra = (there + missing).saturating_sub(known + queued.input_sms);
    Ok(finding("validated numbers", mode, missing, extra, there))
}

async fn blacklist(app: &App, mode: Mode, there: u64, known: u64, queued: QueueSizes) -> Result<Finding> {
    // Some are there under two spellings.
    let known =
        if there == known { known } else { spellings::blocks(&app.audit.blacklist().await?).len() as u64 };
    let missing = known.saturating_sub(there);
    let extra = there.saturating_sub(known + queued.blacklist);
    if mode == Mode::Repair && missing + extra > 0 {
        let _turn = app.board.blacklisting.lock().await;
        app.hot.replace_blacklist(&spellings::blocks(&app.audit.blacklist().await?)).await?;
    }
    Ok(finding("blacklist", mode, missing, extra, there))
}

async fn counters(app: &App, mode: Mode, used: i64) -> Result<Finding> {
    let counters = app.hot.counters().await?;
    let behind = u64::try_from(used - counters.queue_input_sms).unwrap_or(0);
    if mode == Mode::Repair && behind > 0 {
        app.hot.raise_counters(Counters { queue_input_sms: used, ..counters }).await?;
    }
    Ok(finding("ids", mode, behind, 0, counters.queue_input_sms.unsigned_abs()))
}

fn finding(what: &str, mode: Mode, missing: u64, extra: u64, there: u64) -> Finding {
    let what = what.to_owned();
    let (level, found, advice) = match (missing, extra, mode) {
        (0, 0, _) => (Level::Good, format!("{there}, as the audit trail says"), ""),
        (0, extra, _) => (
            Level::Warning,
            format!("{extra} in the hot store that the audit trail does not know"),
            "somebody wrote to the hot store by hand, or the audit database is an older one: look before you remove any",
        ),
        (missing, _, Mode::Look) => (
            Level::Problem,
            format!("{missing} missing in the hot store"),
            "sms-bridge doctor --repair gives them back",
        ),
        (missing, _, Mode::Repair) => {
            (Level::Good, format!("{missing} were missing in the hot store and are back"), "")
        }
    };
    Finding { level, what, found, advice: advice.to_owned() }
}
