//! Commands that wait for a key to have something for them.
//!
//! A handler that finds nothing asks to wait (`Ctx::wait_or`): its connection queues up for each of
//! the row's keys, under the lock of its look, and leaves a copy of its command in its seat. The
//! thread that writes one of the keys runs the copies of those who wait, in order of arrival,
//! before its own next command (`serve_ready`), and puts each answer into the seat. So nobody who
//! comes later takes what an earlier one waits for, and a client sees its own write served.
//!
//! A seat is locked before shards, but for the moment in which its owner sits down: he holds the
//! shards then, and nobody who holds his seat can want them, as it is still empty.

use std::sync::Arc;

use tandem_engine::{Output, OwnedKey, Ready, Ticket, Type, take_ready};

use crate::args::{Argv, Span};
use crate::client::{Client, Queueing};
use crate::client_flags::ClientFlag;
use crate::clients::ClientHandle;
use crate::dispatch::{Ctx, Dispatcher, Line};
use crate::error::Error;
use crate::float::LongDouble;
use crate::reply::{Answer, Answered, Reply};
use crate::server::Server;
use crate::stats::WorkerStats;
use crate::table::Command;

/// The end of a wait without one.
pub(crate) const FOREVER_MS: u64 = u64::MAX;

/// What a command waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WaitsFor {
    /// What the key has to hold; `None` is anything, or nothing at all.
    held: Option<Type>,
    /// What one takes is gone for the others.
    takes_away: bool,
    /// Only the first of the row's keys is waited for.
    first_key_only: bool,
    /// Who is looked at in vain loses its turn for all of its keys, as in Valkey.
    goes_to_the_back: bool,
}

/// Where a connection's command sits while it waits. Most connections have none.
#[derive(Debug)]
pub(crate) enum Seat {
    Waiting(Waiting),
    /// Its answer, for its connection to send.
    Answered(Output),
}

/// A command that waits, with all that it takes to run it.
#[derive(Debug)]
pub(crate) struct Waiting {
    command: &'static Command,
    buffer: Vec<u8>,
    spans: Vec<Span>,
    db: u32,
    resp3: bool,
    waits_for: WaitsFor,
    places: Vec<Place>,
}

/// A place in the queue of one key.
pub(crate) type Place = (OwnedKey, Ticket);

/// What came of running a command that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// It has its answer.
    Served,
    /// There was nothing for it: it keeps its turn.
    InVain,
    /// Nobody sits there any more.
    Gone,
}

