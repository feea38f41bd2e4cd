//! What the process needs to start, as flags with environment twins (contract section 1). Immutable
//! while it runs; what an operator changes while it runs are settings.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use ipnet::IpNet;

use crate::descriptors;
use crate::secret_file;
use bridge_app::base::backend::{Backend, Backends};
use bridge_app::base::secrets::{self, Given};
use bridge_app::options::{Elsewhere, Options, Place, ProxyHeader};
use bridge_core::Timestamp;

/// Configuration of the bridge.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Where the API listens; port 0 takes a free one and prints it.
    #[arg(long, env = "SMS_BRIDGE_BIND", default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub bind: SocketAddr,

    /// When set, /admin, /metrics and /docs answer only here.
    #[arg(long, env = "SMS_BRIDGE_PRIVATE_BIND", value_name = "ADDRESS")]
    pub private_bind: Option<SocketAddr>,

    /// Embedded stores, the journal and generated secrets. Each bridge has a folder of its own.
    #[arg(long, env = "SMS_BRIDGE_DATA_DIR", default_value = "./data", value_name = "FOLDER")]
    pub data_dir: PathBuf,

    /// The hot store: `embedded`, `redis://…`, `rediss://…`, or `redis+sentinel://a:26379,b:26379/mymaster` for the primary
    /// that Redis Sentinel names. With a password in it rather in the environment.
    #[arg(long, env = "SMS_BRIDGE_HOT_URL", default_value = EMBEDDED, hide_env_values = true, value_name = "URL")]
    pub hot_url: String,

    /// The audit store: `embedded` or `postgres://…`; PgBouncer in transaction mode may lie between. With a password in it
    /// rather in the environment.
    #[arg(long, env = "SMS_BRIDGE_AUDIT_URL", default_value = EMBEDDED, hide_env_values = true, value_name = "URL")]
    pub audit_url: String,

    /// The audit database past the pooler, for migrations; the audit URL when not given.
    #[arg(long, env = "SMS_BRIDGE_AUDIT_DIRECT_URL", hide_env_values = true, value_name = "URL")]
    pub audit_direct_url: Option<String>,

    /// Connections to PostgreSQL.
    #[arg(long, env = "SMS_BRIDGE_AUDIT_POOL", default_value_t = 10, value_name = "CONNECTIONS")]
    pub audit_pool: usize,

    /// The remote Supabase, which is told validated numbers: `postgres://…`, or the PostgREST base `https://…/rest/v1`.
    #[arg(long, env = "SMS_BRIDGE_REMOTE_URL", hide_env_values = true, value_name = "URL")]
    pub remote_url: Option<String>,

    /// The service key of a PostgREST remote; a command line can be read by everybody on the machine, so rather give a file
    /// or the environment.
    #[arg(long, env = "SMS_BRIDGE_REMOTE_KEY", hide_env_values = true, value_name = "KEY")]
    pub remote_key: Option<String>,

    /// A file with that key.
    #[arg(long, env = "SMS_BRIDGE_REMOTE_KEY_FILE", value_name = "FILE")]
    pub remote_key_file: Option<PathBuf>,

    /// Bearer secrets for apps, comma-separated; generated when not given. A command line can be read by everybody on the
    /// machine, so rather give a file or the environment.
    #[arg(
        long,
        env = "SMS_BRIDGE_API_KEY",
        value_delimiter = ',',
        hide_env_values = true,
        value_name = "SECRETS"
    )]
    pub api_key: Vec<String>,

    /// A file with them.
    #[arg(long, env = "SMS_BRIDGE_API_KEY_FILE", value_name = "FILE")]
    pub api_key_file: Option<PathBuf>,

    /// Bearer secrets of the receiver `default`, comma-separated; generated when not given. Rather give a file or the
    /// environment.
    #[arg(
        long,
        env = "SMS_BRIDGE_RECEIVER_KEY",
        value_delimiter = ',',
        hide_env_values = true,
        value_name = "SECRETS"
    )]
    pub receiver_key: Vec<String>,

    /// A file with them.
    #[arg(long, env = "SMS_BRIDGE_RECEIVER_KEY_FILE", value_name = "FILE")]
    pub receiver_key_file: Option<PathBuf>,

    /// Bearer secrets of the operator, comma-separated; generated when not given. Rather give a file or the environment.
    #[arg(
        long,
        env = "SMS_BRIDGE_ADMIN_TOKEN",
        value_delimiter = ',',
        hide_env_values = true,
        value_name = "SECRETS"
    )]
    pub admin_token: Vec<String>,

    /// A file with them.
    #[arg(long, env = "SMS_BRIDGE_ADMIN_TOKEN_FILE", value_name = "FILE")]
    pub admin_token_file: Option<PathBuf>,

    /// What the edge in front of the bridge signs with, comma-separated: two, while one is replaced. Without it nothing is
    /// believed that says to come from an edge. Rather give a file or the environment.
    #[arg(
        long,
        env = "SMS_BRIDGE_EDGE_SECRET",
        value_delimiter = ',',
        hide_env_values = true,
        value_name = "SECRETS"
    )]
    pub edge_secret: Vec<String>,

    /// A file with them.
    #[arg(long, env = "SMS_BRIDGE_EDGE_SECRET_FILE", value_name = "FILE")]
    pub edge_secret_file: Option<PathBuf>,

    /// The address under which the outside reaches the API: what links point to.
    #[arg(long, env = "SMS_BRIDGE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<String>,

    /// Networks of proxies that say where a request came from, comma-separated.
    #[arg(long, env = "SMS_BRIDGE_TRUSTED_PROXIES", value_delimiter = ',', value_name = "NETWORKS")]
    pub trusted_proxies: Vec<IpNet>,

    /// Networks that webhooks may reach beside the public internet, comma-separated: those of this machine and house are closed
    /// to them otherwise.
    #[arg(long, env = "SMS_BRIDGE_WEBHOOK_ALLOW", value_delimiter = ',', value_name = "NETWORKS")]
    pub webhook_allow: Vec<IpNet>,

    /// Which header these proxies set; the other one may come from anybody and is not looked at.
    #[arg(
        long,
        env = "SMS_BRIDGE_PROXY_HEADER",
        value_enum,
        default_value = "x-forwarded-for",
        value_name = "HEADER"
    )]
    pub proxy_header: Header,

    /// Connections at the same time; as many as file descriptors allow, at most 4096, when not given.
    #[arg(long, env = "SMS_BRIDGE_CONNECTIONS", value_name = "CONNECTIONS")]
    pub connections: Option<usize>,

    /// With less than this free on the disk of the data folder only SMS are written: registration pauses, and what nobody
    /// can use is not kept; 0 for no floor.
    #[arg(long, env = "SMS_BRIDGE_DISK_FLOOR_MIB", default_value_t = DISK_FLOOR_MIB, value_name = "MIB")]
    pub disk_floor_mib: u32,

    /// A bridge to try an app against, in a data folder of its own: it plays the phone of the numbers +15005550000 to
    /// +15005550009, each of which ends in one state by itself. What is validated in it proves nothing.
    #[arg(
        long,
        env = "SMS_BRIDGE_SANDBOX",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value_t = false,
        action = clap::ArgAction::Set,
        value_name = "BOOL"
    )]
    pub sandbox: bool,

    /// Worker threads; as many as there are cores when not given.
    #[arg(long, env = "SMS_BRIDGE_WORKER_THREADS", value_name = "THREADS")]
    pub worker_threads: Option<usize>,

    /// Log filter such as `debug`; wins over the setting log_level.
    #[arg(long, env = "SMS_BRIDGE_LOG", value_name = "FILTER")]
    pub log: Option<String>,
}

