//! E-mail addresses as they are compared: one mailbox has one spelling. Not whether an address exists, and not what a
//! provider makes of dots in it: that is its own affair.

use unicode_normalization::UnicodeNormalization;

use crate::script::is_invisible;

/// The form in which addresses are compared: compatible letters are one letter, nothing that nobody sees is in it, the
/// case does not count, and a domain has one spelling, with or without its last dot.
#[must_use]
pub fn normal(address: &str) -> String {
    let small = address.to_ascii_lowercase();
    if is_plain(&small) {
        return small;
    }
    let seen: String = address.chars().filter(|c| !is_blank(*c)).collect();
    // Folding may bring forth what is to be composed, and composing what is not seen.
    let folded: String = seen.nfkc().flat_map(char::to_lowercase).nfkc().filter(|c| !is_blank(*c)).collect();
    let bare = bare(&folded);
    match bare.rsplit_once('@') {
        Some((name, domain)) => format!("{name}@{}", normal_domain(domain)),
        None => bare,
    }
}

/// Is it its own normal form, as nearly every address is? What is below costs a registration microseconds.
fn is_plain(small: &str) -> bool {
    // RFC 5322, section 3.2.3.
    let letter = |b: u8| b.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~".contains(&b);
    let domain = |b: u8| b.is_ascii_alphanumeric() || b".-".contains(&b);
    small.split_once('@').is_some_and(|(name, after)| {
        name.bytes().all(letter)
            && after.bytes().all(domain)
            && !after.contains("xn--")
            && !after.ends_with('.')
    })
}

