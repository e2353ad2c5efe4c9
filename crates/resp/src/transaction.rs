//! Transactions: commands that wait for EXEC, and then run with nobody between them.
//!
//! EXEC takes a grip on every shard that the keys of the queued commands lie in, in one go and in
//! order, and runs the commands as if they had come one after the other. Commands that find out
//! only as they run what they touch make it a grip on all.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use tandem_engine::{Grip, KeyHash, Keyspace, Output};

use crate::acl::{Context, Denied};
use crate::args::{Argv, Span};
use crate::client::{Client, Queueing};
use crate::client_flags::ClientFlag;
use crate::dispatch::{Dispatcher, Line, find_positions, unknown};
use crate::error::Error;
use crate::gate;
use crate::reply::{Answer, Reply};
use crate::spec::{Family, Flags, Run};
use crate::stats::WorkerStats;
use crate::table::Command;
use crate::waiting;
use crate::watch::{self, Watch};

/// The commands between MULTI and EXEC, and their words one behind the other.
#[derive(Debug, Default)]
pub(crate) struct Transaction {
    buffer: Vec<u8>,
    spans: Vec<Span>,
    lines: Vec<Queued>,
    /// Bytes in buffers of their own, which are shared.
    frame_bytes: usize,
    /// A command was refused, so EXEC will be.
    has_failed: bool,
    /// A command may add to the keyspace.
    wants_room: bool,
    /// What a command touches is not known before it runs.
    wants_all: bool,
}

#[derive(Debug)]
struct Queued {
    command: &'static Command,
    hash: Option<KeyHash>,
    /// Where its words end in `spans`; they begin where those of the command before end.
    spans_end: usize,
    /// Where its words are, when one of them is worth sharing.
    frame: Option<Bytes>,
}

impl Transaction {
    /// Bytes that it takes, which count as bytes of commands that were not run yet.
    pub(crate) fn bytes(&self) -> usize {
        self.buffer.len()
            + self.frame_bytes
            + self.spans.len() * size_of::<Span>()
            + self.lines.len() * size_of::<Queued>()
    }

    fn push(&mut self, command: &'static Command, line: &Line<'_>) -> Result<(), Error> {
        let start = self.buffer.len();
        let words = line.argv.iter();
        if let Some(frame) = line.frame {
            self.frame_bytes += frame.len();
            self.spans.extend(line.argv.spans());
        } else {
            if BUFFER_BYTES_MAX - start < words.clone().map(<[u8]>::len).sum() {
                return Err(Error::said("ERR the transaction is too long"));
            }
            for word in words {
                self.spans.push(Span::new(self.buffer.len(), word.len()));
                self.buffer.extend_from_slice(word);
            }
        }
        self.wants_room |= command.flags.has(Flags::DENYOOM);
        self.wants_all |= touches_anything(command);
        self.lines.push(Queued {
            command,
            hash: line.hash,
            spans_end: self.spans.len(),
            frame: line.frame.cloned(),
        });
        Ok(())
    }

    fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        let mut start = 0;
        self.lines.iter().map(move |it| {
            let spans = &self.spans[start..it.spans_end];
            start = it.spans_end;
            let buffer = it.frame.as_deref().unwrap_or(&self.buffer);
            Line {
                argv: Argv::new(buffer, spans),
                command: Some(it.command),
                hash: it.hash,
                frame: it.frame.as_ref(),
            }
        })
    }

    /// Locks what the commands will touch and what is watched.
    fn grip<'a>(
        &self,
        keyspace: &'a Keyspace,
        db: u32,
        watched: impl Iterator<Item = (u32, KeyHash)>,
    ) -> Grip<'a> {
        if self.wants_all {
            return keyspace.grip_all();
        }
        let mut hashes = Vec::with_capacity(self.lines.len());
        hashes.extend(watched);
        let mut positions = Vec::new();
        for line in self.lines() {
            let command = line.command.expect("only known commands are queued");
            match line.hash {
                Some(hash) if command.single.is_some() => hashes.push((db, hash)),
                _ => {
                    positions.clear();
                    // The command will refuse itself.
                    let _ = find_positions(command.spec.keys, line.argv, &mut positions);
                    let names = positions.iter().filter_map(|at| line.argv.get(*at));
                    hashes.extend(names.map(|it| (db, keyspace.hash(it))));
                }
            }
        }
        keyspace.grip(hashes)
    }
}

/// Whether a command may look at more than the keys of its line in the selected database.
pub(crate) fn touches_anything(command: &Command) -> bool {
    let flags = command.flags;
    let is_about_keys = flags.has(Flags::READONLY) || flags.has(Flags::WRITE);
    let is_light = command.family == Family::Connection || flags.has(Flags::FAST);
    let locks_itself = !matches!(command.spec.run, Run::Data(_));
    flags.has(Flags::SELECTS) || locks_itself && (is_about_keys || !is_light)
}

