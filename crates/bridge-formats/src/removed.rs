//! What authenticated a request is taken out of what is kept of it: the values under names that hold a secret or a
//! signature, and the secret itself wherever it stands. Works on bytes, because what is kept is mostly what could not be
//! read. Not who may see the rest.

use std::borrow::Cow;

use crate::fields::decoded_bytes;

/// What stands there instead.
pub const REMOVED: &str = "[removed]";

/// Names under which senders put what authenticates them, without dashes, in lower case: those of the formats, and those
/// that people give them in templates of their own.
const NAMES: &[&str] = &[
    "accesskey",
    "accesstoken",
    "apikey",
    "apisecret",
    "apitoken",
    "auth",
    "authkey",
    "authorization",
    "authtoken",
    "bearer",
    "clientsecret",
    "credentials",
    "hmac",
    "pass",
    "passwd",
    "password",
    "privatekey",
    "proxyauthorization",
    "pwd",
    "secret",
    "secretkey",
    "sharedsecret",
    "sig",
    "sign",
    "signature",
    "signingkey",
    "token",
    "webhooksecret",
    "xapikey",
    "xsignature",
];

/// The body or query without what authenticated it. `secrets` are those that came with this request, and the keys of its
/// sender.
#[must_use]
pub fn without_secrets(content_type: &str, body: &[u8], secrets: &[String]) -> Vec<u8> {
    let begins = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii_start();
    let named = match begins.first() {
        Some(b'{' | b'[') => without_members(body),
        _ if content_type.starts_with("multipart/") || begins.starts_with(b"--") => without_parts(body),
        // A value of a form may be JSON.
        _ => without_members(&without_pairs(body)),
    };
    let mut longest_first: Vec<&[u8]> =
        secrets.iter().map(String::as_bytes).filter(|secret| !secret.is_empty()).collect();
    longest_first.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    longest_first.into_iter().fold(named, |body, secret| without(&body, secret))
}

/// The same for a text of ours that may repeat what came.
#[must_use]
pub fn text_without_secrets(text: &str, secrets: &[String]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret.as_str(), REMOVED);
    }
    text
}

fn is_name(name: &[u8]) -> bool {
    let squashed: String = name
        .iter()
        .filter(|byte| byte.is_ascii_alphanumeric())
        .map(|byte| char::from(byte.to_ascii_lowercase()))
        .collect();
    NAMES.contains(&squashed.as_str())
}

/// A copy in which some places are replaced; places come in their order.
struct Copy<'a> {
    from: &'a [u8],
    copied: usize,
    to: Vec<u8>,
}

