//! Numbers that were stored under another spelling than is kept today (decisions.md D43): until an operator settles them,
//! what is looked up includes both, and nothing is merged. Not the rules: those are `bridge_core::phone`'s.

use std::collections::BTreeMap;

use bridge_core::onboarding::pair;
use bridge_core::phone::spelled_today;
use bridge_core::{Mobile, Timestamp};
use bridge_store::Result;
use bridge_store::blacklisting::Blacklisting;

use crate::bridge::App;

/// Pairs that are looked at in one step.
const PAGE: usize = 1_000;

/// The blocks as the checks read them: each under its spelling of today too.
pub fn blocks(all: &[Blacklisting]) -> Vec<(String, Option<Timestamp>)> {
    let stored: Vec<(String, Option<Timestamp>)> = all.iter().map(Blacklisting::block).collect();
    let mut blocks: BTreeMap<String, Option<Timestamp>> = BTreeMap::new();
    for (mobile, until) in &stored {
        if let Some(today) = spelled_today(mobile) {
            blocks.insert(today, *until);
        }
    }
    // What is stored under the spelling of today says itself until when.
    blocks.extend(stored);
    blocks.into_iter().collect()
}

/// Is this number validated on that device under the spelling that was kept before?
pub async fn validated_before(app: &App, mobile: &Mobile, device: Option<&str>) -> Result<bool> {
    let Some(older) = mobile.older_spelling() else { return Ok(false) };
    let asked = [pair(&older, device)];
    Ok(app.hot.not_validated(&asked).await?.is_empty())
}

/// A number that is stored under two spellings, or under the older one alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwoSpellings {
    /// As it is stored.
    pub stored: String,
    /// As it is spelled today.
    pub today: String,
    /// Something is stored under the spelling of today as well.
    pub both: bool,
}

/// Every validated or blocked number that is stored under an older spelling.
pub async fn report(app: &App) -> Result<Vec<TwoSpellings>> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut of_today: Vec<String> = Vec::new();
    let mut look = |mobile: &str| match spelled_today(mobile) {
        Some(today) => drop(found.insert(mobile.to_owned(), today)),
        None if Mobile::from_e164(mobile).and_then(|mobile| mobile.older_spelling()).is_some() => {
            of_today.push(mobile.to_owned());
        }
        None => {}
    };
    for entry in app.audit.blacklist().await? {
        look(&entry.mobile_number);
    }
    let mut after: Option<String> = None;
    loop {
        let pairs = app.audit.validated_pairs(after.as_deref(), PAGE).await?;
        let Some(last) = pairs.last().cloned() else { break };
        after = Some(last);
        // The device may hold a colon; a number does not.
        pairs.iter().filter_map(|pair| pair.split_once(':')).for_each(|(mobile, _)| look(mobile));
    }
    of_today.sort_unstable();
    let both = |today: &String| of_today.binary_search(today).is_ok();
    Ok(found.into_iter().map(|(stored, today)| TwoSpellings { both: both(&today), stored, today }).collect())
}
