//! One connection, as far as commands are concerned.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::client_flags::ClientFlag;
use crate::clients::{ClientHandle, Transport};
use crate::transaction::Transaction;
use crate::waiting::{Place, Unblocked};

/// What commands know and change of their connection.
pub(crate) struct Client {
    /// What the others see of it.
    pub(crate) handle: Arc<ClientHandle>,
    /// Index of the selected database.
    pub(crate) db: u32,
    pub(crate) resp3: bool,
    /// Has given the password, or came when none was asked for.
    pub(crate) authenticated: bool,
    replies: Replies,
    /// Set to close the connection once the answer is written.
    pub(crate) closing: bool,
    pub(crate) random: fastrand::Rng,
    /// `None` where its commands run at once and may queue up for keys: nearly always.
    pub(crate) queueing: Option<Box<Queueing>>,
    wait: Wait,
}

/// What keeps a command from running, or from queueing up for a key, as usual.
#[derive(Debug)]
pub(crate) enum Queueing {
    /// It waits for EXEC with those before it.
    ForExec(Transaction),
    /// It answers at once, as inside a transaction. Those whom it unblocks are woken when all is
    /// done and unlocked.
    Never { unblocked: Vec<Unblocked> },
    /// It runs for one who has his places in the queues.
    InQueue,
    /// It runs for one whose places were lost; the new ones come here.
    Anew(Vec<Place>),
}

/// CLIENT REPLY's modes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Replies {
    #[default]
    On,
    Off,
    /// The next command is not answered.
    SkipNext,
    /// This command is not answered.
    Skip,
}

/// A command that has asked to be run again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wait {
    #[default]
    No,
    UntilMs(u64),
    Over,
    /// For keys, in its seat.
    InQueue {
        until_ms: u64,
    },
}

impl Client {
    pub(crate) fn new(handle: Arc<ClientHandle>, authenticated: bool) -> Client {
        // Ids differ, so that no two clients are told the same picks.
        let handle_seed = handle.id ^ handle.aside.connected_at_ms.rotate_left(32);
        Client {
            handle,
            db: 0,
            resp3: false,
            authenticated,
            replies: Replies::On,
            closing: false,
            random: fastrand::Rng::with_seed(handle_seed),
            queueing: None,
            wait: Wait::No,
        }
    }

    /// Who runs a waiting command in place of its own connection.
    pub(crate) fn stand_in(
        handle: Arc<ClientHandle>,
        db: u32,
        resp3: bool,
        queueing: Queueing,
    ) -> Client {
        Client { db, resp3, queueing: Some(Box::new(queueing)), ..Client::new(handle, true) }
    }

    /// True when the client runs on this machine.
    pub(crate) fn is_local(&self) -> bool {
        let aside = &self.handle.aside;
        let addr = aside.addr();
        let ip = addr.rsplit_once(':').map_or(&*addr, |(ip, _)| ip);
        let ip = ip.trim_start_matches('[').trim_end_matches(']');
        aside.transport == Transport::Unix
            || ip.parse::<IpAddr>().is_ok_and(|it| it.to_canonical().is_loopback())
    }

    /// Picks the protocol of its replies and of what others send it.
    pub(crate) fn speak(&mut self, resp3: bool) {
        self.resp3 = resp3;
        self.handle.protocol.store(if resp3 { 3 } else { 2 }, Relaxed);
    }

    /// False when the client has asked that its reads leave no trace (CLIENT NO-TOUCH).
    #[inline]
    pub(crate) fn touches_keys(&self) -> bool {
        !self.handle.flags.has(ClientFlag::NoTouch)
    }

    pub(crate) fn replies(&self) -> Replies {
        self.replies
    }

    /// Says which commands are answered from here on.
    pub(crate) fn answer(&mut self, replies: Replies) {
        self.replies = replies;
        self.handle.flags.set(ClientFlag::Muted, replies != Replies::On);
    }

    /// True between MULTI and EXEC.
    pub(crate) fn queues_for_exec(&self) -> bool {
        self.handle.flags.has(ClientFlag::Transaction)
    }

    /// True while its commands run together, as one.
    pub(crate) fn is_in_transaction(&self) -> bool {
        matches!(self.queueing.as_deref(), Some(Queueing::Never { .. }))
    }

    /// True when the running command has waited as long as it asked to: it must answer now.
    pub(crate) fn wait_is_over(&self) -> bool {
        self.wait == Wait::Over
    }

    /// The end of the wait under way; one that has passed turns into `wait_is_over`.
    pub(crate) fn pending_wait(&mut self, now_ms: u64) -> Option<u64> {
        match self.wait {
            Wait::UntilMs(until_ms) if now_ms < until_ms => Some(until_ms),
            Wait::UntilMs(_) => {
                self.wait = Wait::Over;
                None
            }
            Wait::No | Wait::Over | Wait::InQueue { .. } => None,
        }
    }

    /// The end of the wait for keys that is under way.
    pub(crate) fn queues_until(&self) -> Option<u64> {
        if let Wait::InQueue { until_ms } = self.wait { Some(until_ms) } else { None }
    }

    pub(crate) fn start_queueing(&mut self, until_ms: u64) {
        self.wait = Wait::InQueue { until_ms };
    }

    pub(crate) fn start_wait(&mut self, until_ms: u64) {
        if self.queues_until().is_none() {
            self.wait = Wait::UntilMs(until_ms);
        }
    }

    /// Commands answer as if they had waited as long as they asked to.
    pub(crate) fn forbid_waiting(&mut self) {
        self.wait = Wait::Over;
    }

    pub(crate) fn end_wait(&mut self) {
        self.wait = Wait::No;
    }
}
