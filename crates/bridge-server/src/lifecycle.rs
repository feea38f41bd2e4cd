//! Starting and stopping: listeners and workers up, then down in an order that loses nothing. A second
//! signal, or time running out, ends what is left at once: everything acknowledged is durable already.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Config;
use crate::descriptors;
use crate::opening::{self, StoresError};
use bridge_app::base::clock::{Clock, Entropy};
use bridge_app::base::data_file;
use bridge_app::base::deadline;
use bridge_app::bridge::App;
use bridge_app::durability::store_monitor::{self, StoreMonitor};
use bridge_app::open::{self, OpenError, Opened};
use bridge_app::peer_events;
use bridge_app::sandbox;
use bridge_app::workers;
use bridge_app::workers::supervisor;
use bridge_http;
use bridge_http::lab;
use bridge_http::lab::Lab;
use bridge_http::listen;
use bridge_http::state::Served;
use bridge_store::folder;
use bridge_store::private;

/// Where the running bridge notes its address for the command line tools.
const NOTE: &str = "bridge.json";

/// What a running bridge notes about itself in the data folder.
#[derive(Debug, Serialize, Deserialize)]
pub struct Note {
    /// Where the API answers.
    pub url: String,
    /// Where the admin API answers.
    pub admin_url: String,
    /// The process.
    pub pid: u32,
}

impl Note {
    /// The note of the bridge that runs on this folder. One that others may have written is refused: the admin token
    /// goes where it says. So is one of a bridge that was killed: somebody else may listen there now.
    pub fn read(data_dir: &Path) -> std::io::Result<Note> {
        let text = std::io::read_to_string(private::open_trusted(&data_dir.join(NOTE))?)?;
        if !folder::is_in_use(data_dir) {
            return Err(std::io::Error::new(std::io::ErrorKind::NotFound, "no bridge runs on this folder"));
        }
        serde_json::from_str(&text).map_err(std::io::Error::other)
    }
}

