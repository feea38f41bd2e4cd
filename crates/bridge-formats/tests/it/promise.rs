//! What the house promises: a format is one file and one line in the list. Counted, so that it stays so.

use std::path::{Path, PathBuf};

use bridge_formats::FORMATS;

/// Named elsewhere for another reason: `smsgate` is also how the list of that app's inbox is called in an import, and
/// the headers of Bird carry the name that it had before.
const EXCEPTIONS: &[(&str, &str)] = &[("smsgate", "export.rs"), ("messagebird", "formats/bird.rs")];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] }).collect()
}

/// Does the code name it? Comments may.
fn names(source: &str, format: &str) -> bool {
    let code = source.lines().map(|line| line.split("//").next().unwrap_or_default());
    code.flat_map(|line| line.split(|c: char| !c.is_alphanumeric() && c != '_')).any(|word| word == format)
}

#[test]
fn a_format_is_one_file_and_one_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let sources: Vec<(String, String)> = sources(&root)
        .into_iter()
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            (name, std::fs::read_to_string(&path).unwrap())
        })
        .collect();
    for format in FORMATS.iter().map(|format| format.name) {
        let own = format!("formats/{format}.rs");
        let mut naming: Vec<&str> = sources
            .iter()
            .filter(|(path, source)| names(source, format) && !EXCEPTIONS.contains(&(format, path.as_str())))
            .map(|(path, _)| path.as_str())
            .collect();
        naming.sort_unstable();
        assert_eq!(naming, ["formats.rs", own.as_str()], "{format}");
    }
}
