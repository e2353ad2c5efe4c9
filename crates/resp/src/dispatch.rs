//! The one path every RESP command takes.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::Poll;

use bytes::Bytes;
use tandem_engine::{Key, KeyHash, Mark, Output, View, doing, has_ready};

use crate::args::{Args, Argv};
use crate::client::{Client, Replies};
use crate::client_flags::ClientFlag;
use crate::error::Error;
use crate::gate;
use crate::keys::Keys;
use crate::reply::{Answer, Answered, Reply};
use crate::server::Server;
use crate::spec::{Flags, Handler, Run};
use crate::stats::{CommandStats, WorkerStats};
use crate::table::{Command, Table};
use crate::waiting;

/// What a data handler works with.
pub(crate) struct Ctx<'a> {
    /// The locked shards of the row's keys.
    pub(crate) db: View<'a>,
    pub(crate) args: Args<'a>,
    pub(crate) reply: Reply<'a>,
    pub(crate) client: &'a mut Client,
    pub(crate) server: &'a Server,
    pub(crate) line: &'a Line<'a>,
    pub(crate) now_ms: u64,
}

/// What a client handler works with: nothing is locked.
pub(crate) struct ClientCtx<'a> {
    pub(crate) args: Args<'a>,
    pub(crate) reply: Reply<'a>,
    pub(crate) client: &'a mut Client,
    pub(crate) server: &'a Server,
    pub(crate) now_ms: u64,
}

/// A parsed command line on its way to its handler.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) argv: Argv<'a>,
    /// `None` when the table does not know the line's name.
    pub(crate) command: Option<&'static Command>,
    /// Hash of the first key, where the row says where that stands.
    pub(crate) hash: Option<KeyHash>,
    /// The line's buffer, when a value in it is worth sharing.
    pub(crate) frame: Option<&'a Bytes>,
}

/// Runs command lines for one connection.
pub(crate) struct Dispatcher {
    pub(crate) server: Arc<Server>,
    pub(crate) client: Client,
}

/// Where the keys of a command stand, and their hashes.
#[derive(Default)]
struct KeyLists {
    positions: Vec<usize>,
    hashes: Vec<KeyHash>,
}

thread_local! {
    /// Kept for their memory.
    static KEY_LISTS: Cell<KeyLists> =
        const { Cell::new(KeyLists { positions: Vec::new(), hashes: Vec::new() }) };
}

impl Dispatcher {
    pub(crate) fn new(server: Arc<Server>, client: Client) -> Dispatcher {
        Dispatcher { server, client }
    }

    /// Runs one line and writes its answer. The end of the wait, when it has to be run again.
    #[inline]
    pub(crate) fn run(
        &mut self,
        worker: &WorkerStats,
        line: &Line<'_>,
        out: &mut Output,
        now_ms: u64,
    ) -> Option<u64> {
        let mark = out.mark();
        match self.try_run(worker, line, out, now_ms) {
            Ok(Answered { wait_ms: None }) => {}
            Ok(Answered { wait_ms: Some(wait_ms) }) => {
                out.truncate(mark);
                let until_ms = now_ms.saturating_add(wait_ms);
                self.client.start_wait(until_ms);
                return Some(until_ms);
            }
            Err(Error::CrossProtocol) => {
                out.clear();
                self.client.closing = true;
            }
            Err(error) => {
                // A reply cut short by an error never reaches the client.
                out.truncate(mark);
                worker.error(&error.line());
                Reply::new(out, self.client.resp3).error(&error);
            }
        }
        if has_ready() {
            waiting::serve_ready(&self.server, worker, now_ms);
        }
        if self.client.handle.flags.any() {
            self.end_caching(line.command);
            self.settle(out, mark);
        }
        None
    }

    /// What CLIENT CACHING has said holds for one command, or for one transaction.
    #[cold]
    fn end_caching(&self, command: Option<&Command>) {
        let flags = &self.client.handle.flags;
        let holds = self.client.queues_for_exec()
            || command.is_some_and(|it| it.flags.has(Flags::KEEPS_CACHING));
        if flags.has(ClientFlag::Caching) && !holds {
            flags.set(ClientFlag::Caching, false);
        }
    }

