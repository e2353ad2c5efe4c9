//! What comes to a connection that it did not ask for just now: messages of channels, and whatever
//! else others have to say to it. Any thread puts it in; the connection is woken once for all that
//! has come, and writes it between two replies.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use hashbrown::HashSet;
use parking_lot::{Mutex, MutexGuard};
use tandem_engine::Output;

use crate::client_flags::ClientFlag;
use crate::clients::ClientHandle;
use crate::reply::Reply;

/// Made when a client first subscribes to something; most never do.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Small messages are copied here: for them a copy costs less than sharing. Big ones are
    /// slices of one buffer for all who get them.
    mail: Mutex<Output>,
    subscriptions: Mutex<Subscriptions>,
}

/// What a client listens to.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    by_kind: [HashSet<Arc<[u8]>, ahash::RandomState>; 3],
}

/// What one can subscribe to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Channel,
    Pattern,
    ShardChannel,
}

/// A message in the encodings of both protocols, each made once it is needed.
pub(crate) struct Message<F> {
    encoded: [Option<Bytes>; 2],
    write: F,
}

impl<F: Fn(&mut Reply<'_>)> Message<F> {
    pub(crate) fn new(write: F) -> Message<F> {
        Message { encoded: [None, None], write }
    }

    fn encoded(&mut self, resp3: bool) -> &Bytes {
        self.encoded[usize::from(resp3)].get_or_insert_with(|| {
            let mut out = Output::default();
            (self.write)(&mut Reply::new(&mut out, resp3));
            debug_assert!(out.is_flat(), "a message is written whole");
            Bytes::from(std::mem::take(&mut out.buf))
        })
    }
}

impl Inbox {
    pub(crate) fn subscriptions(&self) -> MutexGuard<'_, Subscriptions> {
        self.subscriptions.lock()
    }
}

impl Subscriptions {
    pub(crate) fn of(&mut self, kind: Kind) -> &mut HashSet<Arc<[u8]>, ahash::RandomState> {
        &mut self.by_kind[kind as usize]
    }

    /// How many of each kind: channels, patterns, shard channels.
    pub(crate) fn counts(&self) -> [usize; 3] {
        self.by_kind.each_ref().map(HashSet::len)
    }

    pub(crate) fn total(&self) -> usize {
        self.counts().iter().sum()
    }

    /// What a confirmation counts: channels and patterns together, shard channels by themselves.
    pub(crate) fn counted_with(&self, kind: Kind) -> usize {
        let [channels, patterns, shard_channels] = self.counts();
        if kind == Kind::ShardChannel { shard_channels } else { channels + patterns }
    }
}

impl ClientHandle {
    /// True when something has come that its connection has not taken yet.
    #[inline]
    pub fn has_news(&self) -> bool {
        self.flags.has(ClientFlag::News)
    }

    /// Bytes that have come and were not taken yet.
    pub fn news_bytes(&self) -> u64 {
        self.inbox_if_any().map_or(0, |it| it.mail.lock().len() as u64)
    }

    /// How many channels, patterns and shard channels it listens to.
    pub(crate) fn n_subscriptions(&self) -> [usize; 3] {
        self.inbox_if_any().map_or([0; 3], |it| it.subscriptions.lock().counts())
    }

    /// Puts a message into the client's inbox and wakes its connection. False when more would wait
    /// there then than `bytes_max` (0 is no limit): the connection is closed instead.
    pub(crate) fn deliver(
        &self,
        message: &mut Message<impl Fn(&mut Reply<'_>)>,
        bytes_max: u64,
    ) -> bool {
        if self.is_killed() {
            return true;
        }
        let message = message.encoded(self.protocol.load(Relaxed) == 3);
        let mut mail = self.inbox().mail.lock();
        mail.put_shared(message);
        let n_bytes = mail.len() as u64 + self.aside.output_bytes.load(Relaxed);
        if bytes_max > 0 && n_bytes > bytes_max {
            *mail = Output::default();
            drop(mail);
            self.kill();
            return false;
        }
        let was_told = self.flags.set(ClientFlag::News, true);
        drop(mail);
        if !was_told {
            self.wake();
        }
        true
    }

    /// Lets the client's own session write something into its inbox, in order with what others put
    /// there. Nobody is woken: the session takes its news after each command.
    pub(crate) fn note(&self, resp3: bool, write: impl FnOnce(&mut Reply<'_>)) {
        let mut mail = self.inbox().mail.lock();
        write(&mut Reply::new(&mut mail, resp3));
        self.flags.set(ClientFlag::News, true);
    }

    /// Moves all that has come to the end of `out`.
    #[cold]
    pub(crate) fn take_news(&self, out: &mut Output) {
        let mut mail = self.inbox().mail.lock();
        self.flags.set(ClientFlag::News, false);
        out.take(&mut mail);
        if mail.buf.capacity() > MAIL_BYTES_KEPT_MAX {
            mail.buf = Vec::new();
        }
    }
}

/// Room that an empty inbox keeps for what comes next.
const MAIL_BYTES_KEPT_MAX: usize = 2 << 10;
