//! Keys: read from configuration, or generated on first start and kept in files only the owner can
//! read. Compared in constant time, never logged. Not settings: they are changed with the process.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bridge_core::onboarding::hex;
use bridge_store::private;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::base::clock::{Entropy, NoEntropy};
use crate::base::data_file;
use crate::base::edge_keys::EdgeKeys;

/// The folder inside the data folder.
const FOLDER: &str = "secrets";
/// A secret from configuration shorter than this is refused: it could be guessed.
const SECRET_MIN_CHARS: usize = 16;

/// One or several secrets that open the same door, so that one can be replaced while the other works.
#[derive(Clone)]
pub struct Keys(Vec<[u8; 32]>);

impl Keys {
    fn new(secrets: &[String]) -> Keys {
        Keys(secrets.iter().map(|secret| Sha256::digest(secret).into()).collect())
    }

    /// Does this secret open the door? Takes the same time whatever is wrong with it.
    #[must_use]
    pub fn accept(&self, secret: &str) -> bool {
        let given: [u8; 32] = Sha256::digest(secret).into();
        self.0.iter().fold(subtle::Choice::from(0), |any, key| any | key.ct_eq(&given)).into()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secret(s)", self.0.len())
    }
}

/// Every secret of the bridge.
#[derive(Debug)]
pub struct Secrets {
    /// For apps: register and status.
    pub api: Keys,
    /// For the receiver `default`.
    pub receiver: Keys,
    /// For the operator: the admin token.
    pub admin: Keys,
    /// What the edge signs with; none where there is no edge.
    pub edge: EdgeKeys,
    hashing: HashingKey,
    /// Where the generated ones are.
    pub folder: PathBuf,
}

struct HashingKey([u8; 32]);

impl fmt::Debug for HashingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("hashing key")
    }
}

/// Secrets given in configuration; an empty list means: use the generated one.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// `SMS_BRIDGE_API_KEY`
    pub api: Vec<String>,
    /// `SMS_BRIDGE_RECEIVER_KEY`
    pub receiver: Vec<String>,
    /// `SMS_BRIDGE_ADMIN_TOKEN`
    pub admin: Vec<String>,
    /// `SMS_BRIDGE_EDGE_SECRET`; an empty list means: there is no edge.
    pub edge: Vec<String>,
}

/// A new secret: 256 random bits, in hex.
pub fn fresh(entropy: &Entropy) -> Result<String, NoEntropy> {
    Ok(hex(&entropy.bytes::<32>()?))
}

/// 128 bits: no two addresses of one number are ever the same.
const CLIENT_HASH_CHARS: usize = 32;

/// What is stored of a secret that somebody else holds: its SHA-256, in hex.
#[must_use]
pub fn hashed(secret: &str) -> String {
    hex(&Sha256::digest(secret))
}

/// Why a secret given in configuration is refused.
#[must_use]
pub fn weak(secret: &str) -> Option<&'static str> {
    let lower = secret.to_lowercase();
    if ["change_me", "changeme", "placeholder", "secret", "password", "example"]
        .iter()
        .any(|word| lower.starts_with(word))
    {
        Some("is a placeholder")
    } else if secret.chars().count() < SECRET_MIN_CHARS {
        Some("is shorter than 16 characters")
    } else {
        None
    }
}

impl Secrets {
    /// Reads the secrets in the data folder, generating what is missing.
    pub fn open(data_dir: &Path, given: &Given, entropy: &Entropy) -> io::Result<Secrets> {
        let folder = data_dir.join(FOLDER);
        private::make_folder(&folder)?;
        let keys = |name: &str, given: &[String]| -> io::Result<Keys> {
            if given.is_empty() {
                Ok(Keys::new(&[generated(&folder, name, entropy)?]))
            } else {
                Ok(Keys::new(given))
            }
        };
        let hashing = HashingKey(Sha256::digest(generated(&folder, "hashing_key", entropy)?).into());
        Ok(Secrets {
            api: keys("api_key", &given.api)?,
            receiver: keys("receiver_key", &given.receiver)?,
            admin: keys("admin_token", &given.admin)?,
            edge: EdgeKeys::new(&given.edge),
            hashing,
            folder,
        })
    }

    /// The token of one onboarding: need not be stored, opens only that one (D12, D36). Made under the first API key,
    /// so that every bridge of a group that has the same keys knows it (docs/decisions/0008).
    #[must_use]
    pub fn onboarding_token(&self, id: Uuid) -> String {
        self.api.0.first().map(|key| onboarding_token(key, id)).unwrap_or_default()
    }

    /// Is this the token of that onboarding? One made under a key that is being replaced still is.
    #[must_use]
    pub fn is_onboarding_token(&self, id: Uuid, token: &str) -> bool {
        let same = |key: &[u8; 32]| onboarding_token(key, id).as_bytes().ct_eq(token.as_bytes());
        self.api.0.iter().fold(subtle::Choice::from(0), |any, key| any | same(key)).into()
    }

