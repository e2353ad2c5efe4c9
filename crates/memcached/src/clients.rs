//! The registry of this front end's connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed, Ordering::SeqCst};

use ahash::RandomState;
use atomic_waker::AtomicWaker;
use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::datagrams;
use crate::stats::WorkerStats;

/// What is known of a connection when it opens.
#[derive(Clone, Debug, Default)]
pub struct ConnectionInfo {
    /// The other end, as `tcp:127.0.0.1:50000` or `unix:/run/tandem.sock`.
    pub peer: String,
    /// Our end.
    pub local: String,
    /// Milliseconds since the epoch.
    pub connected_at_ms: u64,
}

/// What is kept of a connection apart: two small pieces of memory fit in where one big one would
/// not, between the runtime's own.
#[derive(Debug)]
pub struct Aside {
    /// Both addresses, one behind the other.
    text: Box<str>,
    peer_len: u32,
    /// Milliseconds since the epoch.
    pub connected_at_ms: u64,
}

impl Aside {
    fn new(info: &ConnectionInfo) -> Aside {
        let ConnectionInfo { peer, local, connected_at_ms } = info;
        let text = [peer.as_str(), local].concat().into_boxed_str();
        Aside { text, peer_len: peer.len() as u32, connected_at_ms: *connected_at_ms }
    }

    /// The other end.
    pub fn peer(&self) -> &str {
        &self.text[..self.peer_len as usize]
    }

    /// Our end.
    pub fn local(&self) -> &str {
        &self.text[self.peer_len as usize..]
    }

    /// True for whoever sends datagrams: these have no connection.
    pub(crate) fn has_datagrams(&self) -> bool {
        self.text.starts_with(datagrams::PREFIX)
    }
}

/// A connection as others see it. Its own loop writes the atomics, anybody reads them.
#[derive(Debug)]
pub struct ClientHandle {
    pub id: u64,
    pub aside: Box<Aside>,
    /// When the connection last ran a command, in milliseconds since the epoch.
    pub last_active_ms: AtomicU64,
    pub bytes_in: AtomicU64,
    pub bytes_out: AtomicU64,
    /// Bytes read and not yet answered.
    pub input_bytes: AtomicU64,
    /// Bytes waiting to be written.
    pub output_bytes: AtomicU64,
    killed: AtomicBool,
    /// Closed for what the client has sent.
    failed: AtomicBool,
    watching: AtomicBool,
    /// Something waits that the client has not asked for.
    has_news: AtomicBool,
    /// Woken by `kill` and by news; the connection loop registers itself here.
    pub waker: AtomicWaker,
}

impl ClientHandle {
    pub(crate) fn was_active(&self, now_ms: u64) {
        self.last_active_ms.store(now_ms, Relaxed);
    }

    /// Asks the connection loop to close.
    pub fn kill(&self) {
        self.killed.store(true, SeqCst);
        self.waker.wake();
    }

    pub fn is_killed(&self) -> bool {
        self.killed.load(SeqCst)
    }

    /// Counts bytes that were received. The connection's own loop is the only writer.
    pub fn count_read(&self, worker: &WorkerStats, n_bytes: usize) {
        worker.bytes_read.add(n_bytes as u64);
        self.bytes_in.store(self.bytes_in.load(Relaxed) + n_bytes as u64, Relaxed);
    }

    /// Counts bytes that were sent. The connection's own loop is the only writer.
    pub fn count_written(&self, worker: &WorkerStats, n_bytes: usize) {
        worker.bytes_written.add(n_bytes as u64);
        self.bytes_out.store(self.bytes_out.load(Relaxed) + n_bytes as u64, Relaxed);
    }

    pub(crate) fn fails(&self) {
        self.failed.store(true, Relaxed);
    }

    pub(crate) fn watches(&self) {
        self.watching.store(true, Relaxed);
    }

    /// True once the connection hears of events (`watch`) instead of running commands.
    pub fn is_watching(&self) -> bool {
        self.watching.load(Relaxed)
    }

    /// Has the connection loop advance without input.
    pub(crate) fn has_news_now(&self) {
        self.has_news.store(true, SeqCst);
        self.waker.wake();
    }

    pub(crate) fn has_news_no_more(&self) {
        self.has_news.store(false, SeqCst);
    }

    /// True while the session has something to write that no input asks for.
    pub fn has_news(&self) -> bool {
        self.has_news.load(SeqCst)
    }

    /// Why the connection has ended, in memcached's words. Nobody but the round that looks for idle
    /// ones kills any.
    pub(crate) fn end(&self) -> &'static str {
        if self.is_killed() {
            return "idle_timeout";
        }
        if self.failed.load(Relaxed) || self.is_watching() { "error" } else { "normal" }
    }
}

/// Open connections by id. Apart from its neighbours, which every command reads.
#[derive(Default)]
#[repr(align(128))]
pub struct Clients {
    by_id: Mutex<HashMap<u64, Arc<ClientHandle>, RandomState>>,
    last_id: AtomicU64,
}

impl Clients {
    pub(crate) fn open(&self, info: ConnectionInfo) -> Arc<ClientHandle> {
        let id = self.last_id.fetch_add(1, Relaxed) + 1;
        let handle = Arc::new(ClientHandle {
            id,
            last_active_ms: AtomicU64::new(info.connected_at_ms),
            aside: Box::new(Aside::new(&info)),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            input_bytes: AtomicU64::new(0),
            output_bytes: AtomicU64::new(0),
            killed: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            watching: AtomicBool::new(false),
            has_news: AtomicBool::new(false),
            waker: AtomicWaker::new(),
        });
        self.by_id.lock().insert(id, Arc::clone(&handle));
        handle
    }

    pub(crate) fn close(&self, id: u64) {
        self.by_id.lock().remove(&id);
    }

    /// Connections that are open now.
    pub fn len(&self) -> usize {
        self.by_id.lock().len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every open connection, oldest first.
    pub fn list(&self) -> Vec<Arc<ClientHandle>> {
        let mut all: Vec<_> = self.by_id.lock().values().cloned().collect();
        all.sort_unstable_by_key(|it| it.id);
        all
    }
}
