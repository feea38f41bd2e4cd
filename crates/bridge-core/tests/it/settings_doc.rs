//! `docs/settings.gen.md`: every setting as the code declares it, in a table for people.

use std::fmt::Write;
use std::path::Path;

use bridge_core::catalog;
use bridge_core::settings::{Category, SettingDef};

const NAME: &str = "docs/settings.gen.md";

/// What it does, and which of its values may do harm.
fn described(def: &SettingDef) -> String {
    let dangers =
        def.dangers.iter().map(|danger| format!(" **Danger** of `{}`: {}", danger.value, danger.why));
    def.description.clone() + &dangers.collect::<String>()
}

fn document() -> String {
    let mut text = String::from(
        "# Settings\n\nGenerated from the code: do not edit. Changed while the bridge runs, with \
         `sms-bridge settings set KEY VALUE` or `PUT /admin/settings/KEY`.\n",
    );
    let mut category: Option<Category> = None;
    for def in catalog::all() {
        if category != Some(def.category) {
            category = Some(def.category);
            write!(text, "\n## {}\n\n", def.category.as_str()).unwrap();
            text.push_str("| key | type | default | rule | what it does |\n|---|---|---|---|---|\n");
        }
        let default = def.default_value();
        let (kind, rule) = (def.setting_type(), def.rule.describe());
        let cells = [format!("`{}`", def.key), kind.to_owned(), format!("`{default}`"), rule, described(def)];
        // A bar in a cell would begin another one.
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        writeln!(text, "| {} |", cells.join(" | ")).unwrap();
    }
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the knob of a test, not configuration")]
fn the_document_is_what_the_code_declares() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(NAME);
    let text = document();
    if std::env::var("UPDATE_SNAPSHOTS").is_ok() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        return std::fs::write(&path, text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == text,
        "{NAME} is out of date: run UPDATE_SNAPSHOTS=1 cargo test -p bridge-core --test it, and commit it"
    );
}

#[test]
fn the_document_names_every_setting_once() {
    let text = document();
    for def in catalog::all() {
        assert_eq!(text.matches(&format!("| `{}` |", def.key)).count(), 1, "{}", def.key);
    }
}
