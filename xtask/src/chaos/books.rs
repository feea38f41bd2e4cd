//! What the stores hold once everything is drained, read past the bridges: the other side of the ledger.

mod embedded;
mod real;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::cluster::Cluster;
use crate::Outcome;

/// One row of `input_sms`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SmsRow {
    pub(crate) redis_id: i64,
    pub(crate) sms_id: String,
    pub(crate) mobile_number: String,
    pub(crate) sms_message: String,
    pub(crate) received_ms: i64,
    pub(crate) validation_status: String,
    pub(crate) failed_at_check: Option<String>,
    /// The seven codes.
    pub(crate) codes: String,
    pub(crate) synced: bool,
}

/// One row of `onboarding_mobile`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OnboardingRow {
    pub(crate) onboarding_id: String,
    pub(crate) pair: String,
    pub(crate) hash: String,
    pub(crate) status: String,
    pub(crate) is_validated: bool,
}

/// One row at the remote.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct RemoteRow {
    pub(crate) pair: String,
    pub(crate) is_validated: bool,
}

/// Everything that the proof looks at.
#[derive(Default)]
pub(crate) struct Books {
    pub(crate) sms: Vec<SmsRow>,
    pub(crate) onboardings: Vec<OnboardingRow>,
    /// `blacklist_sms`.
    pub(crate) blocked: Vec<String>,
    /// `ops.validated_mobile`.
    pub(crate) validated: Vec<String>,
    /// `Queue_validated_mobiles`.
    pub(crate) hot_validated: Vec<String>,
    /// What is left in each queue and table that must be empty.
    pub(crate) left: BTreeMap<&'static str, u64>,
    /// None where there is no remote.
    pub(crate) remote: Option<Vec<RemoteRow>>,
}

pub(crate) fn read(cluster: &Cluster) -> Outcome<Books> {
    match (&cluster.stores, cluster.bridges.first()) {
        (Some(stores), _) => real::read(stores),
        (None, Some(bridge)) => embedded::read(&test_servers::Server::data_dir(bridge)),
        (None, None) => Ok(Books::default()),
    }
}

/// The saved counters, where the audit store answers.
pub(crate) fn counters(cluster: &Cluster) -> Outcome<BTreeMap<String, i64>> {
    match (&cluster.stores, cluster.bridges.first()) {
        (Some(stores), _) => real::counters(stores),
        (None, Some(bridge)) => embedded::counters(&test_servers::Server::data_dir(bridge)),
        (None, None) => Ok(BTreeMap::new()),
    }
}

/// How much still waits, as the stores themselves say.
pub(crate) fn left(cluster: &Cluster) -> Outcome<BTreeMap<&'static str, u64>> {
    match (&cluster.stores, cluster.bridges.first()) {
        (Some(stores), _) => real::left(stores),
        (None, Some(bridge)) => embedded::left(&test_servers::Server::data_dir(bridge)),
        (None, None) => Ok(BTreeMap::new()),
    }
}
