//! Telling operators: who is told, which bridge sees which trouble, and what waits to be told to whom. That a trouble began
//! and that it is over is each one notice, however many bridges see it. Not how somebody is told, nor in which words.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use bridge_core::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::Result;
use crate::troubles::{Trouble, TroubleKind};

/// Somebody who is told.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifyTarget {
    /// Its id.
    pub id: Uuid,
    /// By which way: the name of a kind.
    pub kind: String,
    /// Who that is, in the operator's words.
    pub name: String,
    /// What that way needs, secrets too.
    pub fields: BTreeMap<String, String>,
    /// Of which troubles.
    pub events: Vec<TroubleKind>,
    /// When only the worst is told, in minutes of the office's day: from, until. None: never.
    pub quiet: Option<(u16, u16)>,
    /// Is it told anything?
    pub enabled: bool,
    /// When it was added: what began before is not told.
    pub created_at: Timestamp,
    /// How telling goes.
    pub going: Going,
}

/// Its fields hold secrets.
impl std::fmt::Debug for NotifyTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NotifyTarget").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl NotifyTarget {
    /// It is told of such a trouble.
    #[must_use]
    pub fn wants(&self, kind: TroubleKind) -> bool {
        self.enabled && self.events.contains(&kind)
    }
}

/// How telling somebody goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Going {
    /// When the last message was taken.
    pub told_at: Option<Timestamp>,
    /// Since when none is taken.
    pub failing_since: Option<Timestamp>,
    /// Why.
    pub error: Option<String>,
    /// How often in a row.
    pub tries: u32,
    /// Not before then again.
    pub next_at: Option<Timestamp>,
}

/// That a trouble began, or is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// The table's own id: they grow in the order in which things happened.
    pub id: i64,
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// What it is about.
    pub subject: String,
    /// Since when.
    pub began_at: Timestamp,
    /// Until when; none: it has begun.
    pub ended_at: Option<Timestamp>,
    /// Why, in words.
    pub detail: String,
}

/// How a message to one target went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// The notices that were in it.
    pub notices: Vec<i64>,
    /// When.
    pub at: Timestamp,
    /// Why it was not taken.
    pub error: Option<String>,
    /// If it was not: when it is tried again.
    pub next_at: Option<Timestamp>,
    /// If it was not: what began to wait before this is not tried any more.
    pub give_up_before: Timestamp,
}

/// How a notice stands with one target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeState {
    /// It is still to be told.
    Waiting,
    /// It was told.
    Told,
    /// It was given up.
    GivenUp,
}

impl NoticeState {
    /// The word that is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            NoticeState::Waiting => "waiting",
            NoticeState::Told => "told",
            NoticeState::GivenUp => "given_up",
        }
    }

    /// The state of a stored word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<NoticeState> {
        [NoticeState::Waiting, NoticeState::Told, NoticeState::GivenUp]
            .into_iter()
            .find(|state| state.as_str() == word)
    }
}

/// A notice to one target, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRow {
    /// The notice.
    pub notice: Notice,
    /// How it stands.
    pub state: NoticeState,
    /// When it was told.
    pub told_at: Option<Timestamp>,
}

/// Who is told of troubles, and how that goes.
#[async_trait]
pub trait NoticeTrail: Send + Sync + 'static {
    /// Every target, oldest first.
    async fn notify_targets(&self) -> Result<Vec<NotifyTarget>>;
    /// Adds a target, or writes it anew; how it goes stays as it is, but that it is tried at once.
    async fn put_notify_target(&self, target: &NotifyTarget) -> Result<()>;
    /// Removes a target and what waits for it. False: there is none.
    async fn remove_notify_target(&self, id: Uuid) -> Result<bool>;
    /// This bridge sees exactly these troubles now. What no bridge saw before begins, what none sees any more is over: each
    /// is kept once, for every target that wants it and was there when it began. A bridge that said nothing since
    /// `alive_since` sees nothing any more. Answers how many notices are new.
    async fn see_troubles(
        &self,
        now: Timestamp,
        bridge: Uuid,
        alive_since: Timestamp,
        seen: &[Trouble],
    ) -> Result<usize>;
    /// The troubles that this bridge saw last.
    async fn troubles_of(&self, bridge: Uuid) -> Result<Vec<Trouble>>;
    /// Takes up to `max` notices that wait for a target, oldest first, until then: nobody else gets them before. Only of
    /// these kinds; none while the target is not to be tried.
    async fn claim_notices(
        &self,
        now: Timestamp,
        target: Uuid,
        by: Uuid,
        until: Timestamp,
        kinds: &[TroubleKind],
        max: usize,
    ) -> Result<Vec<Notice>>;
    /// Whatever this bridge had claimed nobody works on any more.
    async fn release_notices(&self, by: Uuid) -> Result<()>;
    /// Keeps how a message went.
    async fn note_telling(&self, target: Uuid, telling: &Telling) -> Result<()>;
    /// Up to `max` notices to a target, newest first.
    async fn notices(&self, target: Uuid, max: usize) -> Result<Vec<NoticeRow>>;
}

/// A trouble that a bridge saw, and when it last said so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Which bridge.
    pub bridge: Uuid,
    /// When.
    pub at: Timestamp,
    /// When the first bridge saw it: it may have begun before.
    pub known_at: Timestamp,
    /// What.
    pub trouble: Trouble,
}

