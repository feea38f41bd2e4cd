//! Every setting: those that are declared one by one, and the toggle that each check brings with it. Above the checks
//! for that reason, while the checks read the values, which are `settings`.

use std::sync::LazyLock;

use crate::checks::{CHECKS, CheckId};
use crate::settings::{Category, SettingDef, Settings, cross_field, fields};

static DEFS: LazyLock<Vec<SettingDef>> = LazyLock::new(|| {
    let mut defs = fields();
    let first_validation = defs.iter().position(|d| d.category == Category::Validation).unwrap_or(defs.len());
    let toggles = CheckId::all().zip(&CHECKS).map(|(id, check)| {
        let description = format!("Runs {}: {}.", check.name, lower_first(check.about));
        SettingDef::toggle(id, description, check.danger_when_off())
    });
    // Where contract section 6 has them: before the other settings of the checks.
    defs.splice(first_validation..first_validation, toggles);
    defs
});

fn lower_first(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// Every setting, in the order of contract section 6.
#[must_use]
pub fn all() -> &'static [SettingDef] {
    &DEFS
}

/// The declaration of one key.
#[must_use]
pub fn find(key: &str) -> Option<&'static SettingDef> {
    all().iter().find(|def| def.key == key)
}

impl Settings {
    /// The snapshot that stored rows give. Keys nobody declared and values that break a rule are
    /// reported, and their defaults hold.
    #[must_use]
    pub fn from_rows<'a>(rows: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Settings, Vec<String>) {
        let mut settings = Settings::default();
        let mut problems = Vec::new();
        for (key, text) in rows {
            let Some(def) = find(key) else {
                problems.push(format!("{key} is no setting of this version"));
                continue;
            };
            if let Err(broken) = def.set(&mut settings, &def.from_text(text)) {
                problems.push(broken.to_string());
            }
        }
        let broken = cross_field(&settings);
        if broken.is_empty() {
            return (settings, problems);
        }
        problems.extend(broken.iter().map(ToString::to_string));
        // The keys that broke a rule first: one wrong row need not undo all the others.
        let mut repaired = settings;
        for broken in &broken {
            if let Some(def) = find(broken.key) {
                let _ = def.set(&mut repaired, &def.default_value());
            }
        }
        if cross_field(&repaired).is_empty() { (repaired, problems) } else { (Settings::default(), problems) }
    }
}

#[cfg(test)]
mod tests;
