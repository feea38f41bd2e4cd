//! What a store found of itself that it cannot read any more. Such a store is closed: it takes nothing, and answers nothing.

/// Where it is damaged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file, as it is called in the data folder.
    pub file: String,
    /// What the database said.
    pub said: String,
}

impl Damage {
    /// What is wrong, for people.
    #[must_use]
    pub fn found(&self) -> String {
        format!("{} is damaged and closed: {}", self.file, self.said)
    }

    /// What to do about it, for people.
    #[must_use]
    pub fn advice() -> &'static str {
        "look at the disk, then `systemctl stop sms-bridge`, `sms-bridge rebuild`, `systemctl start sms-bridge`: what can be \
         read is kept, the rest comes back from the other store and the journal"
    }
}
