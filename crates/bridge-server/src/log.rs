//! Logs: to standard error, as text on a terminal and as JSON elsewhere. How much follows the setting
//! `log_level` while the bridge runs, unless `SMS_BRIDGE_LOG` was given.

use std::io::IsTerminal;

use bridge_core::settings::LogLevel;
use tracing_subscriber::filter::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry};

use bridge_app::state::settings::LiveSettings;

/// Changes how much is logged.
pub struct LogLevels(Option<Handle<EnvFilter, Registry>>);

fn filter(level: LogLevel) -> EnvFilter {
    let word = match level {
        LogLevel::Trace => "trace",
        LogLevel::Debug => "debug",
        LogLevel::Info => "info",
        LogLevel::Warning => "warn",
        LogLevel::Error => "error",
    };
    EnvFilter::new(word)
}

/// Begins to log. Once per process: a second call changes nothing.
#[must_use]
pub fn init(given: Option<&str>) -> LogLevels {
    let first = given.map_or_else(|| filter(LogLevel::Info), EnvFilter::new);
    let (filter, handle) = reload::Layer::new(first);
    let terminal = std::io::stderr().is_terminal();
    let text =
        tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(terminal);
    let layer = if terminal { text.boxed() } else { text.json().flatten_event(true).boxed() };
    let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
    LogLevels(given.is_none().then_some(handle))
}

impl LogLevels {
    /// Follows the setting until the settings end.
    pub async fn follow(self, live: &LiveSettings) {
        let Some(handle) = self.0 else { return };
        let mut changes = live.subscribe();
        loop {
            let level = live.now().log_level;
            let _ = handle.reload(filter(level));
            while live.now().log_level == level {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        }
    }
}
