//! Client-side caching (CLIENT TRACKING): who is told that keys changed which he keeps copies of.
//!
//! The engine notes reads of clients that track what they read in one line with all that changes
//! keys, under the lock of the key's shard. Whoever tells what was noted first makes and takes
//! entries of the table here, in that order: so no change is missed between a read and its entry.
//! Clients in broadcasting mode have no entries: they hear of all keys behind their prefixes, once
//! for a batch of commands. While nobody tracks anything, nothing of this is looked at.

mod keys;
mod prefixes;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use parking_lot::Mutex;
use tandem_engine::{Happening, What, Wrote};

use self::keys::KeyTable;
use self::prefixes::Prefixes;
use crate::client_flags::ClientFlag;
use crate::clients::ClientHandle;
use crate::inbox::Message;
use crate::reply::Reply;
use crate::server::Server;

/// What is tracked for all clients. Apart from its neighbours, which every command reads.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Tracking {
    table: Mutex<KeyTable>,
    prefixes: Mutex<Prefixes>,
    n_clients: AtomicUsize,
    n_keys: AtomicUsize,
    n_items: AtomicUsize,
    n_prefixes: AtomicUsize,
    has_broadcasts: AtomicBool,
}

/// What INFO says of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tracked {
    pub(crate) clients: usize,
    pub(crate) keys: usize,
    /// Keys, each as often as clients keep it.
    pub(crate) items: usize,
    pub(crate) prefixes: usize,
}

/// What a client tracks besides its flags.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tracker {
    /// Who is told in its place; 0 for itself.
    pub(crate) redirect: u64,
    pub(crate) prefixes: BTreeSet<Box<[u8]>>,
}

/// What CLIENT TRACKING ON asks for.
#[derive(Debug, Default)]
pub(crate) struct Wish<'a> {
    pub(crate) redirect: u64,
    pub(crate) prefixes: Vec<&'a [u8]>,
    /// Which of `MODES`.
    pub(crate) modes: Vec<ClientFlag>,
}

impl Wish<'_> {
    pub(crate) fn has(&self, mode: ClientFlag) -> bool {
        self.modes.contains(&mode)
    }
}

const MODES: [ClientFlag; 4] =
    [ClientFlag::Broadcast, ClientFlag::OptIn, ClientFlag::OptOut, ClientFlag::NoLoop];

/// What a client's copies are no longer good for.
enum Stale<'a> {
    Keys(&'a [&'a [u8]]),
    /// All of them. Null is written as the client's own protocol has it.
    All {
        resp3: bool,
    },
}

impl Tracking {
    pub(crate) fn is_used(&self) -> bool {
        self.n_clients.load(Relaxed) > 0
    }

    /// True while clients in broadcasting mode have not heard all.
    #[inline]
    pub(crate) fn has_broadcasts(&self) -> bool {
        self.has_broadcasts.load(Relaxed)
    }

    pub(crate) fn counts(&self) -> Tracked {
        Tracked {
            clients: self.n_clients.load(Relaxed),
            keys: self.n_keys.load(Relaxed),
            items: self.n_items.load(Relaxed),
            prefixes: self.n_prefixes.load(Relaxed),
        }
    }

    fn note_counts(&self, table: &KeyTable) {
        self.n_keys.store(table.len(), Relaxed);
        self.n_items.store(table.n_items(), Relaxed);
    }

    fn leave_prefixes(&self, handle: &ClientHandle, tracker: &Tracker) {
        let mut prefixes = self.prefixes.lock();
        tracker.prefixes.iter().for_each(|it| prefixes.leave(it, handle.id));
        self.n_prefixes.store(prefixes.len(), Relaxed);
    }
}

impl ClientHandle {
    /// Whether the reads of a client are to be noted now.
    pub(crate) fn notes_reads(&self) -> bool {
        let has = |it| self.flags.has(it);
        if !has(ClientFlag::Tracks) || has(ClientFlag::Broadcast) {
            return false;
        }
        let said = has(ClientFlag::Caching);
        !(has(ClientFlag::OptIn) && !said || has(ClientFlag::OptOut) && said)
    }