impl Dispatcher {
    /// Runs a line of a client in a transaction, or queues it.
    #[cold]
    pub(crate) fn run_in_transaction(
        &mut self,
        worker: &WorkerStats,
        line: &Line<'_>,
        out: &mut Output,
        now_ms: u64,
    ) -> Answer {
        let Some(command) = line.command else {
            self.client.fail_transaction();
            return Err(unknown(line.argv));
        };
        let is_end = matches!(command.spec.run, Run::Exec);
        let admitted = self
            .admit(command, line.argv, now_ms)
            .and_then(|()| gate::queueable(command))
            .and_then(|()| if is_end { self.room_for_all(now_ms) } else { Ok(()) });
        if let Err(error) = admitted {
            worker.command(command.id).reject();
            return Err(self.refused(command, error));
        }
        if is_end {
            return self.timed(worker, command, |it| it.exec(worker, out, now_ms));
        }
        if command.flags.has(Flags::UNQUEUED) {
            return self.call(worker, command, line, out, now_ms);
        }
        self.client.queue(command, line)?;
        Ok(Reply::new(out, self.client.resp3).simple("QUEUED"))
    }

    /// What a refused command does to the transaction that it is in, or that it should have run.
    #[cold]
    pub(crate) fn refused(&mut self, command: &Command, error: Error) -> Error {
        if !matches!(command.spec.run, Run::Exec) {
            self.client.fail_transaction();
            return error;
        }
        end(&mut self.client);
        watch::end(&self.server, &self.client.handle);
        Error::aborted(&error)
    }

    fn room_for_all(&self, now_ms: u64) -> Result<(), Error> {
        if self.client.transaction().is_some_and(|it| it.wants_room) {
            self.server.keyspace.make_room(now_ms)?;
        }
        Ok(())
    }

    /// Runs what was queued.
    fn exec(&mut self, worker: &WorkerStats, out: &mut Output, now_ms: u64) -> Answer {
        let transaction = take(&mut self.client).unwrap_or_default();
        let watch = watch::take(&self.client.handle);
        let answer = self.exec_all(worker, &transaction, watch.as_ref(), out, now_ms);
        watch::release(&self.server, &self.client.handle, watch.as_ref());
        forget_queue(&self.client);
        transaction.lines.into_iter().filter_map(|it| it.frame).for_each(tandem_engine::let_go);
        answer
    }

    fn exec_all(
        &mut self,
        worker: &WorkerStats,
        transaction: &Transaction,
        watch: Option<&Watch>,
        out: &mut Output,
        now_ms: u64,
    ) -> Answer {
        if transaction.has_failed {
            return Err(Error::said("EXECABORT Transaction discarded because of previous errors."));
        }
        let server = Arc::clone(&self.server);
        let watched = watch.into_iter().flat_map(Watch::places);
        let grip = transaction.grip(&server.keyspace, self.client.db, watched);
        if watch.is_some_and(|it| it.finds_change(&server, now_ms)) {
            return Ok(Reply::new(out, self.client.resp3).null_array());
        }
        let n_lines = transaction.lines.len();
        let answered = Reply::new(out, self.client.resp3).array_header(n_lines);
        self.client.start_exec();
        for line in transaction.lines() {
            self.run_queued(worker, &line, out, now_ms);
        }
        drop(grip);
        for (handle, with_error) in self.client.end_exec() {
            waiting::unblock(&server, &handle, with_error);
        }
        Ok(answered)
    }

    /// Rules may have changed since the command was queued.
    fn still_permitted(
        &self,
        command: &Command,
        line: &Line<'_>,
        now_ms: u64,
    ) -> Result<(), Error> {
        let handle = &self.client.handle;
        if !handle.flags.has(ClientFlag::Restricted) {
            return Ok(());
        }
        let context = Context::Transaction;
        self.server.permit(handle, command, line.argv, context, now_ms).map_err(|denied| {
            let reason = match denied {
                Denied::Command => "no permission to execute the command or subcommand",
                Denied::Key(_) => "no permission to touch the specified keys",
                Denied::Channel(_) => {
                    "no permission to access one of the channels used as argument to the command"
                }
            };
            Error::said(format!(
                "NOPERM ACLs rules changed between the moment the transaction was accumulated \
                 and the EXEC call. This command is no longer allowed for the following reason: \
                 {reason}"
            ))
        })
    }

    fn run_queued(&mut self, worker: &WorkerStats, line: &Line<'_>, out: &mut Output, now_ms: u64) {
        let mark = out.mark();
        let command = line.command.expect("only known commands are queued");
        let ran = self.still_permitted(command, line, now_ms);
        let ran = ran.and_then(|()| self.call(worker, command, line, out, now_ms));
        if let Err(error) = ran {
            out.truncate(mark);
            worker.error(&error.line());
            Reply::new(out, self.client.resp3).error(&error);
        }
    }
}

