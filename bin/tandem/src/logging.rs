//! Log lines go to the standard error or a file, as text or JSON, at a level that can change at
//! run time.

use std::fs::File;
use std::io::IsTerminal;

use parking_lot::Mutex;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload::{self, Handle};
use tracing_subscriber::{Registry, fmt};

use crate::config::{Log, LogFormat};

static LEVEL: Mutex<Option<Handle<LevelFilter, Registry>>> = Mutex::new(None);

pub(crate) fn start(log: &Log) -> Result<(), String> {
    let (writer, is_terminal) = match &log.file {
        None => (BoxMakeWriter::new(std::io::stderr), std::io::stderr().is_terminal()),
        Some(path) => {
            let file = File::options().create(true).append(true).open(path);
            let file = file.map_err(|e| format!("cannot log to {}: {e}", path.display()))?;
            (BoxMakeWriter::new(std::sync::Arc::new(file)), false)
        }
    };
    let (filter, handle) = reload::Layer::new(LevelFilter::from_level(log.level));
    *LEVEL.lock() = Some(handle);
    let registry = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer().with_target(false).with_writer(writer);
    let set = match log.format {
        LogFormat::Text => {
            tracing::subscriber::set_global_default(registry.with(lines.with_ansi(is_terminal)))
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true);
            tracing::subscriber::set_global_default(registry.with(lines))
        }
    };
    set.map_err(|e| e.to_string())
}

pub(crate) fn set_level(level: tracing::Level) -> Result<(), String> {
    match LEVEL.lock().as_ref() {
        Some(handle) => {
            handle.reload(LevelFilter::from_level(level)).map_err(|error| error.to_string())
        }
        None => Ok(()),
    }
}
