//! What an app may ask for beside the number: the language of the page, where it leads, and what is handed back. Each
//! function says what is wrong with one, as a sentence that follows its name.

use bridge_core::Settings;
use reqwest::Url;

/// The longest tag that RFC 5646 asks anybody to keep.
const LOCALE_MAX_CHARS: usize = 35;
const URL_MAX_BYTES: usize = 2_000;
const METADATA_MAX_BYTES: usize = 1_024;

pub(super) fn wrong_locale(tag: &str) -> Option<&'static str> {
    let is_part =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_tag = tag.len() <= LOCALE_MAX_CHARS && tag.split(['-', '_']).all(is_part);
    (!is_tag).then_some("must be a language like hi or en-GB")
}

pub(super) fn wrong_return_url(url: &str) -> Option<&'static str> {
    const WRONG: &str =
        "must be an address that begins with https:// (or http:// on this machine), at most 2000 bytes long";
    let Ok(url) = Url::parse(url) else { return Some(WRONG) };
    let is_local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_local;
    let is_plain =
        url.username().is_empty() && url.password().is_none() && url.as_str().len() <= URL_MAX_BYTES;
    (!(is_safe && is_plain)).then_some(WRONG)
}

/// Its origin must be named in the settings: a page of ours leads nobody anywhere else.
pub(super) fn foreign(url: &str, settings: &Settings) -> Option<String> {
    let origin = Url::parse(url).ok()?.origin().ascii_serialization();
    (!settings.return_url_origins.contains(&origin))
        .then(|| format!("leads to {origin}, which is not in the setting return_url_origins"))
}

pub(super) fn wrong_metadata(json: &str) -> Option<&'static str> {
    (json.len() > METADATA_MAX_BYTES).then_some("must be at most 1024 bytes of JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_return_url_is_safe_and_ours() {
        for good in [
            "https://shop.example/done?order=1",
            "http://localhost:3000/",
            "http://127.0.0.1:8080/a",
            "http://[::1]/",
        ] {
            assert_eq!(wrong_return_url(good), None, "{good}");
        }
        for bad in [
            "http://shop.example/",
            "javascript:alert(1)",
            "/done",
            "",
            "https://user:pass@shop.example/",
            "http://localhost.evil.example/",
            "data:text/html,x",
        ] {
            assert!(wrong_return_url(bad).is_some(), "{bad}");
        }
        let settings =
            Settings { return_url_origins: vec!["https://shop.example".into()], ..Settings::default() };
        assert_eq!(foreign("https://shop.example/done", &settings), None);
        assert_eq!(foreign("HTTPS://SHOP.example:443/", &settings), None, "the same origin in other words");
        for other in ["https://shop.example:8443/", "https://shop.example.evil.example/", "http://localhost/"]
        {
            assert!(foreign(other, &settings).is_some(), "{other}");
        }
    }

    #[test]
    fn a_locale_is_a_tag() {
        for good in ["hi", "en-GB", "pt_BR", "zh-Hant-TW"] {
            assert_eq!(wrong_locale(good), None, "{good}");
        }
        for bad in ["", "<script>", "en--GB", "hi-", "abcdefghi"] {
            assert!(wrong_locale(bad).is_some(), "{bad}");
        }
    }
}