/// Invisible, or a letter that looks like nothing: fillers of Hangul and Khmer, the empty sign of Braille, tags.
fn is_blank(c: char) -> bool {
    is_invisible(c)
        || matches!(
            c,
            '\u{115f}'
                | '\u{1160}'
                | '\u{17b4}'
                | '\u{17b5}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{ffa0}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Without what mail programs write around an address, and what RFC 5322 lets anybody put into one: quotes around its name,
/// comments, and signs that say that the next one is meant as it is.
fn bare(address: &str) -> String {
    let mut text = address.to_owned();
    loop {
        let mut inner: String =
            without_comments(&text).chars().filter(|c| !matches!(c, '"' | '\\')).collect();
        inner = inner.trim().to_owned();
        if let Some(behind) = inner.strip_prefix("mailto:") {
            inner = behind.to_owned();
        }
        if let Some(inside) = inner.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
            inner = inside.to_owned();
        }
        // What was taken out may have stood between the letters of another.
        if inner == text {
            return text;
        }
        text = inner;
    }
}

/// A bracket that is never closed is no comment.
fn without_comments(text: &str) -> String {
    let (mut out, mut open) = (String::with_capacity(text.len()), Vec::new());
    for c in text.chars() {
        match c {
            '(' => open.push(out.len()),
            ')' if !open.is_empty() => {
                out.truncate(open.pop().unwrap_or_default());
                continue;
            }
            _ => {}
        }
        out.push(c);
    }
    out
}

/// The same without what stands behind a `+` in the name: most providers deliver both to one mailbox.
#[must_use]
pub fn without_tag(address: &str) -> String {
    let normal = normal(address);
    match normal.rsplit_once('@').and_then(|(name, domain)| Some((name.split_once('+')?.0, domain))) {
        // What begins with it is no tag.
        Some((name, domain)) if !name.is_empty() => format!("{name}@{domain}"),
        _ => normal,
    }
}

/// A normal form as it stands in a list for others: its domain in ASCII, which every language's library can make.
#[must_use]
pub fn with_ascii_domain(normal: &str) -> String {
    match normal.rsplit_once('@') {
        Some((name, domain)) => {
            let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
            format!("{name}@{ascii}")
        }
        None => normal.to_owned(),
    }
}

/// One that is no domain stays as it is.
fn normal_domain(domain: &str) -> String {
    let plain = domain.replace('\u{3002}', ".");
    let plain = plain.trim_end_matches('.');
    match idna::domain_to_unicode(plain) {
        (unicode, Ok(())) if !unicode.is_empty() => unicode,
        _ => plain.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_address_are_one() {
        for spelling in [
            "mallory@example.com",
            " Mallory@Example.COM ",
            "mallory@example.com.",
            "mallory@example.com..",
            "mal\u{200b}lory@exam\u{ad}ple.com",
            "\u{feff}mallory@example.com\u{2060}",
            "ｍａｌｌｏｒｙ@ｅｘａｍｐｌｅ．ｃｏｍ",
            "mallory@example\u{3002}com",
            "MALLORY@EXAMPLE\u{ff61}COM",
            "\u{24dc}allory@example.com",
            "\"mallory\"@example.com",
            "\"mal\\lory\"@example.com",
            "mallory(the one)@(of (here))example.com",
            "<mallory@example.com>",
            "mailto:mallory@example.com",
            "<mai(x)lto:mallory@example.com>",
            "mal\u{115f}lory\u{3164}@example.com",
            "mallory\u{e0001}@exam\u{2800}ple.com\u{ffa0}",
        ] {
            assert_eq!(normal(spelling), "mallory@example.com", "{spelling:?}");
        }
        assert_eq!(normal("a@xn--mnchen-3ya.de"), normal("a@Mu\u{308}nchen.de"));
        assert_eq!(normal("Jose\u{301}@example.com"), normal("JOS\u{c9}@example.com"));
        assert_ne!(normal("mal.lory@example.com"), normal("mallory@example.com"));
        assert_ne!(normal("mallory@example.co"), normal("mallory@example.com"));
        assert_ne!(normal("mal(lory@example.com"), normal("mal@example.com"));
        assert_ne!(normal("mal)lory@example.com"), normal("lory@example.com"));
    }

    #[test]
    fn what_is_plain_is_what_the_long_way_makes_of_it() {
        for plain in ["a@example.com", "a.b+c_d!#%@ex-ample.co.uk", "a@", "@b", "a@-.-", "a@b..c"] {
            assert!(is_plain(plain), "{plain}");
            // A letter that nobody sees leads the long way.
            assert_eq!(normal(&format!("\u{200b}{plain}")), plain);
            assert_eq!(normal(plain), plain);
        }
        for other in [
            "a",
            "a@b@c",
            "a b@c",
            "a@b.",
            "a@xn--mnchen-3ya.de",
            "a@b c",
            "a@b_c",
            "\u{e9}@b",
            "\"a\"@b",
            "mailto:a@b",
            "(a)b@c",
        ] {
            assert!(!is_plain(other), "{other}");
        }
    }

    #[test]
    fn a_tag_is_what_stands_behind_the_plus_of_the_name() {
        for (address, without) in [
            ("Mallory+1@example.com", "mallory@example.com"),
            ("mallory+a+b@example.com", "mallory@example.com"),
            ("mallory\u{ff0b}x@example.com.", "mallory@example.com"),
            ("mallory@example.com", "mallory@example.com"),
            ("+x@example.com", "+x@example.com"),
            ("a@b+c.example", "a@b+c.example"),
            ("nobody+x", "nobody+x"),
        ] {
            assert_eq!(without_tag(address), without, "{address}");
        }
    }

    #[test]
    fn what_is_no_domain_stays_as_it_is() {
        for address in ["a@", "a@\u{1bca0}", "a@-", "a@b c", "@"] {
            assert_eq!(normal(address), address);
        }
    }

    /// A list for others is read by libraries that know ASCII alone.
    #[test]
    fn a_list_for_others_has_domains_in_ascii() {
        for (address, ascii) in [
            ("jose@m\u{fc}nchen.de", "jose@xn--mnchen-3ya.de"),
            ("jos\u{e9}@example.com", "jos\u{e9}@example.com"),
            ("a@b@m\u{fc}nchen.de", "a@b@xn--mnchen-3ya.de"),
            ("a@..", "a@.."),
            ("nobody", "nobody"),
        ] {
            assert_eq!(with_ascii_domain(address), ascii);
        }
    }

    proptest::proptest! {
        #[test]
        fn the_normal_form_is_its_own(address: String) {
            let once = normal(&address);
            proptest::prop_assert_eq!(normal(&once), once);
        }
    }
}