/// Why the bridge cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder or a store.
    #[error(transparent)]
    Stores(#[from] StoresError),
    /// What is in the data folder.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// What a command reads before it starts a bridge inside: the configuration file, a secret that is given as a file.
    #[error("{0}")]
    Configuration(String),
    /// The signals that stop it.
    #[error("cannot listen for SIGTERM and SIGINT: {0}")]
    Signals(#[source] std::io::Error),
    /// A listener.
    #[error("cannot listen on {address}: {source}{}", hint(.source, .flag))]
    Listen {
        /// The flag that says where.
        flag: &'static str,
        /// The address that was asked for.
        address: std::net::SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The note for command line tools.
    #[error("cannot write {path}: {source}", path = .path.display())]
    Note {
        /// Which file.
        path: std::path::PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

fn hint(error: &std::io::Error, flag: &str) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!(": another program uses this port; give another one with {flag} 127.0.0.1:PORT")
        }
        _ => String::new(),
    }
}

/// Opens the bridge that the configuration describes.
pub async fn open(config: &Config, clock: Clock, entropy: Entropy) -> Result<Opened, StartError> {
    // Before the options count them.
    descriptors::raise();
    let (folder, stores) = opening::open(config).await?;
    Ok(open::open(folder, config.options(), stores, clock, entropy).await?)
}

/// A bridge that accepts requests.
pub struct Running {
    /// The bridge.
    pub app: Arc<App>,
    /// Its Test Lab.
    pub lab: Arc<Lab>,
    /// Who watches over its stores.
    pub monitor: Arc<tokio::sync::Mutex<StoreMonitor>>,
    /// Where the API listens.
    pub address: SocketAddr,
    /// Where the private listener listens.
    pub private_address: Option<SocketAddr>,
    http: TaskTracker,
    work: TaskTracker,
    accept_stop: CancellationToken,
    soft: CancellationToken,
    hard: CancellationToken,
}

/// Opens the listeners and starts everything.
pub async fn start(config: &Config, opened: Opened) -> Result<Running, StartError> {
    let Opened { app, monitor } = opened;
    let monitor = Arc::new(tokio::sync::Mutex::new(monitor));
    let lab = Arc::new(Lab::new(opening::for_the_lab()));
    let listener = bind("--bind", config.bind).await?;
    let private = match config.private_bind {
        Some(address) => Some(bind("--private-bind", address).await?),
        None => None,
    };
    let address_of = |listener: &TcpListener| listener.local_addr();
    let listen_error = |source| StartError::Listen { flag: "--bind", address: config.bind, source };
    let address = address_of(&listener).map_err(listen_error)?;
    let private_address = private.as_ref().map(address_of).transpose().map_err(listen_error)?;
    note(&app, address, private_address)?;
    app.reserve.take();
    // Set once: a bridge starts once.
    let _ = app.address.set(address);

    let (http, work) = (TaskTracker::new(), TaskTracker::new());
    let (accept_stop, soft, hard) =
        (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
    work.spawn(peer_events::follow(app.clone(), soft.clone()));
    work.spawn(store_monitor::run(app.clone(), monitor.clone(), soft.clone()));
    work.spawn(lab::run(lab.clone(), app.clone(), soft.clone()));
    if app.sandbox.is_on() {
        work.spawn(sandbox::run(app.clone(), soft.clone()));
    }
    for worker in workers::all() {
        work.spawn(supervisor::run(worker, app.clone(), soft.clone(), hard.clone()));
    }
    let served = Served { app: app.clone(), lab: lab.clone() };
    let (public_router, private_router) =
        bridge_http::routers(&served, bridge_desk::router(&served), bridge_page::router(&served));
    let has_desk = private_router.is_none();
    let public_router = bridge_desk::doors::hang(public_router, &served, has_desk);
    let private_router = private_router.map(|router| bridge_desk::doors::hang(router, &served, true));
    http.spawn(listen::serve(listener, public_router, app.clone(), accept_stop.clone()));
    if let Some((listener, router)) = private.zip(private_router) {
        http.spawn(listen::serve(listener, router, app.clone(), accept_stop.clone()));
    }
    Ok(Running { app, lab, monitor, address, private_address, http, work, accept_stop, soft, hard })
}

async fn bind(flag: &'static str, address: SocketAddr) -> Result<TcpListener, StartError> {
    listen::bind(address).await.map_err(|source| StartError::Listen { flag, address, source })
}

fn note(app: &App, address: SocketAddr, private: Option<SocketAddr>) -> Result<(), StartError> {
    let url = |address: SocketAddr| format!("http://{address}");
    let note =
        Note { url: url(address), admin_url: url(private.unwrap_or(address)), pid: std::process::id() };
    let path: PathBuf = app.options.data_dir.join(NOTE);
    data_file::write_json(&path, &note).map_err(|source| StartError::Note { path, source })
}

impl Running {
    /// Stops: no new connections, streams end, open requests finish, workers move what waits.
    pub async fn stop(self) {
        self.app.stopping.cancel();
        self.accept_stop.cancel();
        self.http.close();
        self.http.wait().await;
        self.soft.cancel();
        self.work.close();
        let drained = async {
            self.work.wait().await;
            supervisor::drain_all(&self.app).await;
        };
        tokio::select! {
            () = drained => {}
            () = self.hard.cancelled() => tracing::warn!("stopped before everything was written; it will be after the next start"),
            () = tokio::time::sleep(deadline::DRAIN) => {
                tracing::warn!("not everything was written in time; it will be after the next start");
                self.hard.cancel();
            }
        }
        self.work.wait().await;
        self.monitor.lock().await.leave(&self.app).await;
        self.app.incidents.stopped(self.app.clock.now());
        let _ = std::fs::remove_file(self.app.options.data_dir.join(NOTE));
    }

    /// Ends workers where they are; for the second signal.
    #[must_use]
    pub fn hard_stop(&self) -> CancellationToken {
        self.hard.clone()
    }
}

/// SIGTERM and SIGINT, from the moment they are listened for: one that comes before somebody waits for it
/// is not lost, and does not end the process without draining.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Begins to listen.
    pub fn listen() -> std::io::Result<Signals> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Resolves at the next one.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