    /// What a receipt says instead of a number. Made under the first API key, so that every bridge of a group that has the
    /// same keys recognises it.
    #[must_use]
    pub fn number_hash(&self, number: &str) -> String {
        self.number_hashes(number).into_iter().next().unwrap_or_default()
    }

    /// The same under every key that is in use: a receipt may be older than the first of them.
    #[must_use]
    pub fn number_hashes(&self, number: &str) -> Vec<String> {
        self.api.0.iter().map(|key| keyed_hash(key, b"erased number", number.as_bytes())).collect()
    }

    /// What a browser keeps after somebody logged in to that account with it. Nobody else can make it, and it says nothing
    /// but that: the account is in the signature alone.
    pub fn known_browser(&self, entropy: &Entropy, account: &str) -> Result<String, NoEntropy> {
        let random = hex(&entropy.bytes::<16>()?);
        let signature = self.signed_browser(&random, account);
        Ok(format!("{random}.{signature}"))
    }

    /// Did somebody log in to that account with the browser that keeps this?
    #[must_use]
    pub fn is_known_browser(&self, kept: &str, account: &str) -> bool {
        let Some((random, signature)) = kept.split_once('.') else { return false };
        self.signed_browser(random, account).as_bytes().ct_eq(signature.as_bytes()).into()
    }

    fn signed_browser(&self, random: &str, account: &str) -> String {
        keyed_hash(&self.hashing.0, b"browser", format!("{random} {account}").as_bytes())
    }

    /// By which registrations from one client address are told from another's. Made under the first API key, so that it is
    /// the same on every bridge of a group (D51).
    #[must_use]
    pub fn client_hash(&self, address: &str) -> String {
        let hash = self.api.0.first().map(|key| keyed_hash(key, b"client address", address.as_bytes()));
        hash.unwrap_or_default().chars().take(CLIENT_HASH_CHARS).collect()
    }

    /// A hash of an address that cannot be turned back without our key (D13).
    #[must_use]
    pub fn address_hash(&self, address: &str) -> String {
        keyed_hash(&self.hashing.0, b"address", address.as_bytes())
    }
}

fn onboarding_token(key: &[u8; 32], id: Uuid) -> String {
    keyed_hash(key, b"onboarding", id.as_bytes())
}

fn keyed_hash(key: &[u8; 32], purpose: &[u8], text: &[u8]) -> String {
    // HMAC takes keys of any length; the impossible error becomes an unusable hash.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(purpose);
    mac.update(&[0]);
    mac.update(text);
    hex(&mac.finalize().into_bytes())
}

/// The secret in a file of the folder, made if it is not there.
fn generated(folder: &Path, name: &str, entropy: &Entropy) -> io::Result<String> {
    let path = folder.join(name);
    match fs::read_to_string(&path) {
        Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let secret = fresh(entropy).map_err(io::Error::other)?;
    data_file::write(&path, secret.as_bytes())?;
    Ok(secret)
}

/// Reads one generated secret, for the command line tools beside the bridge.
pub fn read(data_dir: &Path, name: &str) -> io::Result<String> {
    Ok(fs::read_to_string(data_dir.join(FOLDER).join(name))?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn generates_once_and_only_for_the_owner() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Secrets::open(folder.path(), &Given::default(), &Entropy::system()).unwrap();
        let id = Uuid::from_u128(7);
        let token = open().onboarding_token(id);
        assert!(open().is_onboarding_token(id, &token), "the same after a restart");
        assert!(!open().is_onboarding_token(Uuid::from_u128(8), &token));
        let key = read(folder.path(), "api_key").unwrap();
        assert_eq!(key.len(), 64);
        assert!(open().api.accept(&key));
        assert!(!open().admin.accept(&key));
        for file in fs::read_dir(folder.path().join(FOLDER)).unwrap() {
            assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_browser_is_known_for_its_account_alone() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::open(folder.path(), &Given::default(), &Entropy::system()).unwrap();
        let kept = secrets.known_browser(&Entropy::system(), "alice").unwrap();
        assert!(secrets.is_known_browser(&kept, "alice") && !kept.contains("alice"));
        assert!(!secrets.is_known_browser(&kept, "bob"));
        for wrong in ["", ".", "a.b", &kept[1..], &kept[..kept.len() - 1], &format!("0{kept}")] {
            assert!(!secrets.is_known_browser(wrong, "alice"), "{wrong}");
        }
    }

    #[test]
    fn accepts_every_one_of_several() {
        let keys = Keys::new(&["first-secret-of-two".into(), "second-secret-of-two".into()]);
        assert!(keys.accept("first-secret-of-two") && keys.accept("second-secret-of-two"));
        assert!(!keys.accept("") && !keys.accept("first-secret-of-tw"));
        assert_eq!(format!("{keys:?}"), "2 secret(s)");
    }

    #[test]
    fn placeholders_are_weak() {
        assert!(weak("CHANGE_ME_IN_PRODUCTION").is_some());
        assert!(weak("short").is_some());
        assert!(weak("kZ3v9Qm1x7Lw4Tn8").is_none());
    }
}