    /// Takes back an answer that the client has asked not to hear, and adds what has come for it.
    #[cold]
    fn settle(&mut self, out: &mut Output, mark: Mark) {
        match self.client.replies() {
            Replies::On | Replies::SkipNext => {}
            Replies::Off => out.truncate(mark),
            Replies::Skip => {
                out.truncate(mark);
                self.client.answer(Replies::On);
            }
        }
        if self.client.handle.has_news() {
            self.client.handle.take_news(out);
        }
    }

    #[inline]
    fn try_run(
        &mut self,
        worker: &WorkerStats,
        line: &Line<'_>,
        out: &mut Output,
        now_ms: u64,
    ) -> Answer {
        if self.client.handle.flags.any() {
            if self.client.replies() == Replies::SkipNext {
                self.client.answer(Replies::Skip);
            }
            if self.client.queues_for_exec() {
                return self.run_in_transaction(worker, line, out, now_ms);
            }
        }
        let command = line.command.ok_or_else(|| unknown(line.argv))?;
        if let Err(error) = self.admit(command, line.argv, now_ms) {
            worker.command(command.id).reject();
            return Err(self.refused(command, error));
        }
        self.call(worker, command, line, out, now_ms)
    }

    /// Runs a command that was admitted, and counts it.
    #[expect(
        clippy::inline_always,
        reason = "EXEC calls it too, and every command pays for a call"
    )]
    #[inline(always)]
    pub(crate) fn call(
        &mut self,
        worker: &WorkerStats,
        command: &'static Command,
        line: &Line<'_>,
        out: &mut Output,
        now_ms: u64,
    ) -> Answer {
        let stats = worker.command(command.id);
        if command.is_quick && !stats.is_sample() {
            let answer = self.execute(command, line, out, now_ms);
            return account(stats, answer);
        }
        if let Run::Script(invocation) = command.spec.run {
            return self
                .timed(worker, command, |it| it.run_script(worker, invocation, line, out, now_ms));
        }
        self.timed(worker, command, |it| it.execute(command, line, out, now_ms))
    }

    #[inline]
    pub(crate) fn timed(
        &mut self,
        worker: &WorkerStats,
        command: &Command,
        run: impl FnOnce(&mut Dispatcher) -> Answer,
    ) -> Answer {
        let stats = worker.command(command.id);
        let started_ns = (self.server.clock_ns)();
        let answer = run(self);
        let took_ns = (self.server.clock_ns)().saturating_sub(started_ns);
        if command.is_quick {
            stats.time_sample(took_ns);
        } else {
            stats.time(took_ns, 1);
        }
        account(stats, answer)
    }

    /// Straight down, one question a line.
    #[expect(
        clippy::inline_always,
        reason = "EXEC calls it too, and every command pays for a call"
    )]
    #[inline(always)]
    pub(crate) fn admit(
        &self,
        command: &'static Command,
        argv: Argv<'_>,
        now_ms: u64,
    ) -> Result<(), Error> {
        gate::complete(command, argv.len())?;
        gate::enabled(&self.server, &self.client, command)?;
        gate::authenticated(&self.server, &self.client, command)?;
        if self.client.handle.flags.any() || self.server.alerts.any() {
            self.admit_unusual(command, argv, now_ms)?;
        }
        gate::room_for(&self.server, command, now_ms)
    }

    #[cold]
    fn admit_unusual(
        &self,
        command: &'static Command,
        argv: Argv<'_>,
        now_ms: u64,
    ) -> Result<(), Error> {
        gate::permitted(&self.server, &self.client, command, argv, now_ms)?;
        gate::not_listening(&self.client, command)?;
        gate::not_busy(&self.server, command)
    }

    /// Locks what the row declares and calls the handler.
    #[inline]
    fn execute(
        &mut self,
        command: &'static Command,
        line: &Line<'_>,
        out: &mut Output,
        now_ms: u64,
    ) -> Answer {
        doing(command.deed, self.client.handle.id);
        if let (Some(handler), Some(hash)) = (command.single, line.hash) {
            return self.execute_single(command, handler, hash, line, out, now_ms);
        }
        let mut lists = KEY_LISTS.take();
        let answer = self.execute_with(&mut lists, command, line, out, now_ms);
        if lists.positions.capacity() <= KEYS_KEPT_MAX {
            KEY_LISTS.set(lists);
        }
        answer
    }

    fn execute_with(
        &mut self,
        lists: &mut KeyLists,
        command: &'static Command,
        line: &Line<'_>,
        out: &mut Output,
        now_ms: u64,
    ) -> Answer {
        self.find_keys(lists, command.spec.keys, line)?;
        let KeyLists { positions, hashes } = &*lists;
        let Dispatcher { server, client, .. } = self;
        let server: &Server = server;
        let db = client.db;
        let args = Args::new(line.argv.skip(command.n_names), hashes, db).with_frame(line.frame);
        let reply = Reply::new(out, client.resp3);
        let keys = || {
            positions.iter().zip(hashes).map(|(at, hash)| {
                let name = line.argv.get(*at).expect("positions lie inside their line");
                Key { name, hash: *hash, db }
            })
        };
        match command.spec.run {
            Run::Client(handler) => {
                if notes_reads(client, command) {
                    // It locks by itself, so its reads are noted before they are done.
                    let mut db = server.keyspace.view_many(keys(), now_ms);
                    keys().for_each(|it| db.note_read(it));
                }
                handler(&mut ClientCtx { args, reply, client, server, now_ms })
            }
            Run::Data(handler) => {
                let db = server.keyspace.view_many(keys(), now_ms);
                let mut cx = Ctx { db, args, reply, client, server, line, now_ms };
                if !cx.client.touches_keys() {
                    cx.db.stop_touching();
                }
                let answer = handler(&mut cx);
                if notes_reads(cx.client, command) {
                    keys().for_each(|it| cx.db.note_read(it));
                }
                answer
            }
            Run::Exec => Err(Error::said("ERR EXEC without MULTI")),
            Run::Script(_) => unreachable!("a script finds its keys itself"),
            Run::Group(_) => match command.spec.alone {
                Some(handler) => handler(&mut ClientCtx { args, reply, client, server, now_ms }),
                None => Err(Error::WrongArity(&command.full_name)),
            },
        }
    }

    /// The short way of a command with one key: its hash is known, and no list of keys is made.
    #[inline]
    fn execute_single(
        &mut self,
        command: &Command,
        handler: Handler,
        hash: KeyHash,
        line: &Line<'_>,
        out: &mut Output,
        now_ms: u64,
    ) -> Answer {
        let client = &mut self.client;
        let server: &Server = &self.server;
        let name = line.argv.get(1).expect("the arity counts the row's first key");
        let hashes = std::slice::from_ref(&hash);
        let args = Args::new(line.argv.skip(1), hashes, client.db).with_frame(line.frame);
        let reply = Reply::new(out, client.resp3);
        let key = Key { name, hash, db: client.db };
        let db = server.keyspace.view(key, now_ms);
        let mut cx = Ctx { db, args, reply, client, server, line, now_ms };
        if !cx.client.touches_keys() {
            cx.db.stop_touching();
        }
        let answer = handler(&mut cx);
        if notes_reads(cx.client, command) {
            cx.db.note_read(key);
        }
        answer
    }

    /// Runs a command that waits, for its own connection. False when it has to wait on.
    pub(crate) fn run_waiting(
        &mut self,
        worker: &WorkerStats,
        command: &'static Command,
        line: &Line<'_>,
        out: &mut Output,
        now_ms: u64,
    ) -> bool {
        match account(worker.command(command.id), self.execute(command, line, out, now_ms)) {
            Ok(Answered { wait_ms: Some(_) }) => return false,
            Ok(Answered { wait_ms: None }) => {}
            Err(error) => {
                out.clear();
                worker.error(&error.line());
                Reply::new(out, self.client.resp3).error(&error);
            }
        }
        true
    }

    /// Looks after a wait for keys. `Ready` when there is none (any more): its answer is written.
    pub(crate) fn poll_queue(
        &mut self,
        worker: &WorkerStats,
        out: &mut Output,
        now_ms: u64,
    ) -> Poll<()> {
        let Some(until_ms) = self.client.queues_until() else { return Poll::Ready(()) };
        let answer = waiting::take_answer(&self.client.handle);
        if answer.is_none() && now_ms < until_ms {
            return Poll::Pending;
        }
        let mark = out.mark();
        match answer {
            Some(answer) => out.append(answer),
            None => self.give_up(worker, out),
        }
        self.end_caching(None);
        self.settle(out, mark);
        Poll::Ready(())
    }

    /// The time is over, unless somebody has just answered.
    fn give_up(&mut self, worker: &WorkerStats, out: &mut Output) {
        let handle = &self.client.handle;
        match waiting::give_up(&self.server, handle) {
            Some(command) => {
                worker.command(command.id).call();
                Reply::new(out, self.client.resp3).null_array();
            }
            None => out.append(waiting::take_answer(handle).unwrap_or_default()),
        }
    }

    /// Finds and hashes the line's keys, and fetches their places in the table when there are many.
    fn find_keys(&self, lists: &mut KeyLists, keys: Keys, line: &Line<'_>) -> Result<(), Error> {
        lists.positions.clear();
        lists.hashes.clear();
        find_positions(keys, line.argv, &mut lists.positions)?;
        let keyspace = &self.server.keyspace;
        for at in &lists.positions {
            let name = line.argv.get(*at).expect("positions lie inside their line");
            lists.hashes.push(keyspace.hash(name));
        }
        if lists.hashes.len() > 1 {
            lists.hashes.iter().for_each(|it| keyspace.prefetch_slot(self.client.db, *it));
            lists.hashes.iter().for_each(|it| keyspace.prefetch_item(self.client.db, *it));
        }
        Ok(())
    }

    /// Tells the others what this connection did last.
    pub(crate) fn publish(&self, last: Option<&Command>, n_commands: u64, now_ms: u64) {
        let handle = &self.client.handle;
        handle.active_at_ms.store(now_ms, Relaxed);
        handle.db.store(self.client.db, Relaxed);
        handle.protocol.store(if self.client.resp3 { 3 } else { 2 }, Relaxed);
        handle.n_commands.store(handle.n_commands.load(Relaxed) + n_commands, Relaxed);
        if let Some(command) = last {
            handle.command.store(command.id as u32, Relaxed);
        }
    }
}

