//! The memcached front end behind the connection loop's traits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use atomic_waker::AtomicWaker;
use bytes::BytesMut;
use tandem_engine::Output;
use tandem_memcached::{ClientHandle, ConnectionInfo, Datagrams, Server, TOO_MANY_CONNECTIONS};

use crate::clock;
use crate::protocol::{Ahead, FrontEnd, Held, Kick, Limits, Session, Step, Watch};
use crate::socket::{Address, Peer};

#[derive(Clone)]
pub(crate) struct Memcached {
    pub(crate) server: Arc<Server>,
    pub(crate) counts: Arc<ListenerCounts>,
}

/// What only the listener knows, for `stats`.
#[derive(Debug, Default)]
pub(crate) struct ListenerCounts {
    pub(crate) accepted: AtomicU64,
    pub(crate) rejected: AtomicU64,
    pub(crate) idle_kicks: AtomicU64,
}

impl Memcached {
    /// Serves the datagrams that arrive at an address.
    pub(crate) fn datagrams(&self, worker: usize, address: SocketAddr) -> Datagrams {
        let stats = Arc::clone(&self.server.workers()[worker]);
        Datagrams::new(Arc::clone(&self.server), stats, &address.to_string(), clock::now_ms())
    }
}

impl FrontEnd for Memcached {
    type Session = MemcachedSession;

    const NAME: &'static str = "memcached";

    fn session(&self, worker: usize, peer: Peer, now_ms: u64) -> MemcachedSession {
        let info = ConnectionInfo {
            peer: shown(&peer.remote),
            local: shown(&peer.local),
            connected_at_ms: now_ms,
        };
        self.counts.accepted.fetch_add(1, Relaxed);
        let stats = Arc::clone(&self.server.workers()[worker]);
        let session = tandem_memcached::Session::new(Arc::clone(&self.server), stats, info);
        MemcachedSession { session: Box::new(session) }
    }

    fn limits(&self) -> Limits {
        let idle_ms = self.server.settings.idle_timeout_s.saturating_mul(1000);
        Limits { idle_ms, ..Limits::default() }
    }

    fn connections_max(&self) -> usize {
        self.server.settings.connections_max
    }

    fn too_many(&self) -> &'static [u8] {
        TOO_MANY_CONNECTIONS
    }

    fn refusal(&self, _peer: &Peer) -> Option<&'static [u8]> {
        None
    }

    fn keepalive_s(&self) -> u64 {
        KEEPALIVE_S
    }

    fn count_rejected(&self) {
        self.counts.rejected.fetch_add(1, Relaxed);
    }

    fn count_kick(&self, _why: Kick, _id: u64) {
        self.counts.idle_kicks.fetch_add(1, Relaxed);
    }
}

pub(crate) struct MemcachedSession {
    /// Boxed, as two small pieces of memory take less than one big one.
    session: Box<tandem_memcached::Session>,
}

impl Session for MemcachedSession {
    const FRONT: usize = 1;

    fn advance(&mut self, input: &mut BytesMut, out: &mut Output, now_ms: u64) -> Step {
        match self.session.advance(input, out, now_ms) {
            tandem_memcached::Step::ReadMore { need } => Step::ReadMore { need },
            tandem_memcached::Step::Write => Step::Write,
            tandem_memcached::Step::Yield => Step::Yield,
            tandem_memcached::Step::Close => Step::Close,
        }
    }

    fn look_ahead(&mut self, input: &mut BytesMut) -> Option<Ahead> {
        self.session.look_ahead(input)
    }

    fn fetch(&self, (db, hash): Ahead) {
        self.session.fetch(db, hash);
    }

    fn is_killed(&self) -> bool {
        self.session.handle().is_killed()
    }

    fn has_news(&self) -> bool {
        self.session.handle().has_news()
    }

    fn waker(&self) -> &AtomicWaker {
        &self.session.handle().waker
    }

    fn count_read(&self, n_bytes: usize, _now_ms: u64) {
        self.session.handle().count_read(self.session.worker(), n_bytes);
    }

    fn count_written(&self, n_bytes: usize) {
        self.session.handle().count_written(self.session.worker(), n_bytes);
    }

    fn output_bytes_max(&self) -> u64 {
        0
    }

    fn count_cut_by_output(&self) {}

    fn report(&self, held: Held) {
        let handle = self.session.handle();
        handle.input_bytes.store(held.input as u64, Relaxed);
        handle.output_bytes.store(held.output as u64, Relaxed);
    }

    fn watch(&self) -> Arc<dyn Watch> {
        Arc::<ClientHandle>::clone(self.session.handle())
    }
}

impl Watch for ClientHandle {
    fn active_at_ms(&self) -> u64 {
        self.last_active_ms.load(Relaxed)
    }

    fn output_bytes(&self) -> u64 {
        self.output_bytes.load(Relaxed)
    }

    fn is_exempt(&self) -> bool {
        self.is_watching()
    }

    fn id(&self) -> u64 {
        self.id
    }

    fn kick(&self) {
        self.kill();
    }

    fn wake(&self) {
        self.waker.wake();
    }
}

fn shown(address: &Address) -> String {
    match address {
        Address::Tcp(it) => format!("tcp:{it}"),
        Address::Unix(path) => format!("unix:{}", path.display()),
    }
}

/// memcached turns keepalive on and leaves the times to the system; Linux's two hours keep dead
/// connections too long, so Redis's five minutes hold here too.
const KEEPALIVE_S: u64 = 300;
