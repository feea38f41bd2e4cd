//! What an edge in front of the bridge signs with (outside.md section 3), and what it signs. The edge has the same in
//! TypeScript; both are tested with edge/test/vectors.json. Not when a signature is fresh, and not how it comes over HTTP.

use std::fmt;

use bridge_core::onboarding::hex;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The secrets that are shared with the edge: two, while one is replaced. Never shown.
#[derive(Clone, Default)]
pub struct EdgeKeys(Vec<String>);

impl fmt::Debug for EdgeKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secret(s)", self.0.len())
    }
}

/// One of them: the one that a request was signed with.
#[derive(Clone, Copy)]
pub struct EdgeKey<'a>(&'a str);

/// What is signed of a request.
#[derive(Clone, Copy, Debug)]
pub struct Signable<'a> {
    /// GET, POST …
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// `X-Edge-Time`
    pub time: &'a str,
    /// `X-Edge-Id`
    pub id: &'a str,
    /// `X-Edge-Client`
    pub client: &'a str,
    /// The body as it was sent.
    pub body: &'a [u8],
    /// `X-Edge-Received`, where it is there.
    pub received: Option<&'a str>,
}

impl Signable<'_> {
    /// Each part on a line. None of them can hold a line break: they are a request line and headers.
    fn text(&self) -> String {
        let body = hex(&Sha256::digest(self.body));
        let mut lines = vec![self.method, self.target, self.time, self.id, self.client, &body];
        lines.extend(self.received);
        lines.join("\n")
    }
}

impl EdgeKeys {
    pub(crate) fn new(secrets: &[String]) -> EdgeKeys {
        EdgeKeys(secrets.to_vec())
    }

    /// Is there no edge?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The secret that made this signature. Every one is tried, whatever the first says.
    #[must_use]
    pub fn that_signed(&self, request: &Signable<'_>, signature: &str) -> Option<EdgeKey<'_>> {
        let text = request.text();
        let mut found = None;
        for secret in &self.0 {
            let same: Choice = hmac(secret, &text).as_bytes().ct_eq(signature.as_bytes());
            if same.into() {
                found = Some(EdgeKey(secret));
            }
        }
        found
    }
}

impl EdgeKey<'_> {
    /// What the list of blocked addresses says instead of one, which is in its normal form with an ASCII domain.
    #[must_use]
    pub fn blocked_email(&self, normal: &str) -> String {
        hmac(self.0, &format!("blocked e-mail\n{normal}"))
    }
}

fn hmac(secret: &str, text: &str) -> String {
    // HMAC takes keys of any length; the impossible error becomes a signature that nothing equals.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use bridge_core::email;
    use serde_json::Value;

    use super::*;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../../edge/test/vectors.json")).unwrap()
    }

    fn text<'a>(value: &'a Value, name: &str) -> &'a str {
        value[name].as_str().unwrap_or_default()
    }

    fn bytes(vector: &Value) -> Vec<u8> {
        let Some(digits) = vector["body_hex"].as_str() else {
            return text(vector, "body").as_bytes().to_vec();
        };
        let pair = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        (0..digits.len()).step_by(2).map(pair).collect()
    }

    #[test]
    fn the_signature_is_the_one_that_the_edge_makes() {
        let vectors = vectors();
        let signatures = vectors["signatures"].as_array().unwrap();
        assert!(signatures.len() > 10);
        for vector in signatures {
            let (time, body) = (vector["time"].to_string(), bytes(vector));
            let received = vector["received"].as_i64().map(|seconds| seconds.to_string());
            let request = Signable {
                method: text(vector, "method"),
                target: text(vector, "target"),
                time: &time,
                id: text(vector, "id"),
                client: text(vector, "client"),
                body: &body,
                received: received.as_deref(),
            };
            let keys = EdgeKeys::new(&["another-secret-0001".to_owned(), text(vector, "secret").to_owned()]);
            let (case, signature) = (text(vector, "case"), text(vector, "signature"));
            assert!(keys.that_signed(&request, signature).is_some(), "{case}");
            let forged = Signable { received: Some("1"), ..request };
            assert!(keys.that_signed(&forged, signature).is_none(), "{case}");
            assert!(keys.that_signed(&request, &signature.to_uppercase()).is_none(), "{case}");
            assert!(EdgeKeys::default().that_signed(&request, signature).is_none(), "{case}");
        }
    }

    #[test]
    fn e_mail_addresses_are_spelled_as_the_edge_spells_them() {
        let vectors = vectors();
        let key = EdgeKey(text(&vectors, "secret"));
        for vector in vectors["emails"].as_array().unwrap() {
            let normal = email::with_ascii_domain(&email::normal(text(vector, "address")));
            assert_eq!(normal, text(vector, "normal"));
            assert_eq!(key.blocked_email(&normal), text(vector, "hash"));
        }
        for vector in vectors["tags"].as_array().unwrap() {
            assert_eq!(email::without_tag(text(vector, "address")), text(vector, "without_tag"));
        }
    }
}
