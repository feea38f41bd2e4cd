//! Hashing passwords: argon2id with the parameters that OWASP names. It is slow on purpose, so it runs beside the
//! server's threads, two at a time at most. Knows no account.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use crate::base::clock::Entropy;
use crate::base::problem::{Code, Problem};

/// 19 MiB, twice, in one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const AT_ONCE: usize = 2;
const MIN_CHARS: usize = 12;
const MAX_CHARS: usize = 256;

/// Nobody's: compared with where there is no account, so that it takes as long as where there is one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Makes and compares them, a few at a time.
#[derive(Debug)]
pub(crate) struct Passwords {
    places: Semaphore,
}

impl Default for Passwords {
    fn default() -> Passwords {
        Passwords { places: Semaphore::new(AT_ONCE) }
    }
}

/// What is wrong with a new password, if anything. It is compared to nothing else.
pub(crate) fn wrong(password: &str) -> Option<String> {
    match password.chars().count() {
        0..MIN_CHARS => Some(format!(
            "must be at least {MIN_CHARS} characters: several words are easier to remember than signs"
        )),
        MIN_CHARS..=MAX_CHARS => None,
        _ => Some(format!("must be at most {MAX_CHARS} characters")),
    }
}

fn argon2id() -> Result<Argon2<'static>, argon2::Error> {
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(MEMORY_KIB, PASSES, LANES, None)?))
}

impl Passwords {
    /// A PHC string of it.
    pub(crate) async fn hash(&self, entropy: &Entropy, password: &str) -> Result<String, Problem> {
        let salt = entropy.bytes::<SALT_BYTES>().map_err(|error| Problem::unavailable(&error))?;
        let password = password.to_owned();
        self.beside(move || {
            let salt = SaltString::encode_b64(&salt)?;
            Ok(argon2id()?.hash_password(password.as_bytes(), &salt)?.to_string())
        })
        .await
    }

    /// Is this the password of which that was made? The same work where there is none.
    pub(crate) async fn fits(&self, password: &str, made: Option<&str>) -> Result<bool, Problem> {
        let (made, is_somebody) = (made.unwrap_or(NOBODY).to_owned(), made.is_some());
        if password.chars().count() > MAX_CHARS {
            return Ok(false);
        }
        let password = password.to_owned();
        self.beside(move || {
            let fits = argon2id()?.verify_password(password.as_bytes(), &PasswordHash::new(&made)?);
            match fits {
                Ok(()) => Ok(is_somebody),
                Err(argon2::password_hash::Error::Password) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn beside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> argon2::password_hash::Result<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let _place = self.places.acquire().await.map_err(|error| Problem::unavailable(&error))?;
        let done = tokio::task::spawn_blocking(work).await.map_err(|error| Problem::unavailable(&error))?;
        done.map_err(|error| {
            tracing::error!(%error, "a stored password cannot be read");
            Problem::new(
                Code::Internal,
                "what is stored of a password cannot be read: give the account a new link",
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_fits_what_was_made_of_it_alone() {
        let passwords = Passwords::default();
        let entropy = Entropy::seeded(7);
        let made = passwords.hash(&entropy, "correct horse battery").await.unwrap();
        assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
        assert_ne!(made, passwords.hash(&entropy, "correct horse battery").await.unwrap(), "salted");
        assert!(passwords.fits("correct horse battery", Some(&made)).await.unwrap());
        assert!(!passwords.fits("correct horse batterz", Some(&made)).await.unwrap());
        assert!(!passwords.fits("", None).await.unwrap());
        passwords.fits("x", Some("nonsense")).await.unwrap_err();
    }

    #[test]
    fn only_their_length_is_looked_at() {
        for (password, right) in
            [("", false), ("elevenchars", false), ("twelve chars", true), ("पासवर्ड पासवर्ड", true)]
        {
            assert_eq!(wrong(password).is_none(), right, "{password}");
        }
        assert!(wrong(&"é".repeat(256)).is_none() && wrong(&"é".repeat(257)).is_some());
    }
}
