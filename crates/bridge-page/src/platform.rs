//! What somebody looks at the page with, as far as their browser says. Scripts know better and may correct it.

use axum::http::{HeaderMap, header};

/// A kind of device: each opens its SMS app by another link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Platform {
    Android,
    Ios,
    /// Has no SMS app that we could open: the phone is brought in by a QR code.
    Desktop,
}

impl Platform {
    pub(crate) fn of(headers: &HeaderMap) -> Platform {
        let said = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match said("sec-ch-ua-platform").trim_matches('"') {
            "Android" => return Platform::Android,
            "iOS" => return Platform::Ios,
            _ => {}
        }
        let agent = said(header::USER_AGENT.as_str());
        if ["iPhone", "iPad", "iPod"].iter().any(|name| agent.contains(name)) {
            Platform::Ios
        } else if agent.contains("Android") {
            Platform::Android
        } else {
            Platform::Desktop
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Platform> {
        [Platform::Android, Platform::Ios, Platform::Desktop].into_iter().find(|one| one.as_str() == word)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Platform::Android => "android",
            Platform::Ios => "ios",
            Platform::Desktop => "desktop",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_known_by_what_browsers_say() {
        let of = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            Platform::of(&headers)
        };
        let iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Mobile Safari/604.1";
        let android =
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/130.0 Mobile Safari/537.36";
        let linux = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36";
        assert_eq!(of("user-agent", iphone), Platform::Ios);
        assert_eq!(of("user-agent", android), Platform::Android);
        assert_eq!(of("user-agent", linux), Platform::Desktop);
        assert_eq!(of("sec-ch-ua-platform", "\"Android\""), Platform::Android);
        assert_eq!(Platform::of(&HeaderMap::new()), Platform::Desktop);
    }
}
