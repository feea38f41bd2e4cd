//! What can be wrong with a bridge so that an operator is told: the kinds, and one trouble. Not who is told, nor how: who
//! is told is `audit::notices`.

use bridge_core::Timestamp;
use serde::{Deserialize, Serialize};

/// Declares each kind of trouble once: its name, whether it may wake somebody, and what it is.
macro_rules! kinds {
    ($( $(#[doc = $doc:literal])* $kind:ident = $word:literal, $urgency:ident; )*) => {
        /// What can be wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum TroubleKind {
            $( $(#[doc = $doc])* $kind, )*
        }

        impl TroubleKind {
            /// Every kind, the worst first.
            pub const ALL: &'static [TroubleKind] = &[$(TroubleKind::$kind),*];

            /// Its name in the API and in the tables.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $( TroubleKind::$kind => $word, )* }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $( TroubleKind::$kind => concat!($($doc),*).trim_ascii(), )* }
            }

            /// How soon somebody must know.
            #[must_use]
            pub fn urgency(self) -> Urgency {
                match self { $( TroubleKind::$kind => Urgency::$urgency, )* }
            }
        }
    };
}

/// How soon somebody must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Urgency {
    /// At once, also at night.
    Now,
    /// It can wait until quiet hours are over.
    CanWait,
}

kinds! {
    /// Nobody can register, and why.
    Paused = "paused", Now;
    /// No SMS can be kept: whoever sends one is asked to come again.
    Unwritable = "unwritable", Now;
    /// A store does not answer.
    Store = "store", Now;
    /// The clock of the machine cannot be right.
    Clock = "clock", Now;
    /// The disk is nearly full.
    Disk = "disk", Now;
    /// A receiver that usually speaks is silent.
    Receiver = "receiver", CanWait;
    /// The remote is not told validated numbers.
    Remote = "remote", CanWait;
    /// A backup failed, or the last one is older than you want.
    Backup = "backup", CanWait;
    /// A webhook was switched off because nothing was taken.
    Webhook = "webhook", CanWait;
}

impl TroubleKind {
    /// The kind of that name.
    #[must_use]
    pub fn from_word(word: &str) -> Option<TroubleKind> {
        TroubleKind::ALL.iter().copied().find(|kind| kind.word() == word)
    }
}

impl Serialize for TroubleKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for TroubleKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<TroubleKind, D::Error> {
        let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        TroubleKind::from_word(&word)
            .ok_or_else(|| serde::de::Error::custom(format!("{word:?} is no kind of trouble")))
    }
}

/// Something that is wrong now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// What kind.
    pub kind: TroubleKind,
    /// What it is about: the same word as long as it is the same trouble, whichever bridge of a group sees it.
    pub subject: String,
    /// Only one bridge can see it: that nobody else does says nothing.
    pub is_own: bool,
    /// Since when.
    pub began_at: Timestamp,
    /// Why, in words.
    pub detail: String,
    /// The operator was told that it began, by another way.
    pub is_told: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own_and_a_sentence() {
        for kind in TroubleKind::ALL {
            assert_eq!(TroubleKind::from_word(kind.word()), Some(*kind));
            assert!(kind.about().ends_with('.'), "{}", kind.word());
        }
        assert_eq!(TroubleKind::from_word("boredom"), None);
        assert_eq!(TroubleKind::Paused.urgency(), Urgency::Now);
    }
}