/// A header in which a proxy says where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[value(rename_all = "kebab-case")]
pub enum Header {
    /// Most proxies: nginx, Caddy, HAProxy, Traefik
    XForwardedFor,
    /// Cloudflare and its tunnel
    CfConnectingIp,
}

/// Room for days of SMS while somebody looks for the cause.
pub const DISK_FLOOR_MIB: u32 = 100;

/// The new one and the one that it replaces.
const EDGE_SECRETS_MAX: usize = 2;

/// The value of a store URL that needs nothing installed.
pub const EMBEDDED: &str = "embedded";

impl Config {
    /// Reads the secrets that are given as files. What cannot be read is told, all at once.
    pub fn read_secret_files(&mut self) -> Vec<String> {
        let mut problems = Vec::new();
        for (flag, file, secrets) in [
            ("--api-key", &self.api_key_file, &mut self.api_key),
            ("--receiver-key", &self.receiver_key_file, &mut self.receiver_key),
            ("--admin-token", &self.admin_token_file, &mut self.admin_token),
            ("--edge-secret", &self.edge_secret_file, &mut self.edge_secret),
        ] {
            match secret_file::several(flag, file.as_deref()) {
                Ok(Some(read)) => *secrets = read,
                Ok(None) => {}
                Err(problem) => problems.push(problem),
            }
        }
        match secret_file::one("--remote-key", self.remote_key.as_deref(), self.remote_key_file.as_deref()) {
            Ok(key) => self.remote_key = key,
            Err(problem) => problems.push(problem),
        }
        problems
    }

