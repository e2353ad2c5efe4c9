//! WATCH: a transaction runs only if no key that its client watches has changed before.
//!
//! The shards of the keys ring an alarm at the first change, whoever or whatever makes it. EXEC
//! looks at it once its locks keep everybody from changing them.

use std::sync::Arc;

use tandem_engine::{Alarm, Key, KeyHash, OwnedKey};

use crate::clients::ClientHandle;
use crate::error::Error;
use crate::server::Server;

/// The keys that a client watches.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    alarm: Arc<Alarm>,
    keys: Vec<OwnedKey>,
}

impl Watch {
    /// The places of the keys, for locking them.
    pub(crate) fn places(&self) -> impl Iterator<Item = (u32, KeyHash)> {
        self.keys.iter().map(|it| (it.as_key().db, it.as_key().hash))
    }

    pub(crate) fn has_rung(&self) -> bool {
        self.alarm.has_rung()
    }

    fn add(
        &mut self,
        server: &Server,
        handle: &ClientHandle,
        keys: &[Key<'_>],
        now_ms: u64,
    ) -> Result<(), Error> {
        let mut view = server.keyspace.view_many(keys.iter().copied(), now_ms);
        for key in keys {
            // What has expired is gone now, so that its going is no change.
            view.peek(*key);
            match view.watch(*key, handle.id, &self.alarm) {
                Some(true) => self.keys.push(key.owned()),
                Some(false) => {}
                None => return Err(Error::said("ERR too many keys are watched")),
            }
        }
        Ok(())
    }

    /// Whether a key has changed, by expiring now if nothing else. Asked under a grip on the keys.
    pub(crate) fn finds_change(&self, server: &Server, now_ms: u64) -> bool {
        self.has_rung()
            || self.keys.iter().map(OwnedKey::as_key).any(|key| {
                server.keyspace.view(key, now_ms).peek(key);
                self.has_rung()
            })
    }
}

/// Watches keys from now on. A change that has come already decides, so then it does nothing.
pub(crate) fn begin(
    server: &Server,
    handle: &ClientHandle,
    keys: &[Key<'_>],
    now_ms: u64,
) -> Result<(), Error> {
    // Others who look at it meanwhile may hold the shards.
    let mut watch = take(handle).unwrap_or_default();
    let answer = if watch.has_rung() { Ok(()) } else { watch.add(server, handle, keys, now_ms) };
    handle.set_watch(watch);
    answer
}

/// Watches nothing any more.
pub(crate) fn end(server: &Server, handle: &ClientHandle) {
    let watch = take(handle);
    release(server, handle, watch.as_ref());
}

/// Takes what a client watches: others see that it watches nothing. `release` must follow.
pub(crate) fn take(handle: &ClientHandle) -> Option<Watch> {
    handle.watch()?.take()
}

pub(crate) fn release(server: &Server, handle: &ClientHandle, watch: Option<&Watch>) {
    for key in watch.into_iter().flat_map(|it| &it.keys).map(OwnedKey::as_key) {
        server.keyspace.view(key, 0).stop_watching(key, handle.id);
    }
}

/// How many keys a client watches, and whether one of them has changed: then it is none.
pub(crate) fn state(handle: &ClientHandle) -> (usize, bool) {
    let guard = handle.watch();
    match guard.as_ref().and_then(|it| it.as_ref()) {
        Some(watch) if watch.has_rung() => (0, true),
        Some(watch) => (watch.keys.len(), false),
        None => (0, false),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::World;

    const NOT_RUN: &str = "+OK *-1";

    #[test]
    fn a_watched_key_that_is_evicted_has_changed() {
        let world = World::new(&[("maxmemory", "1mb"), ("maxmemory-policy", "allkeys-lru")]);
        let (mut it, mut other) = (world.connect(1), world.connect(2));
        it.check("SET key value", "+OK");
        it.check("WATCH key", "+OK");
        let value = "x".repeat(4000);
        let evicted = (0..2000).any(|n| {
            other.check(&format!("SET {n} {value}"), "+OK");
            other.ask("EXISTS key") == ":0"
        });
        assert!(evicted);
        assert_eq!(it.ask("MULTI\r\nEXEC"), NOT_RUN);
    }

    #[test]
    fn a_watched_key_that_is_swept_has_changed() {
        let world = World::new(&[]);
        let (mut it, mut other) = (world.connect(1), world.connect(2));
        it.check("SET key value PX 10", "+OK");
        it.check("HSET h f v g w", ":2");
        it.check("HPEXPIRE h 10 FIELDS 1 f", "*1 :1");
        it.check("WATCH key", "+OK");
        other.check("WATCH h", "+OK");
        world.server.keyspace.maintain(0, 1, world.now_ms + 11, &mut || true);
        // The sessions' own clocks stand still: only the sweep can have told.
        assert_eq!(it.ask("MULTI\r\nEXEC"), NOT_RUN);
        assert_eq!(other.ask("MULTI\r\nEXEC"), NOT_RUN);
    }

    #[test]
    fn nothing_is_left_of_a_watch() {
        let world = World::new(&[]);
        let (mut it, mut other) = (world.connect(1), world.connect(2));
        for end in ["UNWATCH", "MULTI\r\nDISCARD", "MULTI\r\nEXEC", "RESET", "EXEC x"] {
            it.ask("WATCH a b a");
            assert_eq!(world.server.keyspace.n_watched(), 2);
            it.ask(end);
            assert_eq!(world.server.keyspace.n_watched(), 0, "{end}");
        }
        it.ask("WATCH a");
        other.ask("SET a 1");
        assert_eq!(world.server.keyspace.n_watched(), 0);
        it.ask("WATCH b");
        drop(it);
        assert_eq!(world.server.keyspace.n_watched(), 0);
    }
}