impl<'a> Ctx<'a> {
    /// Waits for the row's keys until `until_ms` (`FOREVER_MS` for no end) and runs the command
    /// again when one of them is written. Where it may not wait (in a transaction) it answers
    /// `nothing`; when its time is over it answers a null array.
    pub(crate) fn wait_or(
        &mut self,
        waits_for: WaitsFor,
        until_ms: u64,
        nothing: fn(&mut Reply<'a>) -> Answered,
    ) -> Answer {
        let argv = self.line.argv;
        self.wait_with(|| argv.copied(), waits_for, until_ms, nothing)
    }

    /// As `wait_or`; the command that is run again has these words, of which the keys are those of
    /// the line.
    pub(crate) fn wait_with(
        &mut self,
        words: impl FnOnce() -> (Vec<u8>, Vec<Span>),
        waits_for: WaitsFor,
        until_ms: u64,
        nothing: fn(&mut Reply<'a>) -> Answered,
    ) -> Answer {
        match self.client.queueing.as_deref() {
            None => {}
            Some(Queueing::Never { .. } | Queueing::ForExec(_)) => {
                return Ok(nothing(&mut self.reply));
            }
            Some(Queueing::InQueue) => return Ok(self.reply.wait(FOREVER_MS)),
            Some(Queueing::Anew(_)) => {
                let places = self.queue_up(waits_for)?;
                self.client.queueing = Some(Box::new(Queueing::Anew(places)));
                return Ok(self.reply.wait(FOREVER_MS));
            }
        }
        let places = self.queue_up(waits_for)?;
        let (buffer, spans) = words();
        let waiting = Waiting {
            command: self.line.command.expect("a line that runs has a command"),
            buffer,
            spans,
            db: self.client.db,
            resp3: self.reply.is_resp3(),
            waits_for,
            places,
        };
        let handle = &self.client.handle;
        handle.flags.set(ClientFlag::Blocked, true);
        *handle.seat() = Some(Box::new(Seat::Waiting(waiting)));
        self.client.start_queueing(until_ms);
        Ok(self.reply.wait(until_ms.saturating_sub(self.now_ms)))
    }

    fn queue_up(&mut self, waits_for: WaitsFor) -> Result<Vec<Place>, Error> {
        let command = self.line.command.expect("a line that runs has a command");
        let mut positions = Vec::new();
        command.spec.keys.positions(self.line.argv, &mut positions)?;
        if waits_for.first_key_only {
            positions.truncate(1);
        }
        let mut places: Vec<Place> = Vec::with_capacity(positions.len());
        for at in positions {
            let name = self.line.argv.get(at).expect("positions lie inside their line");
            let key = self.server.keyspace.key(self.client.db, name);
            let Some(ticket) = self.db.wait(key, self.client.handle.id) else {
                for (key, ticket) in &places {
                    self.db.stop_waiting(key.as_key(), *ticket);
                }
                return Err(Error::said("ERR too many clients wait for keys"));
            };
            places.push((key.owned(), ticket));
        }
        Ok(places)
    }
}

impl Waiting {
    fn line(&self) -> Line<'_> {
        let argv = Argv::new(&self.buffer, &self.spans);
        Line { argv, command: Some(self.command), hash: None, frame: None }
    }

    fn leave(&mut self, server: &Server) {
        for (key, ticket) in self.places.drain(..) {
            server.keyspace.stop_waiting(key.as_key(), ticket);
        }
    }
}

/// Serves those who wait for what this thread has written. Each pass serves at least one of them
/// or ends: those who were served wait no longer.
#[cold]
pub(crate) fn serve_ready(server: &Arc<Server>, worker: &WorkerStats, now_ms: u64) {
    loop {
        server.tell_notes();
        let notes = take_ready();
        if notes.is_empty() {
            return;
        }
        for note in notes {
            match note {
                Ready::Written(key) => serve_key(server, worker, &key, now_ms),
                Ready::Moved(who) => {
                    let Some(handle) = server.clients.get(who) else { continue };
                    let places = Queueing::Anew(Vec::new());
                    serve(server, worker, &handle, &mut handle.seat(), places, now_ms);
                }
            }
        }
    }
}

/// Goes once through the queue of a key as it stands. Who waits for the same as one who waits in
/// vain does so too, whatever other keys either of them has.
fn serve_key(server: &Arc<Server>, worker: &WorkerStats, key: &OwnedKey, now_ms: u64) {
    let key = key.as_key();
    let end = server.keyspace.next_turn(key);
    let mut in_vain: Option<WaitsFor> = None;
    let mut turn = None;
    while let Some((next, who)) = server.keyspace.next_waiter(key, turn) {
        if end <= next {
            return;
        }
        turn = Some(next);
        let Some(handle) = server.clients.get(who) else { continue };
        let mut seat = handle.seat();
        let waits_for = match seat.as_deref() {
            Some(Seat::Waiting(it)) => it.waits_for,
            _ => continue,
        };
        if in_vain == Some(waits_for) {
            continue;
        }
        let held = server.keyspace.view(key, now_ms).peek(key).map(|it| it.kind());
        if !waits_for.may_be(held) {
            continue;
        }
        let queueing =
            if waits_for.goes_to_the_back { Queueing::Anew(Vec::new()) } else { Queueing::InQueue };
        let outcome = serve(server, worker, &handle, &mut seat, queueing, now_ms);
        if outcome == Outcome::InVain && waits_for.takes_away {
            in_vain = Some(waits_for);
        }
    }
}

impl WaitsFor {
    /// For an element that it takes away.
    pub(crate) const fn taking(held: Type) -> WaitsFor {
        WaitsFor { takes_away: true, ..WaitsFor::reading(held) }
    }

    /// The row's other keys are not waited for.
    pub(crate) const fn in_first_key(self) -> WaitsFor {
        WaitsFor { first_key_only: true, ..self }
    }

    /// For something to read.
    pub(crate) const fn reading(held: Type) -> WaitsFor {
        WaitsFor {
            held: Some(held),
            takes_away: false,
            first_key_only: false,
            goes_to_the_back: false,
        }
    }

    /// For any change of the key, its removal included.
    pub(crate) const fn change() -> WaitsFor {
        WaitsFor { held: None, takes_away: false, first_key_only: false, goes_to_the_back: true }
    }

