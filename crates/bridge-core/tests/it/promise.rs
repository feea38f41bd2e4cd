//! What the house promises: a check is one file and one line in the list. Counted, so that it stays so.

use std::path::{Path, PathBuf};

use bridge_core::CheckId;

/// What the result of these two tells of the facts is asked for later, by name.
const EXCEPTIONS: &[(&str, &str)] =
    &[("duplicate_check", "judged_record.rs"), ("blacklist_check", "judged_record.rs")];
/// Tests beside the code.
const TESTS: &[&str] = &["tests.rs", "samples.rs", "properties.rs"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Does the code name it? Comments may.
fn names(source: &str, check: &str) -> bool {
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_')).any(|word| word == check)
}

#[test]
fn a_check_is_one_file_and_one_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources: Vec<(String, String)> = sources(&root)
        .into_iter()
        .filter(|path| !TESTS.iter().any(|name| path.ends_with(name)))
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    for check in CheckId::all().map(CheckId::name) {
        let own = format!("checks/{check}.rs");
        let mut naming: Vec<&str> = sources
            .iter()
            .filter(|(path, source)| names(source, check) && !EXCEPTIONS.contains(&(check, path.as_str())))
            .map(|(path, _)| path.as_str())
            .collect();
        naming.sort_unstable();
        assert_eq!(naming, ["check_id.rs", own.as_str()], "{check}");
    }
}
