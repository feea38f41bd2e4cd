//! The shape of a Rust file: its header, its length, the length of its functions. Not its names.

use super::Violation;
use crate::source::{Source, line_at};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

/// Every file says first what it is and what it is not.
pub(crate) fn header(source: &Source) -> Vec<Violation> {
    if source.text.starts_with("//! ") {
        return Vec::new();
    }
    let what = "no header: begin with 1-6 lines of `//!` that say what this file is and what it is not";
    vec![Violation::new(&source.path, 1, what)]
}

pub(crate) fn file_length(source: &Source) -> Vec<Violation> {
    let end = source.tests_from().unwrap_or(source.text.len());
    let lines = source.text[..end].lines().count();
    if lines <= FILE_LINES_MAX {
        return Vec::new();
    }
    let what =
        format!("{lines} lines before the tests: split it by feature, the limit is {FILE_LINES_MAX} lines");
    vec![Violation::new(&source.path, FILE_LINES_MAX + 1, what)]
}

pub(crate) fn function_length(source: &Source) -> Vec<Violation> {
    if source.is_test_file() {
        return Vec::new();
    }
    let code = &source.code[..source.tests_from().unwrap_or(source.code.len())];
    let mut found = Vec::new();
    for function in functions(code) {
        let lines = function.last_line - function.first_line + 1;
        if lines > FUNCTION_LINES_MAX {
            let name = function.name;
            let what = format!(
                "fn {name} has {lines} lines: move its parts into functions with names, the limit is {FUNCTION_LINES_MAX} lines"
            );
            found.push(Violation::new(&source.path, function.first_line, what));
        }
    }
    found
}

struct Function<'a> {
    name: &'a str,
    first_line: usize,
    last_line: usize,
}

/// Every function with a body, closures aside, nested ones too.
fn functions(code: &str) -> Vec<Function<'_>> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        let in_word = code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let rest = &code[at + 3..];
        let name_length = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        if in_word || name_length == 0 {
            continue;
        }
        if let Some(end) = body_end(rest) {
            found.push(Function {
                name: &rest[..name_length],
                first_line: line_at(code, at),
                last_line: line_at(code, at + 3 + end),
            });
        }
    }
    found
}

/// The closing brace of the body that follows; nothing for a declaration without one.
fn body_end(signature: &str) -> Option<usize> {
    let (mut brackets, mut braces) = (0_i32, 0_i32);
    for (at, byte) in signature.bytes().enumerate() {
        match byte {
            b'(' | b'[' => brackets += 1,
            b')' | b']' => brackets -= 1,
            b'{' => braces += 1,
            b'}' => {
                braces -= 1;
                if braces == 0 && brackets == 0 {
                    return Some(at);
                }
            }
            b';' if braces == 0 && brackets == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source::new(path, text.to_owned())
    }

    fn long_function() -> String {
        format!("//! A file.\n\nfn long(a: [u8; 2]) {{\n{}}}\n", "    let _ = \"}\";\n".repeat(70))
    }

    #[test]
    fn a_file_needs_a_header() {
        assert!(header(&source("a.rs", "//! What it is.\nfn f() {}")).is_empty());
        for text in ["", "fn f() {}", "// a comment", "\n//! too late"] {
            assert_eq!(header(&source("a.rs", text)).len(), 1, "{text:?}");
        }
    }

    #[test]
    fn tests_at_the_end_do_not_make_a_file_long() {
        let code = "x();\n".repeat(FILE_LINES_MAX);
        assert!(file_length(&source("a.rs", &code)).is_empty());
        assert!(file_length(&source("a.rs", &format!("{code}#[cfg(test)]\nmod t {{\n}}"))).is_empty());
        assert_eq!(file_length(&source("a.rs", &format!("{code}y();"))).len(), 1);
    }

    #[test]
    fn a_long_function_is_named_with_its_line() {
        let found = function_length(&source("src/a.rs", &long_function()));
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].line, found[0].what.starts_with("fn long has 72 lines")), (3, true));
    }

    #[test]
    fn tests_may_be_long() {
        assert!(function_length(&source("crates/a/tests/it/b.rs", &long_function())).is_empty());
        let inside = format!("#[cfg(test)]\nmod tests {{\n{}\n}}", long_function());
        assert!(function_length(&source("src/a.rs", &inside)).is_empty());
    }

    #[test]
    fn declarations_and_pointers_are_no_functions() {
        let code = "trait T { fn a(&self) -> [u8; 4]; fn b() {} }\ntype F = fn (u8) -> u8;\nlet often = 1;";
        let names: Vec<_> = functions(code).iter().map(|function| function.name).collect();
        assert_eq!(names, ["b"]);
    }
}
