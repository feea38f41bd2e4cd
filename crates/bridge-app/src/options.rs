//! What a bridge needs to know to start, as plain values. Not flags and environment variables: the program turns those
//! into these. Not settings: those change while it runs.

use std::path::PathBuf;

use bridge_core::Timestamp;
use ipnet::IpNet;

use crate::base::backend::Backends;
use crate::base::secrets::Given;

/// In which header a trusted proxy says where a request came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`: each proxy adds the address that it saw.
    #[default]
    XForwardedFor,
    /// `CF-Connecting-IP`: Cloudflare and its tunnel set it.
    CfConnectingIp,
}

/// The start values of one bridge.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its data folder: journal, generated secrets, notes. Each bridge has one of its own.
    pub data_dir: PathBuf,
    /// The secrets that are given; those that are not are generated in the data folder.
    pub secrets: Given,
    /// The address under which the outside reaches the API: what links point to.
    pub public_url: Option<String>,
    /// Networks of proxies whose header says where a request came from.
    pub trusted_proxies: Vec<IpNet>,
    /// Which header these proxies set. Any other one may come from anybody.
    pub proxy_header: ProxyHeader,
    /// Connections at the same time.
    pub connections: usize,
    /// Admin, metrics and docs answer on a listener of their own.
    pub has_private_listener: bool,
    /// The log filter comes from the command line, and wins over the setting `log_level`.
    pub log_is_given: bool,
    /// With less room than this on its disk only SMS are written; 0: no floor.
    pub disk_floor_bytes: u64,
    /// Networks that webhooks may reach beside the public internet.
    pub webhook_allow: Vec<IpNet>,
    /// What keeps its stores.
    pub backends: Backends,
    /// Whose clocks its neighbours have.
    pub elsewhere: Elsewhere,
    /// A bridge to try an app against: it plays the phone of the magic numbers.
    pub is_sandbox: bool,
    /// When the program was built, as far as it knows: no clock can be earlier.
    pub built: Timestamp,
}

/// Where the neighbours run, as far as their addresses say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// The hot store.
    pub hot: Place,
    /// The audit store.
    pub audit: Place,
    /// The remote.
    pub remote: Place,
}

/// Where a neighbour runs, and so whose clock it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In this program, or nowhere: it has no clock.
    #[default]
    Here,
    /// It is reached on this machine: it has this machine's clock, unless a tunnel or a pooler leads to another.
    Beside,
    /// On another machine, which has a clock of its own.
    Elsewhere,
}