/// What becomes of the table of who sees what, and what is news.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// These rows go: subject and bridge.
    pub gone: Vec<(String, Uuid)>,
    /// This bridge sees these; since when they are known, where they were.
    pub kept: Vec<(Trouble, Option<Timestamp>)>,
    /// These began and nobody was told.
    pub begun: Vec<Trouble>,
    /// These are over; since when they were known.
    pub over: Vec<(Trouble, Timestamp)>,
}

/// Decides it, given every row.
#[must_use]
pub fn changes(rows: &[Seen], bridge: Uuid, alive_since: Timestamp, seen: &[Trouble]) -> Changes {
    let subjects: BTreeSet<&str> = seen.iter().map(|trouble| trouble.subject.as_str()).collect();
    let stays = |row: &Seen| {
        if row.bridge == bridge {
            subjects.contains(row.trouble.subject.as_str())
        } else {
            row.trouble.is_own || row.at >= alive_since
        }
    };
    // Of each subject since when it is so, and since when that is known.
    let mut known: BTreeMap<&str, (Trouble, Timestamp)> = BTreeMap::new();
    for Seen { trouble, known_at, .. } in rows {
        let first = known.entry(&trouble.subject).or_insert_with(|| (trouble.clone(), *known_at));
        if trouble.began_at < first.0.began_at {
            first.0 = trouble.clone();
        }
        first.1 = first.1.min(*known_at);
    }
    let still: BTreeSet<&str> =
        rows.iter().filter(|row| stays(row)).map(|row| row.trouble.subject.as_str()).collect();
    let since = |trouble: &Trouble| match known.get(trouble.subject.as_str()) {
        Some((first, known_at)) => (Trouble { began_at: first.began_at, ..trouble.clone() }, Some(*known_at)),
        None => (trouble.clone(), None),
    };
    Changes {
        gone: rows
            .iter()
            .filter(|row| !stays(row))
            .map(|row| (row.trouble.subject.clone(), row.bridge))
            .collect(),
        kept: seen.iter().map(since).collect(),
        begun: seen
            .iter()
            .filter(|trouble| !known.contains_key(trouble.subject.as_str()) && !trouble.is_told)
            .cloned()
            .collect(),
        over: known
            .into_iter()
            .filter(|(subject, _)| !still.contains(subject) && !subjects.contains(subject))
            .map(|(_, over)| over)
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);
    const ALIVE: Timestamp = Timestamp(900_000);

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn trouble(subject: &str) -> Trouble {
        Trouble {
            kind: TroubleKind::Store,
            subject: subject.to_owned(),
            is_own: false,
            began_at: NOW,
            detail: String::new(),
            is_told: false,
        }
    }

    fn row(subject: &str, bridge: u128, at: Timestamp) -> Seen {
        Seen { bridge: id(bridge), at, known_at: at, trouble: Trouble { began_at: at, ..trouble(subject) } }
    }

    fn subjects(troubles: &[Trouble]) -> Vec<&str> {
        troubles.iter().map(|trouble| trouble.subject.as_str()).collect()
    }

    fn over(changes: &Changes) -> Vec<&str> {
        changes.over.iter().map(|(trouble, _)| trouble.subject.as_str()).collect()
    }

    #[test]
    fn the_first_that_sees_it_begins_it_and_the_last_ends_it() {
        let first = changes(&[], id(1), ALIVE, &[trouble("redis")]);
        assert_eq!((subjects(&first.begun), over(&first)), (vec!["redis"], vec![]));
        let rows = [row("redis", 1, NOW)];
        let second = changes(&rows, id(2), ALIVE, &[trouble("redis")]);
        assert_eq!((subjects(&second.begun), second.kept.len()), (vec![], 1));
        let both = [row("redis", 1, NOW), row("redis", 2, NOW)];
        let one_less = changes(&both, id(1), ALIVE, &[]);
        assert_eq!((one_less.over.len(), one_less.gone), (0, vec![("redis".to_owned(), id(1))]));
        assert_eq!(over(&changes(&rows, id(1), ALIVE, &[])), ["redis"]);
        assert_eq!(changes(&rows, id(2), ALIVE, &[]), Changes::default(), "another still sees it");
    }

    #[test]
    fn a_bridge_that_is_gone_sees_nothing_but_what_only_it_can_see() {
        let stale = Timestamp(ALIVE.0 - 1);
        let mut own = row("disk of 1", 1, stale);
        own.trouble.is_own = true;
        let rows = [row("redis", 1, stale), own];
        let looked = changes(&rows, id(2), ALIVE, &[]);
        assert_eq!(over(&looked), ["redis"]);
        // It comes back itself, after however long.
        assert_eq!(over(&changes(&rows, id(1), NOW, &[trouble("redis")])), ["disk of 1"]);
        let taken_over = changes(&rows, id(2), ALIVE, &[trouble("redis")]);
        assert!(taken_over.begun.is_empty() && taken_over.over.is_empty(), "{taken_over:?}");
        let (kept, known_at) = &taken_over.kept[0];
        assert_eq!((kept.began_at, *known_at), (stale, Some(stale)), "it began when the first saw it");
    }

    #[test]
    fn what_was_told_by_another_way_is_no_news_and_its_end_is() {
        let told = Trouble { is_told: true, ..trouble("postgresql") };
        let seen = changes(&[], id(1), ALIVE, std::slice::from_ref(&told));
        assert!(seen.begun.is_empty());
        assert_eq!(seen.kept.len(), 1);
        assert_eq!(over(&changes(&[row("postgresql", 1, NOW)], id(1), ALIVE, &[])), ["postgresql"]);
    }
}
