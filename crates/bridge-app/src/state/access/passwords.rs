//! Hashing passwords: argon2id with the parameters that OWASP names. It is slow on purpose, so it runs beside the
//! server's threads, two at a time at most, in two blocks of memory that are used again and again and given back when
//! nobody needed them for a minute. Knows no account.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use argon2::password_hash::{Output, ParamsString, PasswordHash, Salt, SaltString};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use bridge_core::{Span, Timestamp};
use tokio::sync::Semaphore;

use crate::base::clock::{Clock, Entropy};
use crate::base::problem::{Code, Problem};

/// 19 MiB, twice, in one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
const AT_ONCE: usize = 2;
/// More than so many wait for nobody: each takes a twentieth of a second, and somebody waits at the desk.
const WAITING_MAX: usize = 16;
const RETRY_AFTER_SECONDS: u32 = 2;
/// Blocks that nobody needed for so long are given back.
const KEPT_FOR: Span = Span(60_000);
const MIN_CHARS: usize = 12;
const MAX_CHARS: usize = 256;

/// Nobody's: compared with where there is no account, so that it takes as long as where there is one.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Makes and compares them, a few at a time.
#[derive(Debug)]
pub(crate) struct Passwords {
    clock: Clock,
    places: Semaphore,
    waiting: AtomicUsize,
    memory: Arc<Memory>,
}

/// Who waits for a password, and how patiently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Somebody that the bridge knows: they wait as long as it takes.
    Known,
    /// Anybody: sent away where many wait already.
    Anybody,
}

/// The blocks that nobody uses now.
#[derive(Default)]
struct Memory(Mutex<Resting>);

#[derive(Default)]
struct Resting {
    blocks: Vec<Vec<Block>>,
    used_at: Option<Timestamp>,
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} blocks", self.lock().blocks.len())
    }
}

impl Memory {
    fn lock(&self) -> MutexGuard<'_, Resting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works in a block. What was in it before does not matter: argon2 writes all of it first.
    fn with<T>(&self, now: Timestamp, work: impl FnOnce(&mut Vec<Block>) -> T) -> T {
        let mut block = self.lock().blocks.pop().unwrap_or_default();
        let done = work(&mut block);
        let mut resting = self.lock();
        resting.blocks.push(block);
        resting.used_at = resting.used_at.max(Some(now));
        done
    }

    fn rest(&self, now: Timestamp) -> bool {
        let mut resting = self.lock();
        let quiet = resting.used_at.is_some_and(|at| now >= at + KEPT_FOR);
        if quiet {
            *resting = Resting::default();
        }
        quiet
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

type Hashed<T> = argon2::password_hash::Result<T>;

fn ours() -> Hashed<Params> {
    Ok(Params::new(MEMORY_KIB, PASSES, LANES, None)?)
}

/// What argon2id makes of it, in that memory.
fn made_of(password: &str, salt: Salt<'_>, params: Params, memory: &mut Vec<Block>) -> Hashed<Output> {
    let mut bytes = [0; Salt::MAX_LENGTH];
    let salt = salt.decode_b64(&mut bytes)?;
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    memory.resize(memory.len().max(params.block_count()), Block::default());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    Output::init_with(length, |out| {
        Ok(argon2.hash_password_into_with_memory(password.as_bytes(), salt, out, memory)?)
    })
}

fn hash_in(password: &str, salt: &[u8], memory: &mut Vec<Block>) -> Hashed<String> {
    let salt = SaltString::encode_b64(salt)?;
    let params = ours()?;
    let made = PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(salt.as_salt()),
        hash: Some(made_of(password, salt.as_salt(), params.clone(), memory)?),
    };
    Ok(made.to_string())
}

fn fits_in(password: &str, made: &str, memory: &mut Vec<Block>) -> Hashed<bool> {
    use argon2::password_hash::Error;
    let made = PasswordHash::new(made)?;
    if made.algorithm != ARGON2ID_IDENT || made.version != Some(Version::V0x13.into()) {
        return Err(Error::Algorithm);
    }
    let (Some(salt), Some(hash)) = (made.salt, made.hash) else { return Err(Error::PhcStringField) };
    let params = Params::try_from(&made)?;
    // Nobody but us wrote it: more would be a block of memory larger than ours.
    if params.block_count() > ours()?.block_count() {
        return Err(Error::PhcStringField);
    }
    // Compared in constant time.
    Ok(made_of(password, salt, params, memory)? == hash)
}

impl Passwords {
    pub(crate) fn new(clock: &Clock) -> Passwords {
        Passwords {
            clock: clock.clone(),
            places: Semaphore::new(AT_ONCE),
            waiting: AtomicUsize::new(0),
            memory: Arc::default(),
        }
    }

    /// A PHC string of it.
    pub(crate) async fn hash(&self, entropy: &Entropy, password: &str) -> Result<String, Problem> {
        let salt = entropy.bytes::<SALT_BYTES>().map_err(|error| Problem::unavailable(&error))?;
        let password = password.to_owned();
        self.beside(Turn::Known, move |memory| hash_in(&password, &salt, memory)).await
    }

