//! Who listens to which channels and patterns, and how messages reach them.
//!
//! A message is put into the inboxes of all who listen while its channel's part of the directory is
//! locked: so all of them see the messages of a channel in one order, whichever threads publish. A
//! confirmation is put there under the same lock: no message comes before the one that begins a
//! subscription, and none behind the one that ends it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};

use crate::client_flags::ClientFlag;
use crate::clients::{ClientHandle, Clients};
use crate::glob;
use crate::inbox::{Kind, Message};

/// The directory of all subscriptions. Apart from its neighbours, which every command reads.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct PubSub {
    channels: Directory,
    shard_channels: Directory,
    patterns: RwLock<BTreeMap<Arc<[u8]>, Listeners>>,
    n_patterns: AtomicUsize,
    n_subscribers: AtomicUsize,
}

/// Channels of one kind by name, in parts of which each has a lock.
struct Directory {
    parts: Box<[Mutex<Part>]>,
    hasher: ahash::RandomState,
    n_channels: AtomicUsize,
}

type Part = HashMap<Arc<[u8]>, Listeners, ahash::RandomState>;

/// The clients who listen to one thing, oldest first.
#[derive(Default)]
struct Listeners(Vec<(u64, Arc<ClientHandle>)>);

/// Where a message goes and how much may wait for one client.
#[derive(Clone, Copy)]
pub(crate) struct Post<'a> {
    pub(crate) channel: &'a [u8],
    pub(crate) payload: &'a [u8],
    /// 0 is no limit.
    pub(crate) bytes_max: u64,
}

/// Who listens to what, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Clients that listen to anything.
    pub n_subscribers: usize,
    pub n_channels: usize,
    pub n_patterns: usize,
    pub n_shard_channels: usize,
}

impl Default for Directory {
    fn default() -> Directory {
        let parts = (0..N_PARTS).map(|_| Mutex::default()).collect();
        Directory { parts, hasher: ahash::RandomState::new(), n_channels: AtomicUsize::new(0) }
    }
}

impl Directory {
    fn part(&self, name: &[u8]) -> &Mutex<Part> {
        &self.parts[self.hasher.hash_one(name) as usize % N_PARTS]
    }

    fn is_empty(&self) -> bool {
        self.n_channels.load(Relaxed) == 0
    }
}

impl Listeners {
    fn add(&mut self, client: &Arc<ClientHandle>) {
        if let Err(at) = self.0.binary_search_by_key(&client.id, |it| it.0) {
            self.0.insert(at, (client.id, Arc::clone(client)));
        }
    }

    fn remove(&mut self, id: u64) {
        if let Ok(at) = self.0.binary_search_by_key(&id, |it| it.0) {
            self.0.remove(at);
        }
    }

    fn tell(
        &self,
        clients: &Clients,
        message: &mut Message<impl Fn(&mut crate::reply::Reply<'_>)>,
        bytes_max: u64,
    ) -> usize {
        for (_, client) in &self.0 {
            if !client.deliver(message, bytes_max) {
                clients.count_cut_by_output();
            }
        }
        self.0.len()
    }
}

impl PubSub {
    /// Subscribes a client. `confirm` is called with what it listens to now, before any message can
    /// come.
    pub(crate) fn join(
        &self,
        client: &Arc<ClientHandle>,
        kind: Kind,
        name: &[u8],
        confirm: impl FnOnce(usize),
    ) {
        let mut subscriptions = client.inbox().subscriptions();
        if subscriptions.total() == 0 {
            self.n_subscribers.fetch_add(1, Relaxed);
            client.flags.set(ClientFlag::Subscriber, true);
        }
        let (name, is_new) = match subscriptions.of(kind).get(name) {
            Some(known) => (Arc::clone(known), false),
            None => (Arc::from(name), true),
        };
        if is_new {
            subscriptions.of(kind).insert(Arc::clone(&name));
        }
        let n_now = subscriptions.counted_with(kind);
        drop(subscriptions);
        if let Some(directory) = self.directory(kind) {
            let mut part = directory.part(&name).lock();
            confirm(n_now);
            let listeners = part.entry(name).or_insert_with(|| {
                directory.n_channels.fetch_add(1, Relaxed);
                Listeners::default()
            });
            listeners.add(client);
        } else {
            let mut patterns = self.patterns.write();
            confirm(n_now);
            patterns.entry(name).or_default().add(client);
            self.n_patterns.store(patterns.len(), Relaxed);
        }
    }