impl<'a> Copy<'a> {
    fn of(from: &'a [u8]) -> Copy<'a> {
        Copy { from, copied: 0, to: Vec::with_capacity(from.len()) }
    }

    fn replace(&mut self, begin: usize, end: usize, by: &str) {
        self.to.extend_from_slice(self.from.get(self.copied..begin).unwrap_or_default());
        self.to.extend_from_slice(by.as_bytes());
        self.copied = end;
    }

    fn finish(mut self) -> Vec<u8> {
        self.to.extend_from_slice(self.from.get(self.copied..).unwrap_or_default());
        self.to
    }
}

/// JSON, whole or broken: `"name": value` at any depth.
fn without_members(body: &[u8]) -> Vec<u8> {
    let mut copy = Copy::of(body);
    let mut at = 0;
    while at < body.len() {
        if body[at] != b'"' {
            at += 1;
            continue;
        }
        let (inside, end) = (at + 1, text_end(body, at));
        let value = after_colon(body, end);
        at = end;
        let Some(value) = value else { continue };
        let name = body.get(inside..end.saturating_sub(1)).unwrap_or_default();
        // Asked first: of what is nested a million times deep, only one is looked at to its end.
        if is_name(&unescaped(name)) {
            at = value_end(body, value);
            if at > value {
                copy.replace(value, at, "\"[removed]\"");
            }
        }
    }
    copy.finish()
}

/// Behind the quote that ends the text which begins there, or the end of all.
fn text_end(body: &[u8], begin: usize) -> usize {
    let mut at = begin + 1;
    while let Some(byte) = body.get(at) {
        match byte {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    body.len()
}

fn after_colon(body: &[u8], from: usize) -> Option<usize> {
    let colon = from + space(body, from);
    (body.get(colon) == Some(&b':')).then(|| colon + 1 + space(body, colon + 1))
}

fn space(body: &[u8], from: usize) -> usize {
    body.get(from..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

fn value_end(body: &[u8], begin: usize) -> usize {
    match body.get(begin) {
        Some(b'"') => text_end(body, begin),
        Some(b'{' | b'[') => {
            let (mut at, mut depth) = (begin, 0_usize);
            while let Some(byte) = body.get(at) {
                match byte {
                    b'"' => {
                        at = text_end(body, at);
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => depth -= 1,
                    _ => {}
                }
                at += 1;
                if depth == 0 {
                    return at;
                }
            }
            body.len()
        }
        _ => {
            let rest = body.get(begin..).unwrap_or_default();
            begin + rest.iter().take_while(|byte| !matches!(byte, b',' | b'}' | b']' | b'\n' | b'\r')).count()
        }
    }
}

/// A name whose letters may be written `\u0041`.
fn unescaped(name: &[u8]) -> Cow<'_, [u8]> {
    if !name.contains(&b'\\') {
        return Cow::Borrowed(name);
    }
    let quoted = [b"\"".as_slice(), name, b"\""].concat();
    serde_json::from_slice::<String>(&quoted)
        .map_or(Cow::Borrowed(name), |name| Cow::Owned(name.into_bytes()))
}

/// A form, a query, or lines of names and values.
fn without_pairs(body: &[u8]) -> Vec<u8> {
    let mut copy = Copy::of(body);
    let mut begin = 0;
    while begin <= body.len() {
        let rest = body.get(begin..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| !matches!(byte, b'&' | b'\n' | b'\r')).count();
        let pair = rest.get(..length).unwrap_or_default();
        let splits = |byte: u8| pair.iter().position(|b| *b == byte);
        // `name: value` where it is no form.
        if let Some(split) = splits(b'=').or_else(|| splits(b':'))
            && split + 1 < length
            && is_name(&decoded_bytes(&pair[..split]))
        {
            copy.replace(begin + split + 1, begin + length, REMOVED);
        }
        begin += length + 1;
    }
    copy.finish()
}

/// `multipart/form-data`: the parts with such a name.
fn without_parts(body: &[u8]) -> Vec<u8> {
    const NAME: &[u8] = b"name=";
    let mut copy = Copy::of(body);
    let mut from = 0;
    while let Some(found) = find(body, NAME, from) {
        from = found + NAME.len();
        let rest = body.get(from..).unwrap_or_default();
        let name = rest.strip_prefix(b"\"").unwrap_or(rest);
        let name = name.split(|byte| matches!(byte, b'"' | b';' | b'\r' | b'\n')).next().unwrap_or_default();
        if !is_name(name) {
            continue;
        }
        let value = find(body, b"\r\n\r\n", from)
            .map(|at| at + 4)
            .or_else(|| find(body, b"\n\n", from).map(|at| at + 2));
        let Some(value) = value else { break };
        let end = find(body, b"\r\n--", value).or_else(|| find(body, b"\n--", value)).unwrap_or(body.len());
        copy.replace(value, end, REMOVED);
        from = end;
    }
    copy.finish()
}

fn find(body: &[u8], what: &[u8], from: usize) -> Option<usize> {
    let rest = body.get(from..)?;
    rest.windows(what.len()).position(|window| window.eq_ignore_ascii_case(what)).map(|at| from + at)
}

/// Every place where the secret stands, however its letters are written there.
fn without(body: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut copy = Copy::of(body);
    let mut at = 0;
    while at < body.len() {
        match written_at(body, at, secret) {
            Some(end) => {
                copy.replace(at, end, REMOVED);
                at = end;
            }
            None => at += 1,
        }
    }
    copy.finish()
}

/// Where it ends, if it stands there: as itself, percent-encoded once or twice, escaped as in JSON, or as UTF-16, letter
/// by letter.
fn written_at(body: &[u8], begin: usize, secret: &[u8]) -> Option<usize> {
    let mut at = begin;
    for wanted in secret {
        // UTF-16.
        while at > begin && *wanted != 0 && body.get(at) == Some(&0) {
            at += 1;
        }
        at += width(body.get(at..)?, *wanted)?;
    }
    Some(at)
}

/// How many bytes write this one.
fn width(rest: &[u8], wanted: u8) -> Option<usize> {
    let is_hex = |from: usize, to: usize| {
        let digits = std::str::from_utf8(rest.get(from..to)?).ok()?;
        u32::from_str_radix(digits, 16).ok().filter(|value| *value == u32::from(wanted))
    };
    match rest {
        [byte, ..] if *byte == wanted => Some(1),
        [b'+', ..] if wanted == b' ' => Some(1),
        [b'%', b'2', b'5', ..] if is_hex(3, 5).is_some() => Some(5),
        [b'%', ..] => is_hex(1, 3).map(|_| 3),
        [b'\\', b'u', ..] => is_hex(2, 6).map(|_| 6),
        [b'\\', byte, ..] if *byte == wanted => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "k3y/of the+hall";

    fn kept(content_type: &str, body: &str) -> String {
        let kept = without_secrets(content_type, body.as_bytes(), &[SECRET.to_owned()]);
        String::from_utf8(kept).unwrap()
    }

    #[test]
    fn values_under_such_names_are_removed_and_the_rest_stays() {
        for (body, left) in [
            ("apiKey=abc&text=hello%20you", "apiKey=[removed]&text=hello%20you"),
            ("text=a&%61pi-key=abc&sig=1%2F2&b=", "text=a&%61pi-key=[removed]&sig=[removed]&b="),
            ("secret=&from=1", "secret=&from=1"),
            ("api_key: abc\r\nfrom: 1", "api_key:[removed]\r\nfrom: 1"),
            (
                r#"{"secret": "a\"b", "text":"my password: x"}"#,
                r#"{"secret": "[removed]", "text":"my password: x"}"#,
            ),
            (r#"[{"a":{"\u0054oken":12345},"n":1}]"#, r#"[{"a":{"\u0054oken":"[removed]"},"n":1}]"#),
            (r#"{"Auth":{"x":["}",1]},"from":"1"}"#, r#"{"Auth":"[removed]","from":"1"}"#),
            (r#"{"from":"1","password":"never ends"#, r#"{"from":"1","password":"[removed]""#),
            (r#"{"text":"secret"}"#, r#"{"text":"secret"}"#),
            (r#"{"secret":"a,b}]","n":1}"#, r#"{"secret":"[removed]","n":1}"#),
            (r#"{"secret"  : "abc" ,"n":1}"#, r#"{"secret"  : "[removed]" ,"n":1}"#),
            (r#"{"secret":,"n":1}"#, r#"{"secret":,"n":1}"#),
            (r#"payload={"secret":"abc"}&n=1"#, r#"payload={"secret":"[removed]"}&n=1"#),
            ("hello", "hello"),
            ("", ""),
        ] {
            assert_eq!(kept("", body), left, "{body}");
        }
        let parts = "--b\r\nContent-Disposition: form-data; name=\"secret\"\r\n\r\nabc\r\n--b\r\nContent-Disposition: \
            form-data; name=\"from\"\r\n\r\n1\r\n--b--\r\n";
        assert_eq!(kept("multipart/form-data", parts), parts.replace("abc", REMOVED));
        // However its lines end, its names are quoted, and wherever it breaks off.
        let bare = parts.replace("\r\n", "\n");
        assert_eq!(kept("", &bare), bare.replace("abc", REMOVED));
        let unquoted = parts.replace('"', "").replace("name=secret", "NAME=secret; filename=a");
        assert_eq!(kept("multipart/form-data", &unquoted), unquoted.replace("abc", REMOVED));
        for (cut, left) in [
            ("--b\nname=\"secret\"\n\nabc", "--b\nname=\"secret\"\n\n[removed]"),
            ("--b\nname=\"secret\"\nabc", "--b\nname=\"secret\"\nabc"),
            (
                "--b\nname=\"a\"\n\n1\n--b\nname=pwd\n\n2\n--b--",
                "--b\nname=\"a\"\n\n1\n--b\nname=pwd\n\n[removed]\n--b--",
            ),
        ] {
            assert_eq!(kept("multipart/form-data", cut), left);
        }
    }

    #[test]
    fn the_secret_itself_is_removed_however_it_is_written() {
        for written in [
            "k3y/of the+hall",
            "k3y%2Fof+the%2bhall",
            "%6b3y%2fof%20the+hall",
            "k3y%252Fof%2520the%252Bhall",
            r"k3y\/of the+hall",
            r"\u006b3y/of\u0020the\u002Bhall",
        ] {
            assert_eq!(kept("", &format!("a=1&x={written}&b=2")), "a=1&x=[removed]&b=2", "{written}");
            assert_eq!(kept("", &format!("{written}{written}")), "[removed][removed]", "{written}");
        }
        for other in [
            "k3y/of the hall",
            "k3y+of the+hall",
            "k3y%2541of the+hall",
            r"k3y\xof the+hall",
            r"k3y\u0041of the+hall",
        ] {
            assert_eq!(kept("", other), other, "another text");
        }
        assert_eq!(kept("", "a\0k3y/of the+hall\0b"), "a\0[removed]\0b", "what stands before it stays");
        let utf16: Vec<u8> = format!("x={SECRET}!").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let left = without_secrets("", &utf16, &[SECRET.to_owned()]);
        assert!(left.windows(REMOVED.len()).any(|window| window == REMOVED.as_bytes()));
        assert_eq!(
            text_without_secrets("sender k3y/of the+hall is none", &[SECRET.to_owned()]),
            "sender [removed] is none"
        );
    }

    #[test]
    fn what_is_nested_deep_or_never_ends_takes_no_time() {
        for piece in
            ["[", "{\"a\":", "{\"secret\":", "\"", "secret=", "secret\n", "name=secret;", "\\\"", "%"]
        {
            let body = piece.repeat(1_000_000 / piece.len());
            for kind in ["application/json", "multipart/form-data"] {
                assert!(without_secrets(kind, body.as_bytes(), &["%%%%%%%%a".to_owned()]).len() < 4_000_000);
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_else_is_changed_and_no_bytes_are_too_odd(
            body in proptest::collection::vec(proptest::num::u8::ANY, 0..200), encoded: bool
        ) {
            // Letters that stand in no secret of the names.
            let plain: Vec<u8> = body.iter().map(|byte| byte % 10 + b'0').collect();
            proptest::prop_assert_eq!(without_secrets("", &plain, &[SECRET.to_owned()]), plain.clone());
            let secret = if encoded { "k3y%2Fof+the%2Bhall" } else { SECRET };
            let around = [body.as_slice(), secret.as_bytes(), body.as_slice()].concat();
            let kept = without_secrets("", &around, &[SECRET.to_owned()]);
            proptest::prop_assert!(!kept.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
}
