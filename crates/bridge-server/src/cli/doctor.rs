//! `doctor`: looks at everything that can be wrong and says what to do about it.

mod disk;
mod outside;

use std::path::Path;
use std::process::ExitCode;

use bridge_core::Timestamp;
use bridge_store::finding::{Finding, Level};
use bridge_store::private::{self, Open, Why};
use comfy_table::{Cell, Color};
use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Bridge, Which};
use super::plain;
use super::{BAD, FAILED, GOOD};
use bridge_app::base::clock::Clock;

/// Which bridge to look at.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
    /// Give the hot store back what it misses of what the audit trail says, and close the files of the data folder to
    /// other accounts.
    #[arg(long)]
    repair: bool,
    /// The clock of this machine is right, whatever the bridge remembers: it judges again.
    #[arg(long)]
    accept_clock: bool,
    /// The address under which the outside reaches the bridge: it is looked at from there too.
    #[arg(long, env = "SMS_BRIDGE_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Good => "ok",
        Level::Warning => "look",
        Level::Problem => "wrong",
    }
}

fn finding(what: &str, level: Level, found: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { what: what.to_owned(), level, found: found.into(), advice: advice.into() }
}

/// The clock of this machine, as the bridge calls it too.
const CLOCK: &str = "clock";
/// Files that are named; the rest is counted.
const FILES_SHOWN: usize = 10;
/// This program is newer than any clock before 2026.
const CLOCK_MIN: Timestamp = Timestamp(1_767_225_600_000);

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = &args.which;
    let mut findings = vec![clock(), disk::room(&which.data_dir)];
    findings.extend(disk::speed(&which.data_dir));
    findings.push(files(&which.data_dir, args.repair));
    match super::block_on(ask(which, args)) {
        Ok(asked) => {
            findings.push(finding("bridge", Level::Good, "it answers", ""));
            findings.extend(components(&asked.health));
            findings.extend(risky_settings(&asked.settings));
            // The bridge knows more of its clock than this command of its own.
            if asked.examined.iter().any(|examined| examined.what == CLOCK) {
                findings.retain(|own| own.what != CLOCK);
            }
            findings.extend(asked.examined);
        }
        Err(problem) => findings.push(finding(
            "bridge",
            Level::Problem,
            problem,
            "read the sentence on the left; start the bridge and look at its log",
        )),
    }
    if let Some(url) = args.public_url.as_deref().filter(|url| !url.is_empty()) {
        findings.extend(super::block_on(outside::look(url))?);
    }
    let wrong = findings.iter().any(|finding| finding.level == Level::Problem);
    if which.json {
        let list: Vec<Value> = findings
            .iter()
            .map(|f| json!({"what": f.what, "level": word(f.level), "found": f.found, "advice": f.advice}))
            .collect();
        anstream::println!("{}", plain::json(&json!({"ok": !wrong, "findings": list})));
    } else {
        show(&findings, wrong);
    }
    Ok(if wrong { ExitCode::from(FAILED) } else { ExitCode::SUCCESS })
}

fn show(findings: &[Finding], wrong: bool) {
    let mut table = super::table(&["what", "", "found", "what to do"]);
    for finding in findings {
        let color = match finding.level {
            Level::Good => Color::Green,
            Level::Warning => Color::Yellow,
            Level::Problem => Color::Red,
        };
        table.add_row([
            Cell::new(&finding.what),
            Cell::new(word(finding.level)).fg(color),
            Cell::new(&finding.found),
            Cell::new(&finding.advice),
        ]);
    }
    anstream::println!("{table}");
    if wrong {
        anstream::println!("{BAD}✘ something is wrong: see the lines in red{BAD:#}");
    } else {
        anstream::println!("{GOOD}✔ nothing is wrong{GOOD:#}");
    }
}

struct Asked {
    health: Value,
    settings: Value,
    examined: Vec<Finding>,
}

async fn ask(which: &Which, args: &Args) -> Result<Asked, String> {
    let bridge = Bridge::find(which).await?;
    if args.accept_clock {
        bridge.client.get(Method::POST, "/admin/doctor/accept-clock", None).await?;
    }
    // An unhealthy bridge answers 503 and still says why.
    let health = bridge.client.ask(Method::GET, "/health", None).await;
    let settings = bridge.client.get(Method::GET, "/admin/settings", None).await;
    let examined = if args.repair {
        bridge.client.get(Method::POST, "/admin/doctor/repair", None).await
    } else {
        bridge.client.get(Method::GET, "/admin/doctor", None).await
    };
    bridge.leave().await;
    let examined = examined?["items"].as_array().into_iter().flatten().map(examined_finding).collect();
    Ok(Asked { health: health?.body, settings: settings?, examined })
}