impl Client {
    fn transaction(&self) -> Option<&Transaction> {
        match self.queueing.as_deref() {
            Some(Queueing::ForExec(it)) => Some(it),
            _ => None,
        }
    }

    fn transaction_mut(&mut self) -> Option<&mut Transaction> {
        match self.queueing.as_deref_mut() {
            Some(Queueing::ForExec(it)) => Some(it),
            _ => None,
        }
    }

    /// Bytes of queued commands.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.transaction().map_or(0, Transaction::bytes)
    }

    fn queue(&mut self, command: &'static Command, line: &Line<'_>) -> Result<(), Error> {
        let Some(transaction) = self.transaction_mut() else { return Ok(()) };
        // What will not run takes no memory.
        if transaction.has_failed {
            return Ok(());
        }
        transaction.push(command, line).inspect_err(|_| transaction.has_failed = true)?;
        let (n_queued, n_bytes) = (transaction.lines.len(), transaction.bytes());
        self.handle.aside.n_queued.store(n_queued as i32, Relaxed);
        self.handle.aside.queued_bytes.store(n_bytes as u64, Relaxed);
        Ok(())
    }

    fn fail_transaction(&mut self) {
        if let Some(transaction) = self.transaction_mut() {
            transaction.has_failed = true;
        }
    }

    /// Nothing waits from here on, and everybody who is to be unblocked is so behind the locks.
    pub(crate) fn start_exec(&mut self) {
        self.queueing = Some(Box::new(Queueing::Never { unblocked: Vec::new() }));
        self.forbid_waiting();
    }

    pub(crate) fn end_exec(&mut self) -> Vec<waiting::Unblocked> {
        self.end_wait();
        match self.queueing.take().map(|it| *it) {
            Some(Queueing::Never { unblocked }) => unblocked,
            _ => Vec::new(),
        }
    }
}

/// Begins a transaction.
pub(crate) fn begin(client: &mut Client) {
    client.queueing = Some(Box::new(Queueing::ForExec(Transaction::default())));
    client.handle.flags.set(ClientFlag::Transaction, true);
    client.handle.aside.n_queued.store(0, Relaxed);
}

/// Takes the client out of its transaction.
pub(crate) fn end(client: &mut Client) -> Option<Transaction> {
    let transaction = take(client)?;
    forget_queue(client);
    Some(transaction)
}

fn take(client: &mut Client) -> Option<Transaction> {
    match *client.queueing.take_if(|it| matches!(**it, Queueing::ForExec(_)))? {
        Queueing::ForExec(it) => {
            client.handle.flags.set(ClientFlag::Transaction, false);
            Some(it)
        }
        _ => None,
    }
}

/// Others see it as a client without a transaction.
fn forget_queue(client: &Client) {
    client.handle.aside.n_queued.store(-1, Relaxed);
    client.handle.aside.queued_bytes.store(0, Relaxed);
}

/// Most bytes of words in one transaction, those of big values not counted: spans are 32 bits
/// wide. Settings draw the line earlier (`client-query-buffer-limit`).
const BUFFER_BYTES_MAX: usize = 3 << 30;

#[cfg(test)]
mod tests {
    use crate::session::Step;
    use crate::testing::World;

    #[test]
    fn a_skipped_reply_is_not_that_of_the_transaction() {
        let mut it = World::new(&[]).connect(1);
        for (line, answer) in [
            ("MULTI", "+OK"),
            ("PING", "+QUEUED"),
            ("CLIENT REPLY SKIP", "+QUEUED"),
            ("EXEC", "*2 +PONG"),
            ("PING", ""),
            ("PING", "+PONG"),
        ] {
            it.check(line, answer);
        }
    }

    #[test]
    fn a_queue_counts_as_what_was_sent_and_not_run() {
        let world = World::new(&[("client-query-buffer-limit", "1mb")]);
        let mut it = world.connect(1);
        it.check("MULTI", "+OK");
        let line = format!("SET key {}", "x".repeat(40_000));
        let n_lines = (0..100).take_while(|_| it.ask(&line) == "+QUEUED" && it.step != Step::Close);
        assert!((20..=26).contains(&n_lines.count()));
        assert_eq!((it.step, world.server.clients.n_cut().0), (Step::Close, 1));
    }

    #[test]
    fn who_is_unblocked_in_a_transaction_hears_of_it_behind_it() {
        let world = World::new(&[]);
        let (mut it, mut other) = (world.connect(1), world.connect(2));
        other.check("BLPOP l 0", "");
        it.check("MULTI", "+OK");
        for line in ["CLIENT UNBLOCK 2 ERROR", "CLIENT UNBLOCK 2", "CLIENT UNBLOCK 1", "KEYS *"] {
            it.check(line, "+QUEUED");
        }
        it.check("EXEC", "*4 :1 :0 :0 *0");
        other.check("PING", "-UNBLOCKED client unblocked via CLIENT UNBLOCK +PONG");
    }
}
