//! What the signatures of several senders have in common: keys that may be two while one is replaced, a
//! window for stamps that are signed again at every try, comparison in constant time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bridge_core::onboarding::hex;
use bridge_core::{Span, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::incoming::Incoming;
use crate::writing::Written;

/// How far a signed stamp may lie from now, where the sender signs every try again: wide enough for
/// clocks that are a little wrong, narrow enough that a copied request is soon of no use.
pub(crate) const WINDOW: Span = Span(300_000);

/// What a signature is verified with.
#[derive(Clone, Copy, Debug)]
pub struct Signing<'a> {
    /// The receiver's live keys.
    pub keys: &'a [String],
    /// The time of the request.
    pub now: Timestamp,
    /// The bridge's clock cannot be right: nothing is held against it for its time (decisions.md D49).
    pub any_time: bool,
    /// The URLs under which the sender may have called this request, the most likely first: some sign it, and
    /// behind a proxy the bridge sees another one than they do.
    pub urls: &'a [String],
}

/// Why a request is not accepted as the receiver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsigned {
    /// It carries no signature.
    Missing,
    /// Its signature does not match any live key.
    Wrong,
    /// It was signed too long ago, or in the future: a replay, or a clock that is wrong.
    Stale,
}

impl Signing<'_> {
    /// What an example is signed with.
    pub(crate) fn key(&self) -> &[u8] {
        self.keys.first().map_or(&[], |key| key.as_bytes())
    }

    /// Where an example is sent.
    pub(crate) fn url(&self) -> &str {
        self.urls.first().map_or("", String::as_str)
    }

    /// Is `given` what one of the keys makes of it? Every key is tried, whatever the first says.
    pub fn any_key(&self, given: &[u8], made: impl Fn(&[u8]) -> Vec<u8>) -> Result<(), Unsigned> {
        let same = |key: &String| made(key.as_bytes()).ct_eq(given);
        let any = self.keys.iter().fold(Choice::from(0), |any, key| any | same(key));
        if any.into() { Ok(()) } else { Err(Unsigned::Wrong) }
    }

    /// The same of unix seconds.
    pub(crate) fn fresh_seconds(&self, stamp: f64) -> Result<(), Unsigned> {
        if self.any_time || (self.now.epoch_seconds() as f64 - stamp).abs() * 1000.0 <= WINDOW.0 as f64 {
            Ok(())
        } else {
            Err(Unsigned::Stale)
        }
    }

    /// A stamp that is signed again at every try must be fresh.
    pub fn fresh(&self, stamp: Timestamp) -> Result<(), Unsigned> {
        if self.any_time || (self.now - stamp).0.abs() <= WINDOW.0 { Ok(()) } else { Err(Unsigned::Stale) }
    }
}

/// The claims of a JWT by HS256, whatever its header says: no other algorithm is computed, so that none can be asked for.
/// (The library for JWT would bring RSA and three curves for this one HMAC.)
pub(crate) fn jwt<C: DeserializeOwned>(token: &str, signing: &Signing<'_>) -> Result<C, Unsigned> {
    // Anything else that is presented there is no signature.
    let (signed, given) = token.trim().rsplit_once('.').ok_or(Unsigned::Missing)?;
    let (_, claims) = signed.split_once('.').ok_or(Unsigned::Missing)?;
    let given = URL_SAFE_NO_PAD.decode(given).map_err(|_| Unsigned::Wrong)?;
    signing.any_key(&given, |key| hmac_sha256(key, &[signed.as_bytes()]))?;
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| Unsigned::Wrong)?;
    serde_json::from_slice(&claims).map_err(|_| Unsigned::Wrong)
}

/// Is this the SHA-256 of these bytes, in hex of either case?
pub(crate) fn is_sha256_of(given: &str, bytes: &[u8]) -> bool {
    sha256_hex(bytes).as_bytes().ct_eq(given.to_ascii_lowercase().as_bytes()).into()
}

/// HMAC-SHA256 of the parts, one after the other.
#[must_use]
pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    // HMAC takes keys of any length; the impossible error becomes a signature that nothing equals.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

/// `X-Signature`: lowercase hex HMAC-SHA256 over the raw body followed by `X-Timestamp` (unix seconds), which
/// is the time of this try.
pub(crate) fn body_and_stamp(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let (Some(given), Some(stamp)) = (incoming.header("x-signature"), incoming.header("x-timestamp")) else {
        return Err(Unsigned::Missing);
    };
    let made = |key: &[u8]| hex(&hmac_sha256(key, &[incoming.body, stamp.as_bytes()])).into_bytes();
    signing.any_key(given.as_bytes(), made)?;
    signing.fresh(Timestamp::parse(stamp).map_err(|_| Unsigned::Wrong)?)
}

/// The signature that [`body_and_stamp`] verifies.
pub(crate) fn sign_body_and_stamp(written: &mut Written, signing: &Signing<'_>) {
    let stamp = signing.now.epoch_seconds().to_string();
    let made = hex(&hmac_sha256(signing.key(), &[written.bytes(), stamp.as_bytes()]));
    written.headers.extend([("x-timestamp", stamp), ("x-signature", made)]);
}

/// The signature that [`body_alone`] verifies.
pub(crate) fn sign_body_alone(written: &mut Written, signing: &Signing<'_>) {
    let made = hex(&hmac_sha256(signing.key(), &[written.bytes()]));
    written.headers.push(("x-signature", made));
}

/// A JWT by HS256 with these claims.
pub(crate) fn made_jwt(claims: &Value, signing: &Signing<'_>) -> String {
    let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", encoded(&json!({"alg": "HS256", "typ": "JWT"})), encoded(claims));
    let signature = URL_SAFE_NO_PAD.encode(hmac_sha256(signing.key(), &[signed.as_bytes()]));
    format!("{signed}.{signature}")
}

/// Lowercase hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// `X-Signature`: lowercase hex HMAC-SHA256 over the raw body alone. It says nothing about the time: only what
/// makes two deliveries one SMS keeps an old request from counting twice.
pub(crate) fn body_alone(incoming: &Incoming<'_>, signing: &Signing<'_>) -> Result<(), Unsigned> {
    let given = incoming.header("x-signature").ok_or(Unsigned::Missing)?;
    let made = |key: &[u8]| hex(&hmac_sha256(key, &[incoming.body])).into_bytes();
    signing.any_key(given.as_bytes(), made)
}
