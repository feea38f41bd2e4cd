//! Backups: one file with everything that a bridge keeps, made while it runs, and the way back. The file is a tar.gz that
//! anybody can open; the keys in it are encrypted as `age` does it, with a passphrase, and are in it only when asked for.
//! Not when backups are made: that is a timer's matter.

mod archive;
mod keys;
mod make;
mod manifest;
mod postgres;
mod restore;

pub(crate) use keys::Passphrase;
pub(crate) use make::make;
pub(crate) use manifest::Manifest;
pub(crate) use restore::{Restored, Wanted, is_unfinished, restore};

/// What went wrong, for the person in front of it.
type Result<T> = std::result::Result<T, String>;