    /// Is this the password of which that was made? The same work where there is none.
    pub(crate) async fn fits(&self, turn: Turn, password: &str, made: Option<&str>) -> Result<bool, Problem> {
        let (made, is_somebody) = (made.unwrap_or(NOBODY).to_owned(), made.is_some());
        if password.chars().count() > MAX_CHARS {
            return Ok(false);
        }
        let password = password.to_owned();
        let fits = self.beside(turn, move |memory| fits_in(&password, &made, memory)).await?;
        Ok(fits && is_somebody)
    }

    /// Gives back the memory that nobody needed for a minute. True: there was some.
    pub(crate) fn rest(&self, now: Timestamp) -> bool {
        self.memory.rest(now)
    }

    async fn beside<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce(&mut Vec<Block>) -> Hashed<T> + Send + 'static,
    ) -> Result<T, Problem> {
        let place = {
            let _waits = Waits::behind(&self.waiting, turn)?;
            self.places.acquire().await.map_err(|error| Problem::unavailable(&error))?
        };
        let (memory, now) = (self.memory.clone(), self.clock.now());
        let done = tokio::task::spawn_blocking(move || memory.with(now, work)).await;
        drop(place);
        let done = done.map_err(|error| Problem::unavailable(&error))?;
        done.map_err(|error| {
            tracing::error!(%error, "a stored password cannot be read");
            Problem::new(
                Code::Internal,
                "what is stored of a password cannot be read: give the account a new link",
            )
        })
    }
}

/// One more who waits, until it is dropped.
struct Waits<'a>(&'a AtomicUsize);

impl Waits<'_> {
    fn behind(waiting: &AtomicUsize, turn: Turn) -> Result<Waits<'_>, Problem> {
        let one = Waits(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= WAITING_MAX && turn == Turn::Anybody {
            let detail = "many log in at once: try again in a moment";
            return Err(Problem::new(Code::TooManyAttempts, detail).retry_after(RETRY_AFTER_SECONDS));
        }
        Ok(one)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp(1_800_000_000_000);

    /// Made by the library itself, with its own way through a PHC string.
    #[test]
    fn it_is_argon2id_as_everybody_writes_it() {
        use argon2::password_hash::{PasswordHasher, PasswordVerifier};
        let mut memory = Vec::new();
        let made = hash_in("correct horse battery", &[7; SALT_BYTES], &mut memory).unwrap();
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, ours().unwrap());
        argon2.verify_password(b"correct horse battery", &PasswordHash::new(&made).unwrap()).unwrap();
        let salt = SaltString::encode_b64(&[8; SALT_BYTES]).unwrap();
        let theirs = argon2.hash_password(b"correct horse battery", &salt).unwrap().to_string();
        assert!(fits_in("correct horse battery", &theirs, &mut memory).unwrap(), "in a block that was used");
        assert!(!fits_in("correct horse batterz", &theirs, &mut memory).unwrap());
    }

    #[tokio::test]
    async fn two_blocks_serve_everybody_and_are_given_back_after_a_quiet_minute() {
        let clock = Clock::standing_at(NOON);
        let passwords = Arc::new(Passwords::new(&clock));
        let mut tries = tokio::task::JoinSet::new();
        for n in 0..8 {
            let passwords = passwords.clone();
            tries.spawn(async move { passwords.fits(Turn::Anybody, &format!("wrong {n}"), None).await });
        }
        while let Some(tried) = tries.join_next().await {
            assert!(!tried.unwrap().unwrap());
        }
        let kept = || passwords.memory.lock().blocks.len();
        assert!((1..=AT_ONCE).contains(&kept()), "{}", kept());
        assert!(!passwords.rest(NOON + Span(59_999)));
        assert!(passwords.rest(NOON + Span(60_000)));
        assert_eq!(kept(), 0);
        assert!(!passwords.rest(NOON + Span(120_000)), "nothing is left to give back");
    }

    #[tokio::test]
    async fn who_comes_behind_many_is_sent_away_unless_they_are_known() {
        let passwords = Passwords::new(&Clock::standing_at(NOON));
        let _many: Vec<_> =
            (0..WAITING_MAX).map(|_| Waits::behind(&passwords.waiting, Turn::Anybody).unwrap()).collect();
        let refused = passwords.fits(Turn::Anybody, "wrong", None).await.unwrap_err();
        assert_eq!(refused.code(), Code::TooManyAttempts);
        assert!(!passwords.fits(Turn::Known, "wrong", None).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_fits_what_was_made_of_it_alone() {
        let passwords = Passwords::new(&Clock::standing_at(NOON));
        let entropy = Entropy::seeded(7);
        let made = passwords.hash(&entropy, "correct horse battery").await.unwrap();
        assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
        assert_ne!(made, passwords.hash(&entropy, "correct horse battery").await.unwrap(), "salted");
        assert!(passwords.fits(Turn::Anybody, "correct horse battery", Some(&made)).await.unwrap());
        assert!(!passwords.fits(Turn::Anybody, "correct horse batterz", Some(&made)).await.unwrap());
        assert!(!passwords.fits(Turn::Anybody, "", None).await.unwrap());
        passwords.fits(Turn::Anybody, "x", Some("nonsense")).await.unwrap_err();
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