    /// Whether a key that holds this can be what is waited for.
    fn may_be(self, held: Option<Type>) -> bool {
        self.held.is_none() || self.held == held
    }
}

/// Runs the command in a client's seat.
fn serve(
    server: &Arc<Server>,
    worker: &WorkerStats,
    handle: &Arc<ClientHandle>,
    seat: &mut Option<Box<Seat>>,
    queueing: Queueing,
    now_ms: u64,
) -> Outcome {
    let Some(Seat::Waiting(waiting)) = seat.as_deref_mut() else { return Outcome::Gone };
    let client = Client::stand_in(handle.clone(), waiting.db, waiting.resp3, queueing);
    let mut dispatcher = Dispatcher::new(server.clone(), client);
    let mut out = Output::default();
    if dispatcher.run_waiting(worker, waiting.command, &waiting.line(), &mut out, now_ms) {
        waiting.leave(server);
        answer(handle, seat, out);
        return Outcome::Served;
    }
    if let Some(Queueing::Anew(places)) = dispatcher.client.queueing.map(|it| *it) {
        waiting.leave(server);
        waiting.places = places;
    }
    Outcome::InVain
}

fn answer(handle: &ClientHandle, seat: &mut Option<Box<Seat>>, out: Output) {
    *seat = Some(Box::new(Seat::Answered(out)));
    handle.flags.set(ClientFlag::Blocked, false);
    handle.wake();
}

/// The answer that has come to a client's seat, which is free then.
pub(crate) fn take_answer(handle: &ClientHandle) -> Option<Output> {
    let mut seat = handle.seat();
    match seat.take().map(|it| *it) {
        Some(Seat::Answered(out)) => Some(out),
        other => {
            *seat = other.map(Box::new);
            None
        }
    }
}

/// Ends a client's wait without an answer. `None` when it does not wait; an answer that has come
/// meanwhile stays.
pub(crate) fn give_up(server: &Server, handle: &ClientHandle) -> Option<&'static Command> {
    let mut seat = handle.seat();
    let Some(Seat::Waiting(waiting)) = seat.as_deref_mut() else { return None };
    let command = waiting.command;
    waiting.leave(server);
    *seat = None;
    handle.flags.set(ClientFlag::Blocked, false);
    Some(command)
}

/// Ends another client's wait as if its time were over, or with an error (CLIENT UNBLOCK). False
/// when it does not wait for keys.
pub(crate) fn unblock(server: &Server, handle: &ClientHandle, with_error: bool) -> bool {
    let mut seat = handle.seat();
    let Some(Seat::Waiting(waiting)) = seat.as_deref_mut() else { return false };
    let mut out = Output::default();
    let mut reply = Reply::new(&mut out, waiting.resp3);
    if with_error {
        reply.error(&Error::said("UNBLOCKED client unblocked via CLIENT UNBLOCK"));
    } else {
        reply.null_array();
    }
    waiting.leave(server);
    answer(handle, &mut seat, out);
    true
}

/// One to unblock, and whether with an error.
pub(crate) type Unblocked = (Arc<ClientHandle>, bool);

/// Notes whom to unblock once nothing is locked. False when he does not wait for keys.
pub(crate) fn unblock_later(
    unblocked: &mut Vec<Unblocked>,
    handle: Arc<ClientHandle>,
    with_error: bool,
) -> bool {
    let is_new = unblocked.iter().all(|(it, _)| it.id != handle.id);
    let waits = is_new && handle.is_blocked();
    if waits {
        unblocked.push((handle, with_error));
    }
    waits
}

/// When a wait of so many seconds ends, fractions allowed; 0 never does.
pub(crate) fn until_ms(seconds: &[u8], now_ms: u64) -> Result<u64, Error> {
    let Some(seconds) = LongDouble::parse(seconds) else {
        return Err(Error::said("ERR timeout is not a float or out of range"));
    };
    match seconds.ceil_thousandths() {
        None => Err(Error::said("ERR timeout is out of range")),
        Some(ms) => after_ms(ms, now_ms),
    }
}

/// When a wait of so many milliseconds ends; 0 never does.
pub(crate) fn after_ms(ms: i64, now_ms: u64) -> Result<u64, Error> {
    match u64::try_from(ms) {
        Err(_) => Err(Error::said("ERR timeout is negative")),
        Ok(0) => Ok(FOREVER_MS),
        Ok(ms) => match now_ms.checked_add(ms) {
            Some(until_ms) if i64::try_from(until_ms).is_ok() => Ok(until_ms),
            _ => Err(Error::said("ERR timeout is out of range")),
        },
    }
}
