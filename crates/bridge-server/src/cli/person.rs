//! `person`: what is kept of a number, its erasure, and the receipts, from a shell.

use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;

use reqwest::Method;
use serde_json::Value;

use super::bridge::{Bridge, Which};
use super::plain;
use super::{BOLD, DIM, GOOD, WARN};

/// What to do about a person.
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand, Debug)]
enum Action {
    /// Everything that is kept of a number, as one JSON document.
    Export {
        /// The number, like +919876543210.
        mobile: String,
        #[command(flatten)]
        which: Which,
    },
    /// Erase a number from every store, with a receipt.
    Erase {
        /// The number.
        mobile: String,
        /// Take it off the blacklist, too; otherwise a blocked number stays blocked.
        #[arg(long)]
        lift_block: bool,
        /// Do not ask: it is meant.
        #[arg(long, short)]
        yes: bool,
        #[command(flatten)]
        which: Which,
    },
    /// The receipts of erasures, of one number or all.
    Receipts {
        /// Only those of this number.
        mobile: Option<String>,
        #[command(flatten)]
        which: Which,
    },
}

pub(super) fn run(args: &Args) -> Result<ExitCode, String> {
    let which = match &args.action {
        Action::Export { which, .. } | Action::Erase { which, .. } | Action::Receipts { which, .. } => which,
    };
    if let Action::Erase { mobile, yes: false, .. } = &args.action {
        sure(mobile)?;
    }
    let (method, path) = match &args.action {
        Action::Export { mobile, .. } => (Method::GET, format!("/admin/persons/{mobile}")),
        Action::Erase { mobile, lift_block, .. } => {
            let block = if *lift_block { "lift" } else { "keep" };
            (Method::POST, format!("/admin/persons/{mobile}/erase?blacklist={block}"))
        }
        Action::Receipts { mobile: None, .. } => (Method::GET, "/admin/erasures".to_owned()),
        Action::Receipts { mobile: Some(mobile), .. } => {
            let mobile: String = form_urlencoded::byte_serialize(mobile.as_bytes()).collect();
            (Method::GET, format!("/admin/erasures?mobile={mobile}"))
        }
    };
    let answer = super::block_on(async {
        let bridge = Bridge::find(which).await?;
        // An export is the document itself, for whoever it is about.
        let for_people = !which.json && !matches!(args.action, Action::Export { .. });
        let answer = bridge.client.for_people(for_people).get(method, &path, None).await;
        bridge.leave().await;
        answer
    })?;
    match &args.action {
        Action::Erase { .. } if !which.json => show(&answer),
        Action::Receipts { .. } if !which.json => list(&answer),
        _ => anstream::println!("{}", plain::json(&answer)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks whoever sits there; where nobody does, nothing is erased.
fn sure(mobile: &str) -> Result<(), String> {
    if !std::io::stdin().is_terminal() {
        return Err("there is nobody to ask whether it is meant: add --yes. It cannot be undone".to_owned());
    }
    anstream::eprint!(
        "{WARN}!{WARN:#} Everything that is kept of {BOLD}{}{BOLD:#} goes from every store, and cannot be brought back. \
         Type yes: ",
        plain::escaped(mobile)
    );
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer).map_err(|error| error.to_string())?;
    if answer.trim().eq_ignore_ascii_case("yes") { Ok(()) } else { Err("nothing was erased".to_owned()) }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// A receipt as it may be printed and filed.
fn show(receipt: &Value) {
    if text(receipt, "state") == "done" {
        anstream::println!("{GOOD}✔{GOOD:#} {BOLD}erased{BOLD:#} from every store");
    } else {
        anstream::println!("{WARN}!{WARN:#} {BOLD}owed{BOLD:#}: the bridge finishes it by itself");
    }
    for (label, name) in [
        ("receipt", "id"),
        ("number (hash)", "number_hash"),
        ("asked for", "requested_at"),
        ("by", "requested_by"),
        ("finished", "finished_at"),
        ("blacklist", "blacklist"),
    ] {
        anstream::println!("{DIM}{label:<14}{DIM:#} {}", text(receipt, name));
    }
    for (store, removed) in receipt["removed"].as_object().into_iter().flatten() {
        for (kind, count) in removed.as_object().into_iter().flatten() {
            anstream::println!("{DIM}{store:<14}{DIM:#} {count} × {kind}");
        }
    }
    for (store, why) in receipt["waits_for"].as_object().into_iter().flatten() {
        anstream::println!("{WARN}{store:<14}{WARN:#} {}", why.as_str().unwrap_or_default());
    }
    for remains in receipt["remains"].as_array().into_iter().flatten() {
        anstream::println!("{DIM}remains       {DIM:#} {}", remains.as_str().unwrap_or_default());
    }
}

fn list(answer: &Value) {
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    if items.is_empty() {
        anstream::println!("{DIM}nobody was erased{DIM:#}");
        return;
    }
    let mut table = super::table(&["receipt", "asked for", "by", "state", "blacklist", "rows"]);
    for item in &items {
        let stores = item["removed"].as_object().into_iter().flatten();
        let rows: u64 = stores
            .flat_map(|(_, removed)| removed.as_object().into_iter().flatten())
            .filter_map(|(_, count)| count.as_u64())
            .sum();
        table.add_row([
            text(item, "id"),
            text(item, "requested_at"),
            text(item, "requested_by"),
            text(item, "state"),
            text(item, "blacklist"),
            &rows.to_string(),
        ]);
    }
    anstream::println!("{table}");
}
