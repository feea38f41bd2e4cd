//! The sources of the product as the promise reads them: what people write, without comments and tests.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::imports::Crate;
use crate::source::Source;
use crate::{tidy, workspace};

/// A file of the product without comments and tests.
pub(super) struct Text {
    pub(super) path: String,
    pub(super) text: String,
}

/// Everything of the product that people write.
pub(super) static TEXTS: LazyLock<Vec<Text>> = LazyLock::new(read);

fn read() -> Vec<Text> {
    let root = workspace::root();
    let mut rust = BTreeSet::new();
    for package in workspace::metadata().unwrap().packages {
        let read = Crate::read(&package.sources().unwrap()).unwrap();
        rust.extend(read.files().map(|file| format!("{}/src/{file}", package.folder())));
    }
    let is_product = |path: &str| {
        let parts: Vec<&str> = path.split('/').collect();
        let endings = [".lua", ".html", ".js", ".mjs", ".ts"];
        path.starts_with("crates/bridge-")
            && !parts
                .iter()
                .any(|part| matches!(*part, "tests" | "conformance" | "conformance.rs" | "migrations"))
            && (rust.contains(path) || endings.iter().any(|ending| path.ends_with(ending)))
    };
    let paths = tidy::listed(root).unwrap().into_iter().filter(|path| is_product(path));
    paths
        .map(|path| Text { text: said(&path, &std::fs::read_to_string(root.join(&path)).unwrap()), path })
        .collect()
}

/// The text without its comments and the tests at its end; lines stay where they are.
pub(super) fn said(path: &str, text: &str) -> String {
    if path.ends_with(".rs") {
        let source = Source::new(path, text.to_owned());
        let end = source.tests_from().unwrap_or(text.len());
        let bytes = source.text.bytes().zip(source.code.bytes().zip(source.unquoted.bytes()));
        let kept = bytes.map(|(byte, (code, unquoted))| if code == unquoted { byte } else { b' ' }).take(end);
        return String::from_utf8(kept.collect()).unwrap();
    }
    let comment =
        |line: &&str| ["--", "//", "{#", "/*", "*"].iter().any(|mark| line.trim_start().starts_with(mark));
    let lines: Vec<&str> = text.lines().map(|line| if comment(&line) { "" } else { line }).collect();
    lines.join("\n")
}
