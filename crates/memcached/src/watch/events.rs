//! The events that can be watched, in memcached's words. Only called while somebody watches.

use std::io::Write as _;
use std::sync::Arc;

use tandem_engine::{Item, Key, Observer, Value};

use crate::classes::Classes;
use crate::clients::ClientHandle;
use crate::ops::{self, Mode, More, Store, Unstorable};
use crate::run::Cx;
use crate::server::Server;
use crate::watch::{CONNECTIONS, DELETIONS, EVICTIONS, FETCHERS, Hub, MUTATIONS, OF_COMMANDS};

/// What became of a store, beyond what `ops` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    By(ops::Stored),
    TooLarge,
}

impl Cx<'_> {
    /// True while a command has to tell watchers what it does.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.server.hub.hears(OF_COMMANDS)
    }

    /// A command is about to look for an item. True while it has to tell watchers what it does.
    #[inline]
    pub(crate) fn watch_look(&self, key: Key<'_>) -> bool {
        let is_watched = self.is_watched();
        if is_watched {
            self.tell_look(key);
        }
        is_watched
    }

    #[cold]
    #[inline(never)]
    fn tell_look(&self, key: Key<'_>) {
        let found = self.view(key).peek(key).map(|it| (self.server.classes.of(&it), bytes_of(&it)));
        let status = if found.is_some() { "found" } else { "not_found" };
        let (cfd, (class, size)) = (self.handle.id, found.unwrap_or_default());
        self.tell_watchers(FETCHERS, |line| {
            line.extend_from_slice(b"type=item_get ");
            put_key(line, key.name);
            let _ = write!(line, " status={status} clsid={class} cfd={cfd} size={size}");
        });
    }

    /// A store of so many bytes has ended.
    #[cold]
    #[inline(never)]
    pub(crate) fn watch_store(&self, store: &Store<'_>, stored: Stored, value_bytes: usize) {
        let value_bytes = match stored {
            Stored::By(ops::Stored::Done { value_bytes, .. }) => value_bytes,
            _ => value_bytes,
        };
        let status = match stored {
            Stored::By(ops::Stored::Done { .. }) => "stored",
            Stored::By(ops::Stored::Declined) => "not_stored",
            Stored::By(ops::Stored::CasMismatch) => "exists",
            Stored::By(ops::Stored::Missing) => "not_found",
            Stored::By(ops::Stored::NoMemory) => "no_memory",
            Stored::TooLarge => "too_large",
        };
        let command = match store.mode {
            Mode::Append => "append",
            Mode::Prepend => "prepend",
            Mode::Add => "add",
            Mode::Set | Mode::Replace if store.compare.is_some() => "cas",
            Mode::Set => "set",
            Mode::Replace => "replace",
        };
        let expires_ms = ops::expiry(store.exptime, self.now_ms).unwrap_or(0);
        let ttl = expires_ms.saturating_sub(self.now_ms) / 1000;
        let class = self.server.classes.of_parts(store.key, store.client_flags, value_bytes);
        let (key, cfd) = (store.key.name, self.handle.id);
        self.tell_watchers(MUTATIONS, |line| {
            line.extend_from_slice(b"type=item_store ");
            put_key(line, key);
            let _ = write!(
                line,
                " status={status} cmd={command} ttl={ttl} clsid={class} cfd={cfd} \
                 size={value_bytes}"
            );
        });
    }

    /// A store comes to nothing before it looks at the item. A `Set` takes the old one with it.
    #[cold]
    #[inline(never)]
    pub(crate) fn watch_refusal(&self, mode: Mode, key: Key<'_>, why: Unstorable) {
        let stored = match why {
            Unstorable::TooLarge { .. } => Stored::TooLarge,
            Unstorable::NoMemory => Stored::By(ops::Stored::NoMemory),
        };
        let (client_flags, exptime, compare, wants_cas) = (0, 0, None, false);
        let store =
            Store { key, mode, client_flags, exptime, compare, wants_cas, more: More::default() };
        self.watch_store(&store, stored, 0);
        if mode == Mode::Set {
            self.tell_look(key);
        }
    }

    /// A command is about to remove an item.
    #[cold]
    #[inline(never)]
    pub(crate) fn watch_removal(&self, item: &Item<'_>, command: &str) {
        let (class, size) = (self.server.classes.of(item), bytes_of(item));
        self.tell_watchers(DELETIONS, |line| {
            line.extend_from_slice(b"type=deleted ");
            put_key(line, item.key());
            let _ = write!(line, " cmd={command} clsid={class} size={size}");
        });
    }

    fn tell_watchers(&self, class: u32, write: impl FnOnce(&mut Vec<u8>)) {
        if self.server.hub.hears(class) {
            self.server.hub.tell(class, (self.server.clock_ns)(), write);
        }
    }
}

