//! The machines of one run: bridges, and for the real stores Redis, PostgreSQL, PgBouncer and a remote, each reached
//! through a proxy that can cut. Starts and ends them; what happens to them meanwhile is `faults`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use hyper::{Method, StatusCode};
use test_servers::{
    Pgbouncer, Postgres, Postgrest, Program, Proxy, Server, pgbouncer, postgres, redis, supabase,
};

use super::app::App;
use super::hot::Hot;
use super::schedule::Target;
use crate::{Outcome, client, remote};

pub(crate) const API_KEY: &str = "chaos-api-key-0123456789abcdef0123456789abcdef";
pub(crate) const RECEIVER_KEY: &str = "chaos-receiver-key-0123456789abcdef01234567";
pub(crate) const ADMIN_TOKEN: &str = "chaos-admin-token-0123456789abcdef012345678";

/// What the bridges keep their data in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    /// One bridge on its own files.
    Embedded,
    /// Two bridges on Redis, PostgreSQL behind PgBouncer, and a remote PostgreSQL.
    Real,
    /// The same with a remote behind PostgREST, as Supabase has it.
    Supabase,
    /// The same with Valkey instead of Redis.
    Valkey,
    /// The same with a Redis primary and a replica that three Sentinels watch.
    Sentinel,
}

/// A run's machines. Dropped, they end: the bridges first.
pub(crate) struct Cluster {
    pub(crate) bridges: Vec<Program>,
    pub(crate) app: App,
    pub(crate) stores: Option<Stores>,
}

pub(crate) struct Stores {
    pub(crate) audit_link: Proxy,
    pub(crate) remote_link: Proxy,
    pub(crate) hot: Hot,
    pub(crate) pgbouncer: Pgbouncer,
    pub(crate) postgres: Postgres,
    pub(crate) remote: Remote,
}

/// What stands for Supabase.
pub(crate) struct Remote {
    api: Option<Postgrest>,
    pub(crate) database: Postgres,
}

/// The database of the bridges in PostgreSQL, and of the remote in its own.
pub(crate) const DATABASE: &str = "postgres";
const WEBHOOKS: &str = "/admin/webhooks";
/// Short intervals, so that a run drains fast; limits that no retry of ours reaches; clocks that may be off.
const SETTINGS: &[(&str, &str)] = &[
    ("user_timelimit_seconds", "7200"),
    ("clock_skew_tolerance_seconds", "600"),
    ("registrations_per_mobile_per_hour", "1000"),
    ("local_sync_interval_seconds", "1"),
    ("hetzner_sync_interval_seconds", "1"),
    ("onboarding_sync_interval_seconds", "1"),
    ("blacklist_check_interval_seconds", "1"),
    ("counter_sync_interval_seconds", "1"),
    ("cleanup_interval_seconds", "1"),
    ("replay_interval_seconds", "1"),
    // Many small dumps: more moments at which one can be torn.
    ("batch_size", "100"),
];

impl Cluster {
    pub(crate) fn start(kind: Kind, binary: &Path) -> Outcome<Cluster> {
        let (stores, bridges) = match kind {
            Kind::Embedded => (None, 1),
            Kind::Real | Kind::Supabase | Kind::Valkey | Kind::Sentinel => (Some(Stores::start(kind)?), 2),
        };
        let mut environment: Vec<(&'static str, String)> = vec![
            ("SMS_BRIDGE_API_KEY", API_KEY.to_owned()),
            ("SMS_BRIDGE_RECEIVER_KEY", RECEIVER_KEY.to_owned()),
            ("SMS_BRIDGE_ADMIN_TOKEN", ADMIN_TOKEN.to_owned()),
            ("SMS_BRIDGE_WEBHOOK_ALLOW", "127.0.0.0/8".to_owned()),
        ];
        if let Some(stores) = &stores {
            environment.extend(stores.environment()?);
        }
        let bridges = (0..bridges).map(|_| bridge(binary.to_owned(), environment.clone()));
        Ok(Cluster { bridges: bridges.collect::<Outcome<_>>()?, app: App::start()?, stores })
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.bridges.iter().map(|bridge| SocketAddr::from((Ipv4Addr::LOCALHOST, bridge.port()))).collect()
    }

    /// Adds the app, and changes the settings that make a run fast and its outcome certain.
    pub(crate) async fn configure(&self) -> Outcome {
        let Some(bridge) = self.addresses().into_iter().next() else { return Ok(()) };
        let body = Bytes::from(format!("{{\"url\": \"{}\"}}", self.app.url()));
        let route = client::Route::new(Method::POST, bridge, WEBHOOKS, Some(ADMIN_TOKEN))?;
        let (status, answer) = client::once(bridge, &route, body).await?;
        if status != StatusCode::CREATED {
            return Err(format!("adding the app: {status} {}", String::from_utf8_lossy(&answer)).into());
        }
        for (key, value) in SETTINGS {
            let route = client::Route::new(
                Method::PUT,
                bridge,
                &format!("/admin/settings/{key}"),
                Some(ADMIN_TOKEN),
            )?;
            let body = Bytes::from(format!("{{\"value\": {value}}}"));
            let (status, answer) = client::once(bridge, &route, body).await?;
            if status != StatusCode::OK {
                return Err(format!("setting {key}: {status} {}", String::from_utf8_lossy(&answer)).into());
            }
        }
        Ok(())
    }