    /// Who is told in its place, 0 for itself; `None` when it tracks nothing.
    pub(crate) fn redirect(&self) -> Option<u64> {
        let tracks = self.flags.has(ClientFlag::Tracks);
        tracks.then(|| self.tracker().map_or(0, |it| it.redirect))
    }
}

impl Server {
    /// Tracks for a client, from now on in this way. The wish was checked.
    pub(crate) fn track(&self, handle: &Arc<ClientHandle>, wish: &Wish<'_>) {
        let mut tracker = handle.tracker().unwrap_or_default();
        tracker.redirect = wish.redirect;
        if wish.has(ClientFlag::Broadcast) {
            let all: &[&[u8]] = &[b""];
            let wanted = if wish.prefixes.is_empty() { all } else { &wish.prefixes };
            let mut prefixes = self.tracking.prefixes.lock();
            for prefix in wanted {
                prefixes.join(prefix, handle);
                tracker.prefixes.insert((*prefix).into());
            }
            self.tracking.n_prefixes.store(prefixes.len(), Relaxed);
        }
        handle.set_tracker(tracker);
        handle.flags.set(ClientFlag::BrokenRedirect, false);
        for mode in MODES {
            handle.flags.set(mode, wish.has(mode));
        }
        if !handle.flags.set(ClientFlag::Tracks, true) {
            self.tracking.n_clients.fetch_add(1, Relaxed);
            self.hear();
        }
    }

    /// Tracks nothing for a client any more.
    pub(crate) fn stop_tracking(&self, handle: &ClientHandle) {
        if !handle.flags.set(ClientFlag::Tracks, false) {
            return;
        }
        if let Some(tracker) = handle.tracker() {
            self.tracking.leave_prefixes(handle, &tracker);
        }
        handle.set_tracker(Tracker::default());
        for flag in MODES.into_iter().chain([ClientFlag::BrokenRedirect, ClientFlag::Caching]) {
            handle.flags.set(flag, false);
        }
        self.tracking.n_clients.fetch_sub(1, Relaxed);
        self.hear();
    }

    /// A client goes. The last one leaves no entries behind: nobody would take them.
    pub(crate) fn forget_tracker(&self, handle: &ClientHandle) {
        self.stop_tracking(handle);
        if self.tracking.n_keys.load(Relaxed) > 0 && !self.tracking.is_used() {
            let mut table = self.tracking.table.lock();
            table.clear();
            self.tracking.note_counts(&table);
        }
    }

    /// Does what something that happened to a key means for those who track it.
    #[cold]
    pub(crate) fn track_happening(&self, happening: &Happening) {
        match happening.what {
            What::Read => self.tracking.table.lock().add(&happening.name, happening.who),
            What::Missed | What::Said(_) | What::Wrote(Wrote::Beside, _) => {}
            What::Flushed => self.invalidate_all(),
            What::Wrote(..)
            | What::Expired
            | What::Evicted
            | What::FieldsExpired
            | What::LastFieldExpired => {
                let n_noted = self.tracking.prefixes.lock().note(&happening.name, happening.who);
                if n_noted > BROADCAST_KEYS_MAX {
                    self.send_broadcasts();
                }
                self.invalidate(&happening.name, happening.who);
            }
        }
    }

    /// Ends what `track_happening` began: calls those to be told who track by prefixes, and keeps
    /// the table of keys within `tracking-table-max-keys`. Keys that give way count as changed.
    #[cold]
    pub(crate) fn settle_tracking(&self) {
        // Not before all was noted that happened together, so that it is told together.
        if self.tracking.prefixes.lock().has_noted() {
            self.tracking.has_broadcasts.store(true, Relaxed);
        }
        let n_max = self.settings.live().tracked_keys_max();
        loop {
            let mut table = self.tracking.table.lock();
            let stale = if 0 < n_max && n_max < table.len() { table.take_any() } else { None };
            let Some((name, readers)) = stale else { return self.tracking.note_counts(&table) };
            drop(table);
            self.tell_readers(&name, &readers, 0);
        }
    }

