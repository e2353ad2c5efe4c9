//! What the connection loop needs of a front end. Both front ends have sessions of one shape; the
//! two adapters are in `front/`.

use std::sync::Arc;

use atomic_waker::AtomicWaker;
use bytes::BytesMut;
use tandem_engine::{KeyHash, Output};

use crate::socket::Peer;

/// One connection of a front end: bytes in, bytes out.
pub(crate) trait Session: Unpin + 'static {
    /// Tells the front ends apart: 0 or 1.
    const FRONT: usize;

    fn advance(&mut self, input: &mut BytesMut, out: &mut Output, now_ms: u64) -> Step;

    /// Parses what `advance` will run, and starts to fetch the memory of its key when that is
    /// worth a second turn. `None` when it is not.
    fn look_ahead(&mut self, input: &mut BytesMut) -> Option<Ahead>;

    /// The second step of fetching for a session of the same front end.
    fn fetch(&self, ahead: Ahead);

    /// True once somebody asked for this connection's end.
    fn is_killed(&self) -> bool;

    /// True when it has something to write that no input asks for. Whoever makes it so wakes it.
    fn has_news(&self) -> bool;

    /// Woken when there is something to look at besides the socket.
    fn waker(&self) -> &AtomicWaker;

    fn count_read(&self, n_bytes: usize, now_ms: u64);

    fn count_written(&self, n_bytes: usize);

    /// More output at once than this, and the connection is closed; 0 is no limit.
    fn output_bytes_max(&self) -> u64;

    /// Counts and logs that the connection is closed for its output.
    fn count_cut_by_output(&self);

    /// Tells what the connection holds, for those who list connections.
    fn report(&self, held: Held);

    /// What others hold of this connection to watch it.
    fn watch(&self) -> Arc<dyn Watch>;
}

/// The key of a command that is about to run: its database and its hash.
pub(crate) type Ahead = (u32, KeyHash);

/// A connection as its worker's once-a-second round sees it.
pub(crate) trait Watch {
    /// When it last had something to do, in milliseconds since the epoch.
    fn active_at_ms(&self) -> u64;

    /// Bytes that wait to be written.
    fn output_bytes(&self) -> u64;

    /// True while it waits for something other than its client.
    fn is_exempt(&self) -> bool;

    /// True while it gets what it has not asked for just now: it has limits of its own then.
    fn is_subscriber(&self) -> bool {
        false
    }

    fn id(&self) -> u64;

    /// Closes it.
    fn kick(&self);

    fn wake(&self);
}

/// Why a connection is closed by its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kick {
    Idle,
    Slow,
}

/// What a session wants next; the meaning is that of the front ends' own `Step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// `need` more bytes complete the next command; 0 is unknown.
    ReadMore {
        need: usize,
    },
    Write,
    /// Write, let other connections have their turn, then advance.
    Yield,
    Wait {
        until_ms: Option<u64>,
    },
    Close,
}

/// Bytes in a connection's buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) input: usize,
    pub(crate) input_free: usize,
    pub(crate) output: usize,
}

/// All connections of one protocol have this in common.
pub(crate) trait FrontEnd: Clone + Send + 'static {
    type Session: Session;

    const NAME: &'static str;

    fn session(&self, worker: usize, peer: Peer, now_ms: u64) -> Self::Session;

    fn limits(&self) -> Limits;

    /// The most connections at a time.
    fn connections_max(&self) -> usize;

    /// What a client reads that is one too many.
    fn too_many(&self) -> &'static [u8];

    /// What a client reads that may not come in from where it is, if that is so.
    fn refusal(&self, peer: &Peer) -> Option<&'static [u8]>;

    /// Seconds between probes of a silent connection, 0 for none.
    fn keepalive_s(&self) -> u64;

    fn count_rejected(&self);

    /// Counts and logs that a connection is closed for being idle or slow.
    fn count_kick(&self, why: Kick, id: u64);
}

/// What a worker's once-a-second round holds a connection to; zeros are no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Longest time without a command.
    pub(crate) idle_ms: u64,
    pub(crate) output: SoftLimit,
    /// The same for subscribers.
    pub(crate) news: SoftLimit,
}

/// More output than this that waits for so long, and the connection is closed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SoftLimit {
    pub(crate) bytes: u64,
    pub(crate) ms: u64,
}
