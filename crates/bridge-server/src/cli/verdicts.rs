//! Drawing verdicts: one row an SMS, one mark a check.

use bridge_core::checks::CHECKS;
use comfy_table::{Cell, Color, Table};
use serde_json::Value;

/// Below this many columns the checks are numbered instead of named.
const NAMES_NEED_COLUMNS: u16 = 150;

/// A table with a column for every check, and the line that explains it.
pub(super) fn table() -> (Table, String) {
    let narrow = Table::new().width().is_some_and(|columns| columns < NAMES_NEED_COLUMNS);
    let names = || CHECKS.iter().map(|check| check.name.trim_end_matches("_check"));
    let numbered =
        |(number, name): (usize, &str)| if narrow { (number + 1).to_string() } else { name.to_owned() };
    let mut header = vec!["what happens".to_owned(), "verdict".to_owned()];
    header.extend(names().enumerate().map(numbered));
    header.push("why".to_owned());
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut legend = LEGEND.to_owned();
    if narrow {
        let list: Vec<String> = names().enumerate().map(|(n, name)| format!("{} {name}", n + 1)).collect();
        legend = format!("{}\n{legend}", list.join("  "));
    }
    (super::table(&header), legend)
}

/// One SMS and its answer.
pub(super) fn row(what: &str, answer: &Value) -> Vec<Cell> {
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let passed = text("validation_status") == "passed";
    let verdict = if passed {
        Cell::new("passed").fg(Color::Green)
    } else {
        Cell::new(text("validation_status")).fg(Color::Red)
    };
    let mut cells = vec![Cell::new(what), verdict];
    cells.extend(CHECKS.iter().map(|check| mark(answer["checks"][check.name]["code"].as_u64())));
    let why = match (answer["failed_at_check"].as_str(), answer["reason"].as_str()) {
        (Some("onboarding_match"), Some(reason)) => format!("onboarding_match: {reason}"),
        (Some(_), Some(reason)) => reason.to_owned(),
        _ => String::new(),
    };
    let again = if answer["duplicate_delivery"] == Value::Bool(true) {
        "delivered again: the first answer"
    } else {
        ""
    };
    cells.push(Cell::new(if again.is_empty() { &why } else { again }));
    cells
}

/// ✔ pass, ✘ fail, ○ disabled, · not run.
fn mark(code: Option<u64>) -> Cell {
    match code {
        Some(1) => Cell::new("✔").fg(Color::Green),
        Some(2) => Cell::new("✘").fg(Color::Red),
        Some(3) => Cell::new("○").fg(Color::Yellow),
        Some(4) => Cell::new("·").fg(Color::DarkGrey),
        _ => Cell::new("?"),
    }
    .set_alignment(comfy_table::CellAlignment::Center)
}

/// What the marks mean.
const LEGEND: &str = "✔ pass   ✘ fail   ○ disabled   · not run, an earlier check failed";
