//! E-mail addresses that may not register. The audit store keeps them; this is what the bridge knows of them. It holds
//! while that store is away, and is noted in the data folder in case it is away at the start.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bridge_core::{Timestamp, email};
use bridge_store::AuditStore;
use bridge_store::audit::BlockedEmail;
use tokio::sync::watch;

use crate::base::data_file;

const FILE: &str = "blocked_emails.json";

/// What was read, to be looked up in two ways.
#[derive(Debug, Default, PartialEq)]
struct Addresses {
    /// By their normal form.
    by_address: BTreeMap<String, BlockedEmail>,
    /// The normal forms of each mailbox.
    by_mailbox: BTreeMap<String, Vec<String>>,
}

/// All addresses that are blocked, or were.
#[derive(Debug)]
pub struct BlockedEmails {
    known: watch::Sender<Arc<Addresses>>,
    data_dir: PathBuf,
    /// Held from reading to applying: what was read before a change must not be applied after it.
    reading: tokio::sync::Mutex<()>,
}

/// By the form of today: what an older version blocked holds too. Of two spellings of one address the last word counts.
fn by_address(rows: Vec<BlockedEmail>) -> Arc<Addresses> {
    let mut addresses = Addresses::default();
    for row in rows {
        match addresses.by_address.entry(BlockedEmail::normal(&row.address)) {
            Entry::Vacant(free) => {
                let mailbox = email::without_tag(free.key());
                addresses.by_mailbox.entry(mailbox).or_default().push(free.key().clone());
                free.insert(row);
            }
            Entry::Occupied(mut before) if before.get().changed_at <= row.changed_at => {
                before.insert(row);
            }
            Entry::Occupied(_) => {}
        }
    }
    Arc::new(addresses)
}

impl BlockedEmails {
    /// Begins with what the data folder remembers.
    #[must_use]
    pub fn open(data_dir: &Path) -> BlockedEmails {
        let rows = std::fs::read(data_dir.join(FILE))
            .ok()
            .and_then(|bytes| serde_json::from_slice::<Vec<BlockedEmail>>(&bytes).ok())
            .unwrap_or_default();
        BlockedEmails {
            known: watch::Sender::new(by_address(rows)),
            data_dir: data_dir.to_owned(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// Reads them from their source.
    pub async fn reload(&self, audit: &dyn AuditStore) -> bridge_store::Result<()> {
        let _turn = self.reading.lock().await;
        let rows = audit.blocked_emails().await?;
        let read = by_address(rows.clone());
        if *self.known.borrow() != read {
            self.note(&rows);
            self.known.send_replace(read);
        }
        Ok(())
    }

    /// A note that cannot be written is only missed when the audit store is away at the next start.
    fn note(&self, rows: &[BlockedEmail]) {
        if let Err(error) = data_file::write_json(&self.data_dir.join(FILE), rows) {
            tracing::warn!(%error, "the blocked e-mail addresses cannot be noted in the data folder");
        }
    }

    /// May this address not register?
    #[must_use]
    pub fn is_blocked(&self, address: &str, now: Timestamp) -> bool {
        let known = self.known.borrow();
        if known.by_address.is_empty() {
            return false;
        }
        known.by_address.get(&BlockedEmail::normal(address)).is_some_and(|entry| entry.holds(now))
    }

    /// May it not register, whatever tags it and the blocked one have?
    #[must_use]
    pub fn is_blocked_but_for_its_tag(&self, address: &str, now: Timestamp) -> bool {
        let known = self.known.borrow();
        if known.by_address.is_empty() {
            return false;
        }
        let of_mailbox = known.by_mailbox.get(&email::without_tag(address)).into_iter().flatten();
        of_mailbox.filter_map(|blocked| known.by_address.get(blocked)).any(|entry| entry.holds(now))
    }

    /// The entry of an address, as it was last put.
    #[must_use]
    pub fn entry(&self, address: &str) -> Option<BlockedEmail> {
        self.known.borrow().by_address.get(&BlockedEmail::normal(address)).cloned()
    }

    /// All of them, by address.
    #[must_use]
    pub fn all(&self) -> Vec<BlockedEmail> {
        self.known.borrow().by_address.values().cloned().collect()
    }
}
