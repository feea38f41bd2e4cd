//! `doctor`: looks at everything that can be wrong and says what to do about it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::ExitCode;

use bridge_core::Timestamp;
use comfy_table::{Cell, Color};
use reqwest::Method;
use serde_json::{Value, json};

use super::bridge::{Bridge, Which};
use super::{BAD, FAILED, GOOD};
use crate::clock::Clock;

/// Which bridge to look at.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(flatten)]
    which: Which,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Good,
    Warning,
    Bad,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Level::Good => "ok",
            Level::Warning => "look",
            Level::Bad => "wrong",
        }
    }
}

struct Finding {
    what: &'static str,
    level: Level,
    found: String,
    advice: &'static str,
}

/// Less than this on the disk is wrong, less than ten times this is worth a look.
const DISK_MIN_MIB: u64 = 100;
/// This program is newer than any clock before 2026.
const CLOCK_MIN: Timestamp = Timestamp(1_767_225_600_000);

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = &args.which;
    let mut findings = vec![clock(), disk(&which.data_dir), secrets(&which.data_dir)];
    match super::block_on(ask(which)) {
        Ok((health, settings)) => {
            findings.push(Finding {
                what: "bridge",
                level: Level::Good,
                found: "it answers".into(),
                advice: "",
            });
            findings.extend(components(&health));
            findings.extend(risky_settings(&settings));
        }
        Err(problem) => findings.push(Finding {
            what: "bridge",
            level: Level::Bad,
            found: problem,
            advice: "read the sentence on the left; start the bridge and look at its log",
        }),
    }
    let wrong = findings.iter().any(|finding| finding.level == Level::Bad);
    if which.json {
        let list: Vec<Value> = findings
            .iter()
            .map(|f| json!({"what": f.what, "level": f.level.word(), "found": f.found, "advice": f.advice}))
            .collect();
        anstream::println!("{:#}", json!({"ok": !wrong, "findings": list}));
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
            Level::Bad => Color::Red,
        };
        table.add_row([
            Cell::new(finding.what),
            Cell::new(finding.level.word()).fg(color),
            Cell::new(&finding.found),
            Cell::new(finding.advice),
        ]);
    }
    anstream::println!("{table}");
    if wrong {
        anstream::println!("{BAD}✘ something is wrong: see the lines in red{BAD:#}");
    } else {
        anstream::println!("{GOOD}✔ nothing is wrong{GOOD:#}");
    }
}

async fn ask(which: &Which) -> Result<(Value, Value), String> {
    let bridge = Bridge::find(which).await?;
    // An unhealthy bridge answers 503 and still says why.
    let health = bridge.client.ask(Method::GET, "/health", None).await;
    let settings = bridge.client.get(Method::GET, "/admin/settings", None).await;
    bridge.leave().await;
    Ok((health?.body, settings?))
}

fn clock() -> Finding {
    let now = Clock::system().now();
    if now < CLOCK_MIN {
        let advice = "set the clock and let it be kept by NTP: every deadline depends on it";
        return Finding { what: "clock", level: Level::Bad, found: format!("it says {now}"), advice };
    }
    Finding { what: "clock", level: Level::Good, found: now.to_string(), advice: "" }
}

fn disk(data_dir: &Path) -> Finding {
    let folder = data_dir.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    match fs4::available_space(folder) {
        Ok(bytes) => {
            let mib = bytes / (1024 * 1024);
            let level = match mib {
                0..DISK_MIN_MIB => Level::Bad,
                m if m < DISK_MIN_MIB * 10 => Level::Warning,
                _ => Level::Good,
            };
            let advice = if level == Level::Good {
                ""
            } else {
                "free some space: on a full disk no SMS can be accepted"
            };
            Finding { what: "disk", level, found: format!("{mib} MiB free"), advice }
        }
        Err(error) => Finding {
            what: "disk",
            level: Level::Warning,
            found: format!("free space unknown: {error}"),
            advice: "look at the disk yourself",
        },
    }
}

fn secrets(data_dir: &Path) -> Finding {
    let folder = data_dir.join("secrets");
    let open: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|file| file.metadata().is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0))
        .map(|file| file.file_name().to_string_lossy().into_owned())
        .collect();
    if open.is_empty() {
        return Finding {
            what: "secrets",
            level: Level::Good,
            found: "only the owner can read them".into(),
            advice: "",
        };
    }
    Finding {
        what: "secrets",
        level: Level::Bad,
        found: format!("others can read {}", open.join(", ")),
        advice: "chmod 600 the files, and replace the secrets if others use this machine",
    }
}

fn components(health: &Value) -> Vec<Finding> {
    let components = &health["components"];
    let mut findings = Vec::new();
    for (what, key) in [("hot store", "redis"), ("audit store", "postgresql")] {
        let up = components[key]["status"] == "up";
        let backend = components[key]["backend"].as_str().unwrap_or_default();
        findings.push(Finding {
            what,
            level: if up { Level::Good } else { Level::Bad },
            found: format!("{backend}, {}", if up { "up" } else { "down" }),
            advice: if up { "" } else { "look at the log: the store says why it does not answer" },
        });
    }
    for (name, worker) in components["workers"].as_object().into_iter().flatten() {
        if matches!(worker["status"].as_str(), Some("failing" | "behind")) {
            let why = worker["last_error"].as_str().unwrap_or("it has not succeeded for a while");
            findings.push(Finding {
                what: "worker",
                level: Level::Bad,
                found: format!("{name}: {why}"),
                advice: "it tries again by itself; nothing is lost meanwhile, but look at the cause",
            });
        }
    }
    for note in components["notes"].as_array().into_iter().flatten() {
        findings.push(Finding {
            what: "note",
            level: Level::Warning,
            found: note.as_str().unwrap_or_default().to_owned(),
            advice: "",
        });
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
        findings.push(Finding {
            what: "setting",
            level: Level::Warning,
            found: "header_hash_check is off: any SMS of a registered number validates it".into(),
            advice: "sms-bridge settings set header_hash_check_enabled true",
        });
    }
    if value("maintenance_mode") == Some(Value::Bool(true)) {
        findings.push(Finding {
            what: "setting",
            level: Level::Warning,
            found: "maintenance_mode is on: registration is paused, SMS wait".into(),
            advice: "sms-bridge settings set maintenance_mode false",
        });
    }
    findings
}
