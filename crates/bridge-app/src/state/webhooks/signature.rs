//! Secrets and signatures of Standard Webhooks 1.0: HMAC-SHA256 over id, time and body. Not what is signed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bridge_core::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::base::clock::{Entropy, NoEntropy};

/// What every secret begins with.
const PREFIX: &str = "whsec_";
/// Random bytes of a secret: the specification wants 24 to 64.
const SECRET_BYTES: usize = 32;

/// A new secret.
pub fn new_secret(entropy: &Entropy) -> Result<String, NoEntropy> {
    Ok(format!("{PREFIX}{}", STANDARD.encode(entropy.bytes::<SECRET_BYTES>()?)))
}

/// `webhook-signature`: one signature for each secret, so that both hold while one is replaced. None: what is kept is no secret.
pub fn sign<'a>(
    secrets: impl Iterator<Item = &'a str>,
    id: &str,
    at: Timestamp,
    body: &str,
) -> Option<String> {
    let signed = secrets.map(|secret| {
        let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(format!("{id}.{}.{body}", at.epoch_seconds()).as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    });
    Some(signed.collect::<Option<Vec<_>>>()?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_as_the_specification_s_example() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = "{\"test\": 2432232314}";
        let at = Timestamp(1_614_265_330_000);
        let signed = sign([secret].into_iter(), "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body).unwrap();
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = sign([secret, secret].into_iter(), "msg_p5jXN8AQM9LWM0D4loKWxJek", at, body).unwrap();
        assert_eq!(both, format!("{signed} {signed}"));
        assert_eq!(sign(["none"].into_iter(), "a", at, body), None);
    }

    #[test]
    fn a_secret_is_new_each_time() {
        let entropy = Entropy::seeded(1);
        let (first, second) = (new_secret(&entropy).unwrap(), new_secret(&entropy).unwrap());
        assert_ne!(first, second);
        assert!(first.starts_with(PREFIX) && first.len() == PREFIX.len() + 44, "{first}");
    }
}