    /// Tells those in broadcasting mode what has changed since the last time.
    #[cold]
    pub(crate) fn send_broadcasts(&self) {
        let mut prefixes = self.tracking.prefixes.lock();
        self.tracking.has_broadcasts.store(false, Relaxed);
        for (keys, clients) in prefixes.take_noted() {
            let all: Vec<&[u8]> = keys.keys().map(|it| &**it).collect();
            let mut to_all = Message::new(|reply| write(reply, &Stale::Keys(&all)));
            for client in clients.values() {
                let is_own = |who: &u64| *who == client.id;
                if !client.flags.has(ClientFlag::NoLoop) || !keys.values().any(is_own) {
                    self.send(client, &mut to_all);
                    continue;
                }
                let others = keys.iter().filter(|(_, who)| !is_own(who));
                let others: Vec<&[u8]> = others.map(|(name, _)| &**name).collect();
                if !others.is_empty() {
                    self.send(client, &mut Message::new(|it| write(it, &Stale::Keys(&others))));
                }
            }
        }
    }

    fn invalidate(&self, name: &[u8], who: u64) {
        let readers = self.tracking.table.lock().take(name);
        if let Some(readers) = readers {
            self.tell_readers(name, &readers, who);
        }
    }

    /// Tells those who keep a key that it has changed, and who did it.
    fn tell_readers(&self, name: &[u8], readers: &[u64], who: u64) {
        for id in readers {
            let Some(client) = self.clients.get(*id) else { continue };
            let has = |it| client.flags.has(it);
            let is_own = has(ClientFlag::NoLoop) && *id == who;
            if has(ClientFlag::Tracks) && !has(ClientFlag::Broadcast) && !is_own {
                self.send(&client, &mut Message::new(|it| write(it, &Stale::Keys(&[name]))));
            }
        }
    }

    fn invalidate_all(&self) {
        self.tracking.table.lock().clear();
        for client in self.clients.all() {
            if client.flags.has(ClientFlag::Tracks) {
                let resp3 = client.protocol.load(Relaxed) == 3;
                self.send(&client, &mut Message::new(|it| write(it, &Stale::All { resp3 })));
            }
        }
    }

    /// Sends something to a client that tracks, or to whom it wants it sent. RESP2 has no place
    /// for it but among the messages of a subscriber.
    fn send(&self, client: &ClientHandle, message: &mut Message<impl Fn(&mut Reply<'_>)>) {
        let redirect = client.redirect().unwrap_or_default();
        if redirect == 0 {
            if client.protocol.load(Relaxed) == 3 {
                self.put(client, message);
            }
            return;
        }
        match self.clients.get(redirect) {
            Some(target) if target.protocol.load(Relaxed) == 3 || target.is_subscriber() => {
                self.put(&target, message);
            }
            Some(_) => {}
            None => {
                client.flags.set(ClientFlag::BrokenRedirect, true);
                if client.protocol.load(Relaxed) == 3 {
                    let say = |reply: &mut Reply<'_>| {
                        reply.push_header(2);
                        reply.text("tracking-redir-broken");
                        reply.int(redirect as i64);
                    };
                    self.put(client, &mut Message::new(say));
                }
            }
        }
    }

    fn put(&self, client: &ClientHandle, message: &mut Message<impl Fn(&mut Reply<'_>)>) {
        let live = self.settings.live();
        let limit = if client.is_subscriber() { live.news_limit() } else { live.output_limit() };
        if !client.deliver(message, limit.hard_bytes) {
            self.clients.count_cut_by_output();
        }
    }
}

fn write(reply: &mut Reply<'_>, stale: &Stale<'_>) {
    if reply.is_resp3() {
        reply.push_header(2);
        reply.text("invalidate");
    } else {
        reply.array_header(3);
        reply.text("message");
        reply.text("__redis__:invalidate");
    }
    match stale {
        Stale::Keys(names) => {
            reply.array(names.iter(), |reply, name| reply.bulk(name));
        }
        Stale::All { resp3 } => {
            reply.set_resp3(*resp3);
            reply.null();
        }
    }
}

/// Keys that are collected for one message to those in broadcasting mode.
const BROADCAST_KEYS_MAX: usize = 1 << 14;

#[cfg(test)]
mod tests;