    /// Everything wrong with it, at once (exit code 2).
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, url, schemes) in [
            (
                "SMS_BRIDGE_HOT_URL",
                &self.hot_url,
                &["redis", "rediss", "redis+sentinel", "rediss+sentinel"][..],
            ),
            ("SMS_BRIDGE_AUDIT_URL", &self.audit_url, &["postgres", "postgresql"][..]),
        ] {
            if url != EMBEDDED && !schemes.contains(&scheme(url)) {
                let known = schemes.join("://… or ");
                problems.push(format!("{name} must be \"{EMBEDDED}\" or {known}://…, not {:?}", scheme(url)));
            }
        }
        if self.audit_pool == 0 {
            problems.push("SMS_BRIDGE_AUDIT_POOL must be at least 1".to_owned());
        }
        for (name, secrets) in [
            ("SMS_BRIDGE_API_KEY", &self.api_key),
            ("SMS_BRIDGE_RECEIVER_KEY", &self.receiver_key),
            ("SMS_BRIDGE_ADMIN_TOKEN", &self.admin_token),
        ] {
            problems.extend(secrets.iter().filter_map(|s| secrets::weak(s)).map(|why| {
                format!("{name} {why}: use a long random text, or leave it out and one is generated")
            }));
        }
        // A variable that is set to nothing is not set.
        let edge = || self.edge_secret.iter().filter(|secret| !secret.is_empty());
        problems.extend(edge().filter_map(|secret| secrets::weak(secret)).map(|why| {
            format!(
                "SMS_BRIDGE_EDGE_SECRET {why}: use a long random text, the same as EDGE_SECRET of the edge"
            )
        }));
        if edge().count() > EDGE_SECRETS_MAX {
            problems.push(format!("SMS_BRIDGE_EDGE_SECRET must be at most {EDGE_SECRETS_MAX} secrets: the new one and the old one"));
        }
        if let Some(url) = &self.public_url
            && !reqwest::Url::parse(url).is_ok_and(|u| matches!(u.scheme(), "http" | "https") && u.has_host())
        {
            problems.push(format!("SMS_BRIDGE_PUBLIC_URL must be like https://sms.example.org, not {url:?}"));
        }
        // Beside the stores of a real bridge nobody could tell what is real.
        for (name, is_given) in [
            ("SMS_BRIDGE_HOT_URL", self.hot_url != EMBEDDED),
            ("SMS_BRIDGE_AUDIT_URL", self.audit_url != EMBEDDED),
            ("SMS_BRIDGE_REMOTE_URL", self.remote_url.is_some()),
        ] {
            if self.sandbox && is_given {
                problems.push(format!("a sandbox keeps everything in its own data folder: leave {name} out"));
            }
        }
        if self.connections == Some(0) {
            problems.push("SMS_BRIDGE_CONNECTIONS must be at least 1".to_owned());
        }
        if self.worker_threads == Some(0) {
            problems.push("SMS_BRIDGE_WORKER_THREADS must be at least 1".to_owned());
        }
        if let Some(log) = &self.log
            && let Err(error) = tracing_subscriber::EnvFilter::builder().parse(log)
        {
            problems.push(format!("SMS_BRIDGE_LOG is no log filter: {error}"));
        }
        problems
    }

    /// Where migrations go.
    #[must_use]
    pub fn direct_url(&self) -> &str {
        self.audit_direct_url.as_deref().unwrap_or(&self.audit_url)
    }

    /// The start values of a bridge.
    #[must_use]
    pub fn options(&self) -> Options {
        let backend = |url: &str, server| if url == EMBEDDED { Backend::Embedded } else { server };
        Options {
            data_dir: self.data_dir.clone(),
            secrets: Given {
                api: self.api_key.clone(),
                receiver: self.receiver_key.clone(),
                admin: self.admin_token.clone(),
                edge: self.edge_secret.iter().filter(|secret| !secret.is_empty()).cloned().collect(),
            },
            public_url: self.public_url.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            proxy_header: match self.proxy_header {
                Header::XForwardedFor => ProxyHeader::XForwardedFor,
                Header::CfConnectingIp => ProxyHeader::CfConnectingIp,
            },
            connections: self.connections.unwrap_or_else(descriptors::connections),
            has_private_listener: self.private_bind.is_some(),
            log_is_given: self.log.is_some(),
            disk_floor_bytes: u64::from(self.disk_floor_mib) * 1024 * 1024,
            webhook_allow: self.webhook_allow.clone(),
            backends: Backends {
                hot: backend(&self.hot_url, Backend::Redis),
                audit: backend(&self.audit_url, Backend::PostgreSql),
            },
            elsewhere: Elsewhere {
                hot: place(&self.hot_url),
                audit: place(&self.audit_url),
                remote: self.remote_url.as_deref().map_or(Place::Here, place),
            },
            is_sandbox: self.sandbox,
            built: built(),
        }
    }
}