impl Server {
    /// A connection has begun.
    pub(crate) fn watch_opened(&self, handle: &ClientHandle) {
        if self.hub.hears(CONNECTIONS) {
            self.hub.tell(CONNECTIONS, (self.clock_ns)(), |line| {
                line.extend_from_slice(b"type=conn_new ");
                put_peer(line, handle);
                let _ = write!(line, " cfd={}", handle.id);
            });
        }
    }

    /// A connection has ended.
    pub(crate) fn watch_closed(&self, handle: &ClientHandle) {
        if self.hub.hears(CONNECTIONS) {
            let reason = handle.end();
            self.hub.tell(CONNECTIONS, (self.clock_ns)(), |line| {
                line.extend_from_slice(b"type=conn_close ");
                put_peer(line, handle);
                let _ = write!(line, " reason={reason} cfd={}", handle.id);
            });
        }
    }
}

/// Hears of evictions from the engine.
pub(crate) struct Evictions {
    pub(crate) hub: Arc<Hub>,
    pub(crate) classes: Arc<Classes>,
    pub(crate) clock_ns: fn() -> u64,
}

impl Observer for Evictions {
    fn evicted(&self, item: &Item<'_>, now_ms: u64) {
        if !self.hub.hears(EVICTIONS) {
            return;
        }
        let fetched = if item.fetched() { "yes" } else { "no" };
        let left_s = |at_ms: u64| (at_ms.saturating_sub(now_ms) / 1000).cast_signed();
        let ttl = item.expire_at_ms().map_or(-1, left_s);
        let (class, idle_s, size) = (self.classes.of(item), item.idle_s(), bytes_of(item));
        self.hub.tell(EVICTIONS, (self.clock_ns)(), |line| {
            line.extend_from_slice(b"type=eviction ");
            put_key(line, item.key());
            let _ =
                write!(line, " fetch={fetched} ttl={ttl} la={idle_s} clsid={class} size={size}");
        });
    }
}

fn bytes_of(item: &Item<'_>) -> usize {
    match item.value() {
        Value::String(it) => it.as_slice().len(),
        Value::Hash(_)
        | Value::List(_)
        | Value::Set(_)
        | Value::SortedSet(_)
        | Value::Stream(_) => 0,
    }
}

/// A key as memcached writes it for programs: like a part of a URI.
fn put_key(line: &mut Vec<u8>, key: &[u8]) {
    line.extend_from_slice(b"key=");
    for byte in key {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) {
            line.push(*byte);
        } else {
            let _ = write!(line, "%{byte:02X}");
        }
    }
}

/// The other end, which is told as `tcp:127.0.0.1:50000` or `unix:/run/tandem.sock`.
fn put_peer(line: &mut Vec<u8>, handle: &ClientHandle) {
    let (kind, address) = handle.aside.peer().split_once(':').unwrap_or(("unix", ""));
    let (ip, port) = address.rsplit_once(':').unwrap_or((address, "0"));
    let ip = ip.trim_start_matches('[').trim_end_matches(']');
    let _ = if kind == "unix" {
        write!(line, "rip=unix rport=0 transport=local")
    } else {
        write!(line, "rip={ip} rport={port} transport={kind}")
    };
}
