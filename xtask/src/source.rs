//! A Rust file as the rules see it: its text, and the same text with strings and comments blanked out,
//! so that a rule never mistakes what is said for what is done. Not a parser.

/// One Rust file. Both views have the lines and columns of the text.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// Without comments and strings.
    pub(crate) code: String,
    /// Without strings.
    pub(crate) unquoted: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Code,
    Comment,
    Quoted,
}

impl Source {
    pub(crate) fn new(path: &str, text: String) -> Source {
        let spans = spans(&text);
        let code = keep(&text, &spans, &[Kind::Code]);
        let unquoted = keep(&text, &spans, &[Kind::Code, Kind::Comment]);
        Source { path: path.to_owned(), text, code, unquoted }
    }

    /// Where the tests of the file begin: at `#[cfg(test)]` before a module with a body. A test module
    /// in a file of its own (`mod tests;`) ends nothing.
    pub(crate) fn tests_from(&self) -> Option<usize> {
        self.code.match_indices("#[cfg(test)]").map(|(at, _)| at).find(|at| {
            let mut rest = self.code[at + "#[cfg(test)]".len()..].trim_start();
            while rest.starts_with("#[") {
                rest = rest.split_once(']').map_or("", |(_, after)| after.trim_start());
            }
            let item = rest.split(['{', ';']).next().unwrap_or_default();
            let is_module = item.split_whitespace().any(|word| word == "mod");
            is_module && rest[item.len()..].starts_with('{')
        })
    }

    /// True for a file that holds nothing but tests.
    pub(crate) fn is_test_file(&self) -> bool {
        let folders_and_name: Vec<&str> = self.path.split('/').collect();
        folders_and_name.iter().any(|part| matches!(*part, "tests" | "tests.rs" | "properties.rs"))
    }
}

/// The line that a byte offset lies on, counted from 1.
pub(crate) fn line_at(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset].iter().filter(|byte| **byte == b'\n').count() + 1
}

fn keep(text: &str, spans: &[(Kind, usize, usize)], kinds: &[Kind]) -> String {
    let mut out = String::with_capacity(text.len());
    for (kind, from, to) in spans {
        let piece = &text[*from..*to];
        if kinds.contains(kind) {
            out.push_str(piece);
        } else {
            out.extend(piece.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        }
    }
    out
}

/// Cuts the text into code, comments and quoted things, in order and without gaps.
fn spans(text: &str) -> Vec<(Kind, usize, usize)> {
    let mut spans = Vec::new();
    let (mut at, mut code_from) = (0, 0);
    while at < text.len() {
        let previous = text[..at].chars().next_back();
        let Some((kind, length)) = quoted_or_comment(&text[at..], previous) else {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        spans.push((Kind::Code, code_from, at));
        spans.push((kind, at, at + length));
        at += length;
        code_from = at;
    }
    spans.push((Kind::Code, code_from, text.len()));
    spans
}

/// What begins here, if it is not code, and how long it is.
fn quoted_or_comment(rest: &str, previous: Option<char>) -> Option<(Kind, usize)> {
    if rest.starts_with("//") {
        return Some((Kind::Comment, rest.find('\n').unwrap_or(rest.len())));
    }
    if rest.starts_with("/*") {
        return Some((Kind::Comment, block_comment(rest)));
    }
    if let Some(body) = rest.strip_prefix('"') {
        return Some((Kind::Quoted, 1 + string_body(body)));
    }
    let in_word = previous.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if rest.starts_with('r') && (!in_word || matches!(previous, Some('b' | 'c'))) {
        return raw_string(rest).map(|length| (Kind::Quoted, length));
    }
    if rest.starts_with('\'') {
        return char_literal(rest).map(|length| (Kind::Quoted, length));
    }
    None
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let two = rest.as_bytes().get(at..at + 2).unwrap_or_default();
        match two {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// Up to and with the closing quote.
fn string_body(body: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in body.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    body.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let hashes = rest[1..].bytes().take_while(|byte| *byte == b'#').count();
    let body = rest[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let open = rest.len() - body.len();
    Some(body.find(&end).map_or(rest.len(), |at| open + at + end.len()))
}

/// `'a'` or `'\n'`; nothing for a lifetime.
fn char_literal(rest: &str) -> Option<usize> {
    let mut chars = rest.char_indices().skip(1);
    let (_, first) = chars.next()?;
    if first != '\\' {
        let (at, second) = chars.next()?;
        return (second == '\'').then_some(at + 1);
    }
    chars.next()?;
    chars.find(|(_, c)| *c == '\'').map(|(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        let source = Source::new("a.rs", text.to_owned());
        assert_eq!((source.code.len(), source.unquoted.len()), (text.len(), text.len()));
        source.code.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn blanks_what_is_not_code() {
        for (text, expected) in [
            ("a // b {\nc", "a c"),
            ("a /* b /* c */ d */ e", "a e"),
            (r#"f("}\"}", 'x', '"', '\'', '\u{7d}')"#, "f( , , , , )"),
            ("r#\"a\"b\"# c", "c"),
            ("br\"a\\\" c", "b c"),
            ("let r#type: &'a str = \"é\";", "let r#type: &'a str = ;"),
            ("for 'outer: loop {}", "for 'outer: loop {}"),
            ("\"open", ""),
        ] {
            assert_eq!(code(text), expected, "{text}");
        }
    }

    #[test]
    fn comments_stay_where_strings_go() {
        let source = Source::new("a.rs", "x(\"one\"); // two".to_owned());
        assert_eq!(source.unquoted, "x(     ); // two");
    }

    #[test]
    fn tests_begin_at_an_inline_test_module() {
        let at = |text: &str| Source::new("a.rs", text.to_owned()).tests_from();
        assert_eq!(at("fn f() {}\n#[cfg(test)]\nmod tests { }"), Some(10));
        assert_eq!(at("#[cfg(test)]\n#[path = \"x\"]\npub(crate) mod t {}"), Some(0));
        assert_eq!(at("#[cfg(test)]\nmod tests;\nfn f() {}"), None);
        assert_eq!(at("#[cfg(test)]\nuse x::y;\nfn f() {}"), None);
    }

    #[test]
    fn lines_count_from_one() {
        assert_eq!((line_at("a\nb", 0), line_at("a\nb", 2)), (1, 2));
    }
}