/// Where does it run, as far as its address says?
fn place(url: &str) -> Place {
    if let Some((_, rest)) = url.split_once("+sentinel://") {
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let hosts = authority.rsplit('@').next().unwrap_or_default();
        let elsewhere = |host| place(&format!("redis://{host}")) == Place::Elsewhere;
        return if hosts.split(',').any(elsewhere) { Place::Elsewhere } else { Place::Beside };
    }
    let Ok(url) = reqwest::Url::parse(url) else { return Place::Here };
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let is_beside = match host.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback() || address.is_unspecified(),
        // The folder of a socket is written so.
        Err(_) => {
            host.is_empty() || host == "localhost" || host.starts_with("%2F") || host.starts_with("%2f")
        }
    };
    if is_beside { Place::Beside } else { Place::Elsewhere }
}

/// This program is newer than any clock before.
const BUILT_AFTER: Timestamp = Timestamp(1_767_225_600_000);

/// When its source was committed.
fn built() -> Timestamp {
    let committed = env!("SMS_BRIDGE_COMMITTED").parse::<i64>().unwrap_or(0);
    BUILT_AFTER.max(Timestamp(committed.saturating_mul(1_000)))
}

/// Enough of a URL to recognise it, and no password in it.
pub(crate) fn scheme(url: &str) -> &str {
    url.split(':').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// D49: another machine tells the time, this one does not.
    #[test]
    fn an_address_says_whose_clock_a_neighbour_has() {
        for (url, expected) in [
            ("embedded", Place::Here),
            ("redis://127.0.0.1:6379", Place::Beside),
            ("redis://[::1]:6379", Place::Beside),
            ("redis://[::ffff:127.0.0.1]:6379", Place::Beside),
            ("postgres://bridge:p@localhost:6432/sms_bridge", Place::Beside),
            ("postgres:///sms_bridge", Place::Beside),
            ("postgres://bridge@%2Fvar%2Frun%2Fpostgresql/sms_bridge", Place::Beside),
            ("redis://10.0.0.7", Place::Elsewhere),
            ("postgres://bridge:p@db.example/sms_bridge", Place::Elsewhere),
            ("https://project.example/rest/v1", Place::Elsewhere),
            ("redis+sentinel://127.0.0.1:26379,10.0.0.7:26379/mymaster", Place::Elsewhere),
            ("redis+sentinel://:secret@127.0.0.1:26379,localhost:26380/mymaster", Place::Beside),
        ] {
            assert_eq!(place(url), expected, "{url}");
        }
    }
}