    /// As an operator does whose app is well again: what waits for hours is tried at once.
    pub(crate) async fn app_is_well(&self) -> Outcome {
        for bridge in self.addresses() {
            let route = client::Route::new(Method::GET, bridge, WEBHOOKS, Some(ADMIN_TOKEN))?;
            let (_, listed) = client::once(bridge, &route, Bytes::new()).await?;
            let listed: serde_json::Value = serde_json::from_slice(&listed)?;
            let id = listed["items"][0]["id"].as_str().unwrap_or_default();
            let path = format!("{WEBHOOKS}/{id}");
            let route = client::Route::new(Method::PATCH, bridge, &path, Some(ADMIN_TOKEN))?;
            if client::once(bridge, &route, Bytes::from_static(b"{\"enabled\": true}")).await?.0
                == StatusCode::OK
            {
                return Ok(());
            }
        }
        Err("no bridge lets the app be changed".into())
    }

    /// The server that is hit, if the target is one and there is one.
    pub(crate) fn server(&self, target: Target) -> Option<&dyn Server> {
        if let Target::Bridge(n) = target {
            return self.bridges.get(n).map(|bridge| bridge as &dyn Server);
        }
        let stores = self.stores.as_ref()?;
        match target {
            Target::Redis => Some(stores.hot.primary()),
            Target::Postgres => Some(&stores.postgres),
            Target::Pgbouncer => Some(&stores.pgbouncer),
            Target::Remote => Some(stores.remote.server()),
            Target::Bridge(_)
            | Target::Sentinels
            | Target::App
            | Target::HotLink
            | Target::AuditLink
            | Target::RemoteLink => None,
        }
    }

    pub(crate) fn link(&self, target: Target) -> Option<&Proxy> {
        let stores = self.stores.as_ref()?;
        match target {
            Target::HotLink => stores.hot.link(),
            Target::AuditLink => Some(&stores.audit_link),
            Target::RemoteLink => Some(&stores.remote_link),
            _ => None,
        }
    }

    /// Every server with a name for its files.
    pub(crate) fn folders(&self) -> Vec<(String, PathBuf)> {
        let mut all: Vec<(String, &dyn Server)> = Vec::new();
        for (n, bridge) in self.bridges.iter().enumerate() {
            all.push((format!("bridge-{}", if n == 0 { "a" } else { "b" }), bridge));
        }
        if let Some(stores) = &self.stores {
            for (n, node) in stores.hot.nodes().iter().enumerate() {
                let name = if n == 0 { "redis".to_owned() } else { format!("redis-{n}") };
                all.push((name, node));
            }
            for (n, sentinel) in stores.hot.sentinels().iter().enumerate() {
                all.push((format!("sentinel-{n}"), sentinel));
            }
            all.push(("postgres".to_owned(), &stores.postgres));
            all.push(("pgbouncer".to_owned(), &stores.pgbouncer));
            all.push(("remote".to_owned(), stores.remote.server()));
        }
        let folder = |server: &dyn Server| server.data_dir().parent().map(Path::to_owned);
        all.into_iter().filter_map(|(name, server)| Some((name, folder(server)?))).collect()
    }
}

impl Stores {
    fn start(kind: Kind) -> Outcome<Stores> {
        let flavour = if kind == Kind::Valkey { redis::Flavour::Valkey } else { redis::Flavour::Redis };
        let options = redis::Options { flavour, ..redis::Options::default() };
        let hot = if kind == Kind::Sentinel { Hot::watched(&options)? } else { Hot::one(&options)? };
        let postgres = Postgres::start(&postgres::Options::default())?;
        let pgbouncer =
            Pgbouncer::start(&postgres, &pgbouncer::Options { pool_size: 6, ..Default::default() })?;
        let remote = Remote::start(kind == Kind::Supabase)?;
        Ok(Stores {
            audit_link: Proxy::start(pgbouncer.port())?,
            remote_link: Proxy::start(port_in(&remote.url())?)?,
            hot,
            pgbouncer,
            postgres,
            remote,
        })
    }

    fn environment(&self) -> Outcome<Vec<(&'static str, String)>> {
        let mut all = vec![
            ("SMS_BRIDGE_HOT_URL", self.hot.url()),
            ("SMS_BRIDGE_AUDIT_URL", self.audit_link.url(&self.pgbouncer.url_of(DATABASE))),
            ("SMS_BRIDGE_AUDIT_DIRECT_URL", self.postgres.url_of(DATABASE)),
            ("SMS_BRIDGE_REMOTE_URL", self.remote_link.url(&self.remote.url())),
        ];
        if let Some(api) = &self.remote.api {
            all.push(("SMS_BRIDGE_REMOTE_KEY", api.key(supabase::SERVICE_ROLE)?));
        }
        Ok(all)
    }
}

impl Remote {
    fn start(behind_api: bool) -> Outcome<Remote> {
        let database = remote::start(DATABASE)?;
        let api = if behind_api { Some(Postgrest::start(&database, DATABASE)?) } else { None };
        Ok(Remote { api, database })
    }

    fn url(&self) -> String {
        self.api.as_ref().map_or_else(|| self.database.url_of(DATABASE), Server::url)
    }

    /// What is killed and stopped.
    fn server(&self) -> &dyn Server {
        match &self.api {
            Some(api) => api,
            None => &self.database,
        }
    }
}

fn port_in(url: &str) -> Outcome<u16> {
    let after = url.split("127.0.0.1:").nth(1).unwrap_or_default();
    let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().map_err(|_| format!("no port in {url}").into())
}

fn bridge(binary: PathBuf, environment: Vec<(&'static str, String)>) -> Outcome<Program> {
    let started = Program::start("sms-bridge", binary, move |command, port, data| {
        command.env_clear().envs(environment.iter().map(|(key, value)| (key, value)));
        command.env("SMS_BRIDGE_BIND", format!("127.0.0.1:{port}")).env("SMS_BRIDGE_DATA_DIR", data);
    });
    Ok(started?)
}