fn examined_finding(item: &Value) -> Finding {
    let text = |name: &str| item[name].as_str().unwrap_or_default();
    let level = match text("level") {
        "good" => Level::Good,
        "warning" => Level::Warning,
        _ => Level::Problem,
    };
    finding(text("what"), level, text("found"), text("advice"))
}

fn clock() -> Finding {
    let now = Clock::system().now();
    if now < CLOCK_MIN {
        let advice = "set the clock and let it be kept by NTP: every deadline depends on it";
        return finding(CLOCK, Level::Problem, format!("it says {now}"), advice);
    }
    finding(CLOCK, Level::Good, now.to_string(), "")
}

/// The data folder and everything in it: only the bridge's own account may read it.
fn files(data_dir: &Path, repair: bool) -> Finding {
    if !data_dir.exists() {
        return finding("files", Level::Good, "there is no data folder yet", "");
    }
    if repair && let Err(error) = private::mend(data_dir, data_dir.join("bridge_id").exists()) {
        return unknown_files(&error);
    }
    let open = match private::look(data_dir) {
        Ok(open) => open,
        Err(error) => return unknown_files(&error),
    };
    if open.is_empty() {
        return finding("files", Level::Good, "only the account of the bridge can read them", "");
    }
    let shown: Vec<String> = open.iter().take(FILES_SHOWN).map(|open| describe(data_dir, open)).collect();
    let more = match open.len().saturating_sub(FILES_SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    finding(
        "files",
        Level::Problem,
        format!("of the data folder others can use, or it is elsewhere: {}{more}", shown.join(", ")),
        "sms-bridge doctor --repair or a restart closes them (chmod 600 the files, chmod 700 the folders); \
         replace the secrets if others use this machine; what belongs to another account: chown it; a link: look who made it",
    )
}

fn unknown_files(error: &std::io::Error) -> Finding {
    let advice = "run doctor as the account that the bridge runs under";
    finding("files", Level::Problem, format!("the data folder cannot be looked at: {error}"), advice)
}

fn describe(data_dir: &Path, open: &Open) -> String {
    let name = match open.path.strip_prefix(data_dir) {
        Ok(inside) if !inside.as_os_str().is_empty() => inside.display().to_string(),
        _ => "the folder itself".to_owned(),
    };
    match open.why {
        Why::Mode(mode) => format!("{name} ({mode:04o})"),
        Why::Link => format!("{name} (a link)"),
        Why::Owner(account) => format!("{name} (of account {account})"),
    }
}

fn components(health: &Value) -> Vec<Finding> {
    let components = &health["components"];
    let mut findings = Vec::new();
    for (what, key) in [("hot store", "redis"), ("audit store", "postgresql")] {
        let status = components[key]["status"].as_str().unwrap_or("unknown");
        let backend = components[key]["backend"].as_str().unwrap_or_default();
        let (level, advice) = match status {
            "up" => (Level::Good, ""),
            "rebuilding" => (Level::Warning, "wait: it gets its memory back from the audit store"),
            "full" => (Level::Problem, "give it more memory, or let the dump catch up"),
            _ => (Level::Problem, "look at the log: the store says why it does not answer"),
        };
        findings.push(finding(what, level, format!("{backend}, {status}"), advice));
    }
    for (name, worker) in components["workers"].as_object().into_iter().flatten() {
        if matches!(worker["status"].as_str(), Some("failing" | "behind")) {
            let why = worker["last_error"].as_str().unwrap_or("it has not succeeded for a while");
            findings.push(finding(
                "worker",
                Level::Problem,
                format!("{name}: {why}"),
                "it tries again by itself; nothing is lost meanwhile, but look at the cause",
            ));
        }
    }
    // What is said of receivers and of the clock there is said by the examination, with what to do.
    let notes = components["notes"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for note in notes.filter(|note| !note.contains("receiver") && !note.contains("--accept-clock")) {
        findings.push(finding("note", Level::Warning, note, ""));
    }
    findings
}

fn risky_settings(settings: &Value) -> Vec<Finding> {
    let value = |key: &str| {
        let items = settings["items"].as_array().into_iter().flatten();
        items.into_iter().find(|item| item["setting_key"] == key).map(|item| item["setting_value"].clone())
    };
    let mut findings = Vec::new();
    if value("header_hash_check_enabled") == Some(Value::Bool(false)) {
        findings.push(finding(
            "setting",
            Level::Warning,
            "header_hash_check is off: any SMS of a registered number validates it",
            "sms-bridge settings set header_hash_check_enabled true",
        ));
    }
    if value("maintenance_mode") == Some(Value::Bool(true)) {
        findings.push(finding(
            "setting",
            Level::Warning,
            "maintenance_mode is on: registration is paused, SMS wait",
            "sms-bridge settings set maintenance_mode false",
        ));
    }
    findings
}
