//! One client's conversation, without its socket: bytes in, bytes out.

use std::sync::Arc;

use bytes::BytesMut;
use tandem_engine::{KeyHash, Output};

use crate::batch::{Batch, Ending};
use crate::client::Client;
use crate::clients::{ClientHandle, ConnectionInfo};
use crate::dispatch::Dispatcher;
use crate::error::Error;
use crate::parse::{ParseLimits, ProtocolError};
use crate::reply::Reply;
use crate::server::Server;
use crate::stats::WorkerStats;
use crate::waiting::{self, FOREVER_MS};
use crate::watch;

/// What the connection should do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All whole commands are answered. At least `need` more bytes complete the next one (a hint
    /// to reserve for big values; 0 = unknown).
    ReadMore { need: usize },
    /// `out` has reached its soft limit: write it, then advance again.
    Write,
    /// Write `out`, then advance again at `until_ms` or when the session's handle is woken.
    Wait { until_ms: Option<u64> },
    /// Write `out`, then close.
    Close,
}

/// A connection's state. Dropping it takes the client off the register.
pub struct Session {
    dispatcher: Dispatcher,
    worker: Arc<WorkerStats>,
    batch: Batch,
}

impl Session {
    pub fn new(
        server: Arc<Server>,
        worker: Arc<WorkerStats>,
        peer: ConnectionInfo,
        now_ms: u64,
    ) -> Session {
        let handle = server.clients.register(peer, now_ms);
        let authenticated = !server.settings.live().needs_password();
        server.work_as_default(&handle);
        let client = Client::new(handle, authenticated);
        Session { dispatcher: Dispatcher::new(server, client), worker, batch: Batch::default() }
    }

    /// What others see of this connection, and how they wake or close it.
    pub fn handle(&self) -> &Arc<ClientHandle> {
        &self.dispatcher.client.handle
    }

    pub fn server(&self) -> &Arc<Server> {
        &self.dispatcher.server
    }

    /// The counters of the worker that this session runs on.
    pub fn worker(&self) -> &WorkerStats {
        &self.worker
    }

    /// Runs the whole commands at the start of `input`, consuming them. Bytes that are not yet
    /// consumed must still be at its start at the next call.
    pub fn advance(&mut self, input: &mut BytesMut, out: &mut Output, now_ms: u64) -> Step {
        let step = self.run_all(input, out, now_ms);
        if self.server().tracking.has_broadcasts() {
            self.broadcast(out);
        }
        step
    }

    #[inline]
    fn run_all(&mut self, input: &mut BytesMut, out: &mut Output, now_ms: u64) -> Step {
        if self.dispatcher.client.handle.is_killed() {
            return Step::Close;
        }
        if self.handle().has_news() {
            self.handle().take_news(out);
        }
        if let Some(until_ms) = self.dispatcher.client.pending_wait(now_ms) {
            return wait(until_ms);
        }
        if let Some(until_ms) = self.dispatcher.client.queues_until() {
            if self.dispatcher.poll_queue(&self.worker, out, now_ms).is_pending() {
                return wait(until_ms);
            }
            self.pass_waited(now_ms);
        }
        loop {
            if self.batch.is_done() {
                self.fill(input);
            }
            if let Some(step) = self.run_batch(input, out, now_ms) {
                return step;
            }
            match self.batch.ending() {
                Ending::More => {}
                Ending::ReadMore { need } => return self.read_more(input, need),
                Ending::Protocol(error) => return self.refuse(error, out),
            }
        }
    }

    /// Parses the commands at the start of `input` without running them. When there is just one,
    /// its key's place in the table is fetched and its database and hash are returned, so that
    /// the caller can fetch the item too before it advances; with several, all of that is done.
    /// `input` must come back unchanged at the next `advance`.
    pub fn look_ahead(&mut self, input: &mut BytesMut) -> Option<(u32, KeyHash)> {
        if !self.batch.is_done() {
            return None;
        }
        self.fill(input);
        let hash = self.batch.only_hash()?;
        let db = self.dispatcher.client.db;
        self.dispatcher.server.keyspace.prefetch_slot(db, hash);
        Some((db, hash))
    }

    /// Runs what is left of the batch. A step, when that cannot go on.
    fn run_batch(&mut self, input: &BytesMut, out: &mut Output, now_ms: u64) -> Option<Step> {
        let mut n_run = 0;
        let mut last = None;
        let mut step = None;
        while let Some(line) = self.batch.next_line(input) {
            let command = line.command;
            if let Some(until_ms) = self.dispatcher.run(&self.worker, &line, out, now_ms) {
                step = Some(wait(until_ms));
                break;
            }
            self.batch.pass();
            self.dispatcher.client.end_wait();
            n_run += 1;
            last = command;
            if self.dispatcher.client.closing {
                step = Some(Step::Close);
                break;
            }
            if out.len() >= OUTPUT_SOFT_MAX {
                step = Some(Step::Write);
                break;
            }
        }
        if n_run > 0 {
            self.dispatcher.publish(last, n_run, now_ms);
        }
        step
    }

    /// Tells those who track keys by their prefixes what has changed.
    #[cold]
    fn broadcast(&self, out: &mut Output) {
        self.server().send_broadcasts();
        if self.handle().has_news() {
            self.handle().take_news(out);
        }
    }

    /// The command that waited is through.
    fn pass_waited(&mut self, now_ms: u64) {
        self.batch.pass();
        self.dispatcher.client.end_wait();
        self.dispatcher.publish(None, 1, now_ms);
    }

    fn fill(&mut self, input: &mut BytesMut) {
        let Dispatcher { server, client, .. } = &self.dispatcher;
        let live = server.settings.live();
        let limits = ParseLimits {
            bulk_bytes_max: live.bulk_bytes_max(),
            authenticated: client.authenticated || !live.needs_password(),
        };
        self.batch.fill(input, limits, &server.keyspace, client.db);
    }

    fn read_more(&mut self, input: &mut BytesMut, need: usize) -> Step {
        self.batch.settle(input);
        let query_bytes_max = self.dispatcher.server.settings.live().query_bytes_max();
        let n_bytes = input.len() + self.dispatcher.client.queued_bytes();
        if n_bytes as u64 > query_bytes_max.min(QUERY_BYTES_MAX) {
            self.dispatcher.server.clients.count_cut_by_query();
            return Step::Close;
        }
        Step::ReadMore { need }
    }

    fn refuse(&mut self, error: ProtocolError, out: &mut Output) -> Step {
        let error = Error::Protocol(error);
        self.worker.error(&error.line());
        Reply::new(out, self.dispatcher.client.resp3).error(&error);
        Step::Close
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.dispatcher.client.queues_until().is_some() {
            waiting::give_up(&self.dispatcher.server, &self.dispatcher.client.handle);
        }
        watch::end(&self.dispatcher.server, &self.dispatcher.client.handle);
        self.dispatcher.server.forget_tracker(&self.dispatcher.client.handle);
        self.dispatcher.server.pubsub.forget(&self.dispatcher.client.handle);
        self.dispatcher.server.clients.remove(self.dispatcher.client.handle.id);
    }
}

fn wait(until_ms: u64) -> Step {
    Step::Wait { until_ms: (until_ms != FOREVER_MS).then_some(until_ms) }
}

/// A session stops answering until the connection has written this much: replies that nobody reads
/// must not pile up.
pub const OUTPUT_SOFT_MAX: usize = 256 << 10;

/// Most bytes of one request whatever the settings say: spans are 32 bits wide.
const QUERY_BYTES_MAX: u64 = 3 << 30;

#[cfg(test)]
mod tests;
