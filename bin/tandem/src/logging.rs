//! Log lines go to the standard error, as text or JSON, at a level that can change at run time.

use parking_lot::Mutex;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::{Registry, fmt};

use crate::config::{Log, LogFormat};

static LEVEL: Mutex<Option<Handle<LevelFilter, Registry>>> = Mutex::new(None);

pub(crate) fn start(log: Log) {
    let (filter, handle) = reload::Layer::new(LevelFilter::from_level(log.level));
    *LEVEL.lock() = Some(handle);
    let registry = tracing_subscriber::registry().with(filter);
    let set = match log.format {
        LogFormat::Text => {
            let is_terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
            let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(is_terminal);
            tracing::subscriber::set_global_default(registry.with(lines.with_target(false)))
        }
        LogFormat::Json => {
            let lines = fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
            tracing::subscriber::set_global_default(registry.with(lines))
        }
    };
    // A second start in one process (only tests do that) keeps the first one's lines.
    let _ = set;
}

pub(crate) fn set_level(level: tracing::Level) -> Result<(), String> {
    match LEVEL.lock().as_ref() {
        Some(handle) => {
            handle.reload(LevelFilter::from_level(level)).map_err(|error| error.to_string())
        }
        None => Ok(()),
    }
}
