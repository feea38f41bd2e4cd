//! The Test Lab: a bridge of its own inside this one, on a temporary folder, with simulated phones, a clock that can be
//! set forward and the live settings of the real bridge. It opens embedded stores and no remote, so nothing in it ever
//! reaches the real stores or the outside. At most one at a time; it ends when nobody has used it for half an hour.

mod list;
pub mod presets;
pub mod sandbox;

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use bridge_core::{Span, Timestamp};
use bridge_store::StoreError;
use bridge_store::folder::FolderLock;
use serde_json::Value;
use tokio::sync::{MappedMutexGuard, MutexGuard, broadcast};
use tokio_util::sync::CancellationToken;

pub use self::list::{List, ROWS_MAX};
pub use self::sandbox::{Event, Kind, RECEIVER, Sandbox, Sending};
use bridge_app::bridge::App;
use bridge_app::open::OpenError;
use bridge_app::stores::Stores;

/// A sandbox that nobody used for so long ends.
pub const UNUSED_FOR: Span = Span(30 * 60_000);
/// What a registration in the lab is called.
const REGISTERS: &str = "a simulated user registers";
/// Between two looks whether it is still used.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// Events that a new page shows.
const RECENT: usize = 100;
/// Events that a slow page may lie behind.
const FEED: usize = 1_024;
/// The clock of a sandbox goes forward at most this far at once: no setting counts longer.
pub const FORWARD_MAX: Span = Span(366 * 86_400_000);

/// Why the lab cannot do it.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The bridge stops.
    #[error("the bridge is stopping")]
    Stopping,
    /// No temporary folder.
    #[error("there is no temporary folder for the Test Lab: {0}")]
    Folder(#[source] std::io::Error),
    /// Its bridge does not start.
    #[error("the bridge of the Test Lab does not start: {0}")]
    Open(#[from] OpenError),
    /// Its stores cannot be opened.
    #[error("the stores of the Test Lab cannot be opened: {0}")]
    Stores(#[source] Unopened),
    /// A store does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What was asked for cannot be.
    #[error("{0}")]
    Wrong(String),
}

/// Why stores could not be opened, in the words of the function that tried.
pub type Unopened = Box<dyn std::error::Error + Send + Sync>;

/// Opens embedded stores in a folder.
pub type OpenStores = Box<dyn Fn(&Path) -> Result<(FolderLock, Stores), Unopened> + Send + Sync>;

/// What a lab is made with. Handed in, because it knows no backend and no route.
pub struct Kit {
    /// Opens the stores of its bridge.
    pub open_stores: OpenStores,
    /// Every route of its bridge.
    pub router: fn(&Arc<App>) -> Router,
}

/// The lab of one bridge; empty until it is first used.
pub struct Lab {
    kit: Kit,
    sandbox: tokio::sync::Mutex<Option<Sandbox>>,
    recent: Mutex<VecDeque<Arc<Event>>>,
    feed: broadcast::Sender<Arc<Event>>,
}

impl Lab {
    /// A lab that nobody has used yet.
    #[must_use]
    pub fn new(kit: Kit) -> Lab {
        Lab {
            kit,
            sandbox: tokio::sync::Mutex::default(),
            recent: Mutex::default(),
            feed: broadcast::Sender::new(FEED),
        }
    }

    /// The sandbox, begun now if there is none: with the settings and the time of the real bridge.
    async fn enter(&self, app: &App) -> Result<MappedMutexGuard<'_, Sandbox>, LabError> {
        let mut place = self.sandbox.lock().await;
        if app.stopping.is_cancelled() {
            return Err(LabError::Stopping);
        }
        if place.is_none() {
            *place = Some(Sandbox::open(&self.kit, &app.entropy, app.clock.now()).await?);
        }
        let mut sandbox = MutexGuard::try_map(place, Option::as_mut).map_err(|_| LabError::Stopping)?;
        sandbox.follow(&app.live.rows(), app.clock.now());
        Ok(sandbox)
    }

    /// Registers a simulated user.
    pub async fn register(&self, app: &App, fields: &Value) -> Result<Arc<Event>, LabError> {
        let event = self.enter(app).await?.register(fields, REGISTERS).await?;
        Ok(self.tell(event))
    }

    /// Sends an SMS as a simulated phone.
    pub async fn send(&self, app: &App, sending: Sending) -> Result<Arc<Event>, LabError> {
        let event = self.enter(app).await?.send(sending).await?;
        Ok(self.tell(event))
    }

    /// Plays a preset.
    pub async fn play(&self, app: &App, name: &str) -> Result<Vec<Arc<Event>>, LabError> {
        let preset = presets::find(name)
            .ok_or_else(|| LabError::Wrong(format!("there is no preset {name:?}: see /admin/lab")))?;
        let mut sandbox = self.enter(app).await?;
        let mut events = Vec::new();
        preset.play(&mut sandbox, &mut |event| events.push(self.tell(event))).await?;
        Ok(events)
    }

    /// Sets the clock of the sandbox forward. What is due by then is done. Answers what time it is there.
    pub async fn forward(&self, app: &App, by: Span) -> Result<Timestamp, LabError> {
        if !(Span(1)..=FORWARD_MAX).contains(&by) {
            return Err(LabError::Wrong(format!("the clock goes forward by up to {FORWARD_MAX}")));
        }
        let mut sandbox = self.enter(app).await?;
        sandbox.forward(by).await;
        Ok(sandbox.now())
    }

    /// What time it is in the sandbox, and how far that is ahead; nothing where there is none.
    pub async fn time(&self) -> Option<(Timestamp, Span)> {
        self.sandbox.lock().await.as_ref().map(|sandbox| (sandbox.now(), sandbox.ahead()))
    }

    /// The last events, oldest first.
    #[must_use]
    pub fn recent(&self) -> Vec<Arc<Event>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Events as they happen. A slow reader misses some.
    #[must_use]
    pub fn feed(&self) -> broadcast::Receiver<Arc<Event>> {
        self.feed.subscribe()
    }

    fn tell(&self, event: Event) -> Arc<Event> {
        let event = Arc::new(event);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if recent.len() == RECENT {
            recent.pop_front();
        }
        recent.push_back(event.clone());
        // Nobody may be listening.
        let _ = self.feed.send(event.clone());
        event
    }

    /// Ends the sandbox: its folder and all that happened in it are gone. False: there was none.
    pub async fn end(&self) -> bool {
        let ended = self.sandbox.lock().await.take();
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).clear();
        ended.is_some()
    }

    /// Ends it if nobody has used it for [`UNUSED_FOR`].
    pub async fn end_if_unused(&self, now: Timestamp) {
        let unused = self.sandbox.lock().await.as_ref().is_some_and(|s| now - s.used_at() >= UNUSED_FOR);
        if unused {
            self.end().await;
        }
    }
}

/// Ends the sandbox when nobody uses it, and when the bridge stops.
pub async fn run(lab: Arc<Lab>, app: Arc<App>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(LOOK_EVERY) => lab.end_if_unused(app.clock.now()).await,
        }
    }
    lab.end().await;
}