    /// Ends a subscription. `confirm` is called with what the client still listens to, after the
    /// last message has come; also where there was none to end.
    pub(crate) fn leave(
        &self,
        client: &Arc<ClientHandle>,
        kind: Kind,
        name: &[u8],
        confirm: impl FnOnce(usize),
    ) {
        let mut subscriptions = client.inbox().subscriptions();
        let was_there = subscriptions.of(kind).remove(name);
        let n_left = subscriptions.counted_with(kind);
        if was_there && subscriptions.total() == 0 {
            self.n_subscribers.fetch_sub(1, Relaxed);
            client.flags.set(ClientFlag::Subscriber, false);
        }
        drop(subscriptions);
        match self.directory(kind) {
            _ if !was_there => confirm(n_left),
            Some(directory) => {
                let mut part = directory.part(name).lock();
                if remove(part.get_mut(name), client.id) {
                    part.remove(name);
                    directory.n_channels.fetch_sub(1, Relaxed);
                }
                confirm(n_left);
            }
            None => {
                let mut patterns = self.patterns.write();
                if remove(patterns.get_mut(name), client.id) {
                    patterns.remove(name);
                }
                self.n_patterns.store(patterns.len(), Relaxed);
                confirm(n_left);
            }
        }
    }

    /// Ends all subscriptions of a client without a word: it goes, or begins anew.
    pub(crate) fn forget(&self, client: &Arc<ClientHandle>) {
        if !client.is_subscriber() {
            return;
        }
        for kind in [Kind::Channel, Kind::Pattern, Kind::ShardChannel] {
            for name in names(client, kind) {
                self.leave(client, kind, &name, |_| {});
            }
        }
    }

    /// Sends a message to all who listen to the channel. How many got it, each as often as it
    /// listens.
    pub(crate) fn publish(&self, clients: &Clients, post: Post<'_>) -> usize {
        if self.channels.is_empty() && self.n_patterns.load(Relaxed) == 0 {
            return 0;
        }
        let Post { channel, payload, bytes_max } = post;
        let part = self.channels.part(channel).lock();
        let n_direct = part.get(channel).map_or(0, |it| {
            let mut message = Message::new(|reply| reply.message(&[b"message", channel, payload]));
            it.tell(clients, &mut message, bytes_max)
        });
        if self.n_patterns.load(Relaxed) == 0 {
            return n_direct;
        }
        let patterns = self.patterns.read();
        let matching = patterns.iter().filter(|(pattern, _)| glob::matches(pattern, channel));
        let n_by_pattern = matching.map(|(pattern, listeners)| {
            let words: [&[u8]; 4] = [b"pmessage", pattern, channel, payload];
            let mut message = Message::new(|reply| reply.message(&words));
            listeners.tell(clients, &mut message, bytes_max)
        });
        n_direct + n_by_pattern.sum::<usize>()
    }

    /// The same for a shard channel, which patterns do not reach.
    pub(crate) fn publish_in_shard(&self, clients: &Clients, post: Post<'_>) -> usize {
        if self.shard_channels.is_empty() {
            return 0;
        }
        let Post { channel, payload, bytes_max } = post;
        let part = self.shard_channels.part(channel).lock();
        part.get(channel).map_or(0, |it| {
            let mut message = Message::new(|reply| reply.message(&[b"smessage", channel, payload]));
            it.tell(clients, &mut message, bytes_max)
        })
    }

    /// The channels that somebody listens to and that match the pattern, if there is one.
    pub(crate) fn names_of(&self, kind: Kind, pattern: Option<&[u8]>) -> Vec<Arc<[u8]>> {
        let mut names = Vec::new();
        for part in self.directory(kind).into_iter().flat_map(|it| &it.parts) {
            let wanted = |name: &Arc<[u8]>| pattern.is_none_or(|it| glob::matches(it, name));
            names.extend(part.lock().keys().filter(|it| wanted(it)).cloned());
        }
        names
    }

    /// How many listen to a channel.
    pub(crate) fn n_listeners(&self, kind: Kind, name: &[u8]) -> usize {
        let part = self.directory(kind).map(|it| it.part(name).lock());
        part.and_then(|it| it.get(name).map(|it| it.0.len())).unwrap_or_default()
    }

    pub(crate) fn audience(&self) -> Audience {
        Audience {
            n_subscribers: self.n_subscribers.load(Relaxed),
            n_channels: self.channels.n_channels.load(Relaxed),
            n_patterns: self.n_patterns.load(Relaxed),
            n_shard_channels: self.shard_channels.n_channels.load(Relaxed),
        }
    }

    /// `None` for patterns, which are not found by name.
    fn directory(&self, kind: Kind) -> Option<&Directory> {
        match kind {
            Kind::Channel => Some(&self.channels),
            Kind::ShardChannel => Some(&self.shard_channels),
            Kind::Pattern => None,
        }
    }
}

/// What a client listens to.
pub(crate) fn names(client: &ClientHandle, kind: Kind) -> Vec<Arc<[u8]>> {
    client.inbox().subscriptions().of(kind).iter().cloned().collect()
}

/// Takes a client off a list. True when the list is empty then.
fn remove(listeners: Option<&mut Listeners>, id: u64) -> bool {
    listeners.is_some_and(|it| {
        it.remove(id);
        it.0.is_empty()
    })
}

/// Parts of a directory: threads that publish to different channels seldom meet.
const N_PARTS: usize = 64;