/// Finds the line's keys. A wrong count of keys is the handler's to refuse, in its command's own
/// words.
pub(crate) fn find_positions(
    keys: Keys,
    argv: Argv<'_>,
    positions: &mut Vec<usize>,
) -> Result<(), Error> {
    match keys.positions(argv, positions) {
        Err(_) if matches!(keys, Keys::Counted { .. } | Keys::Special { .. }) => {
            positions.clear();
            Ok(())
        }
        found => found,
    }
}

/// Whether the keys of a command are to be noted as read by a client that tracks what it reads.
#[inline]
fn notes_reads(client: &Client, command: &Command) -> bool {
    client.handle.flags.any()
        && command.flags.has(Flags::READONLY)
        && !command.flags.has(Flags::PUBSUB)
        && client.handle.notes_reads()
}

/// Counts a call, unless it waits and will be run again.
#[inline]
fn account(stats: &CommandStats, answer: Answer) -> Answer {
    if !matches!(answer, Ok(Answered { wait_ms: Some(_) })) {
        stats.call();
        if answer.is_err() {
            stats.fail();
        }
    }
    answer
}

pub(crate) fn unknown(argv: Argv<'_>) -> Error {
    match argv.get(0).and_then(|name| Table::get().find(name)) {
        Some(group) => Error::UnknownSubcommand {
            group: group.spec.name,
            word: argv.get(1).unwrap_or_default().into(),
        },
        None if is_http(argv) => Error::CrossProtocol,
        None => Error::unknown_command(argv),
    }
}

/// A web page can make a browser send its request here, commands in the body included.
fn is_http(argv: Argv<'_>) -> bool {
    let name = argv.get(0).unwrap_or_default();
    name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:")
}

/// Keys of a command for whose positions memory is kept, which is 16 KiB a thread.
const KEYS_KEPT_MAX: usize = 1 << 10;
