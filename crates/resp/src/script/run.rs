//! EVAL and its like: from words to a script that runs, and from what it returns to a reply.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use bytes::Bytes;
use mlua::{Table, Value};
use tandem_engine::{Grip, KeyHash, Output};

use super::answer::{Answering, line_error};
use super::call::{Called, RUNNING, Rules, Running, State};
use super::library::FunctionFlags;
use super::shebang::Shebang;
use super::store::{Kept, sha_of};
use super::vm::{Program, Vm};
use crate::alerts::Alert;
use crate::args::{Argv, integer};
use crate::client::Replies;
use crate::dispatch::{Dispatcher, Line};
use crate::error::Error;
use crate::reply::{Answer, Reply};
use crate::server::Server;
use crate::stats::WorkerStats;
use crate::waiting;

/// How a row runs scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    named_by: NamedBy,
    reads_only: bool,
}

/// What the word behind the command's name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NamedBy {
    Source,
    Sha,
    Function,
}

impl Invocation {
    pub(crate) const SOURCE: Invocation =
        Invocation { named_by: NamedBy::Source, reads_only: false };
    pub(crate) const SHA: Invocation = Invocation { named_by: NamedBy::Sha, reads_only: false };

    pub(crate) const FUNCTION: Invocation =
        Invocation { named_by: NamedBy::Function, reads_only: false };

    pub(crate) const fn read_only(self) -> Invocation {
        Invocation { reads_only: true, ..self }
    }

    fn find(self, vm: &mut Vm, server: &Server, argv: Argv<'_>) -> Result<Program, Error> {
        let word = argv.get(1).unwrap_or_default();
        match self.named_by {
            NamedBy::Function => vm.find_function(server, word).map(Program::Function),
            NamedBy::Source => {
                Given::parse(argv, self)?;
                vm.find_source(word, Kept::WhileUsed).map(Program::Script)
            }
            NamedBy::Sha => {
                let sha = sha_of(word).ok_or(Error::said("NOSCRIPT No matching script."))?;
                Given::parse(argv, self)?;
                vm.find_sum(&sha).map(Program::Script)
            }
        }
    }
}

/// A script's words: what it is given.
#[derive(Clone, Copy)]
struct Given<'a> {
    keys: Argv<'a>,
    arguments: Argv<'a>,
}

impl<'a> Given<'a> {
    fn parse(argv: Argv<'a>, invocation: Invocation) -> Result<Given<'a>, Error> {
        let n_keys = integer(argv.get(2).unwrap_or_default());
        let n_keys = n_keys.map_err(|error| match invocation.named_by {
            NamedBy::Function => Error::said("ERR Bad number of keys provided"),
            _ => error,
        })?;
        let rest = argv.skip(3);
        let Ok(n_keys) = usize::try_from(n_keys) else {
            return Err(Error::said("ERR Number of keys can't be negative"));
        };
        if n_keys > rest.len() {
            return Err(Error::said("ERR Number of keys can't be greater than number of args"));
        }
        Ok(Given { keys: rest.first(n_keys), arguments: rest.skip(n_keys) })
    }
}

impl Dispatcher {
    /// Runs the script of a line.
    pub(crate) fn run_script(
        &mut self,
        worker: &WorkerStats,
        invocation: Invocation,
        line: &Line<'_>,
        out: &mut Output,
        now_ms: u64,
    ) -> Answer {
        let server = self.server.clone();
        Vm::with(&server, |vm| {
            let program = invocation.find(vm, &server, line.argv)?;
            let Permit { said, holds_all } = Permit::of(&program);
            let reads_only = invocation.reads_only || said.no_writes;
            let may_add = said.no_writes || said.allow_oom || reads_only && !said.is_there;
            let is_full = !may_add && server.keyspace.make_room(now_ms).is_err();
            if is_full && said.is_there {
                return Err(Error::Engine(tandem_engine::Error::OutOfMemory));
            }
            let given = Given::parse(line.argv, invocation)?;
            if invocation.reads_only && said.is_there && !said.no_writes {
                return Err(Error::said(
                    "ERR Can not execute a script with write flag using *_ro command.",
                ));
            }
            let rules = Rules { reads_only, is_full, holds_all };
            let argv = line.argv;
            let run = Run { server: &server, vm, worker, program, argv, given, now_ms };
            run.answer(self, rules, out)
        })
    }
}

/// What a program says that it does, and what it may touch.
struct Permit {
    said: Shebang,
    holds_all: bool,
}

impl Permit {
    fn of(program: &Program) -> Permit {
        match program {
            Program::Script(compiled) => {
                Permit { said: compiled.script.shebang, holds_all: !compiled.script.stays_in_keys }
            }
            Program::Function(callable) => {
                let flags = callable.function().flags;
                let said = Shebang {
                    is_there: true,
                    no_writes: flags.has(FunctionFlags::NO_WRITES),
                    allow_oom: flags.has(FunctionFlags::ALLOW_OOM),
                };
                Permit { said, holds_all: true }
            }
        }
    }
}

/// A script on its way.
struct Run<'a> {
    server: &'a Arc<Server>,
    vm: &'a Vm,
    worker: &'a WorkerStats,
    program: Program,
    argv: Argv<'a>,
    given: Given<'a>,
    now_ms: u64,
}

impl Run<'_> {
    /// Runs it, once more with everything held if it turns out to need that.
    fn answer(&self, dispatcher: &mut Dispatcher, rules: Rules, out: &mut Output) -> Answer {
        let in_transaction = dispatcher.client.is_in_transaction();
        let mut rules = Rules { holds_all: rules.holds_all || in_transaction, ..rules };
        loop {
            let (result, state) = self.held(dispatcher, rules, in_transaction);
            if state.wants_all {
                rules.holds_all = true;
                continue;
            }
            let value = result?;
            let mut reply = Reply::new(out, dispatcher.client.resp3);
            return Answering { reply: &mut reply, script_resp3: state.resp3 }.whole(&value);
        }
    }

    fn held(
        &self,
        dispatcher: &mut Dispatcher,
        rules: Rules,
        in_transaction: bool,
    ) -> (Result<Value, Error>, State) {
        let keyspace = &self.server.keyspace;
        let db = dispatcher.client.db;
        let mut held: Vec<KeyHash> = Vec::new();
        let grip: Option<Grip<'_>> = if in_transaction {
            None
        } else if rules.holds_all {
            Some(keyspace.grip_all())
        } else {
            held.extend(self.given.keys.iter().map(|it| keyspace.hash(it)));
            Some(keyspace.grip(held.iter().map(|it| (db, *it))))
        };
        let resp3 = dispatcher.client.resp3;
        let replies = dispatcher.client.replies();
        dispatcher.client.answer(Replies::On);
        dispatcher.client.resp3 = false;
        if !in_transaction {
            dispatcher.client.start_exec();
        }
        self.start(dispatcher, rules, held);
        let ran = self.vm.run(&self.program, self.given.keys, self.given.arguments);
        let (state, killed_at) = stop(dispatcher);
        self.vm.watch.kill.store(false, Relaxed);
        if self.vm.watch.is_slow.swap(false, Relaxed) {
            *self.vm.watch.function.lock() = None;
            self.server.alerts.lower(Alert::SlowScript);
        }
        drop(grip);
        let client = &mut dispatcher.client;
        (client.resp3, client.db) = (resp3, db);
        client.answer(replies);
        if !in_transaction {
            for (handle, with_error) in client.end_exec() {
                waiting::unblock(self.server, &handle, with_error);
            }
        }
        let result = match ran {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(_)) if killed_at.is_some() => {
                let place = killed_at.unwrap_or_default().into_bytes();
                let line: &[u8] = match self.program {
                    Program::Script(_) => b"ERR Script killed by user with SCRIPT KILL.",
                    Program::Function(_) => b"ERR Script killed by user with FUNCTION KILL.",
                };
                Err(self.blamed(line, Some(&place)))
            }
            Ok(Err(raised)) => Err(self.failed(&raised)),
            Err(error) => Err(Error::said(format!("ERR {error}"))),
        };
        (result, state)
    }

    /// Hands the client over to the script.
    fn start(&self, dispatcher: &mut Dispatcher, rules: Rules, held: Vec<KeyHash>) {
        RUNNING.with_borrow_mut(|running| {
            let server = self.server;
            let is_ours = |it: &Running| {
                Arc::ptr_eq(&it.dispatcher.server, server)
                    && std::ptr::eq(Arc::as_ptr(&it.worker), self.worker)
            };
            if !running.as_ref().is_some_and(|it| is_ours(it)) {
                *running = Some(Box::new(Running::new(server, self.worker, &dispatcher.client)));
            }
            let running = running.as_mut().expect("it was made if it was not there");
            std::mem::swap(&mut running.dispatcher.client, &mut dispatcher.client);
            running.rules = rules;
            running.held = held;
            running.state = State::default();
            running.now_ms = self.now_ms;
            (running.seen_ns, running.killed_at) = (None, None);
            running.called = match &self.program {
                Program::Script(_) => None,
                Program::Function(function) => {
                    Some(Called { function: function.clone(), line: self.argv.copied() })
                }
            };
        });
    }

    /// The error of a script that raised something.
    fn failed(&self, raised: &Value) -> Error {
        let mut line = Vec::new();
        let table = match raised {
            Value::Table(table) => Some(table),
            Value::String(text) => {
                line.extend_from_slice(b"ERR ");
                line.extend_from_slice(&text.as_bytes());
                None
            }
            _ => None,
        };
        if let Some(Value::String(text)) = table.and_then(|it| it.raw_get("err").ok()) {
            line.extend_from_slice(&text.as_bytes());
        } else if line.is_empty() {
            line.extend_from_slice(b"ERR unknown error");
        }
        self.blamed(&line, table.and_then(place).as_deref())
    }

    /// An error of this program, with where in it that was, if it was there.
    fn blamed(&self, error: &[u8], place: Option<&[u8]>) -> Error {
        let Some(place) = place else { return line_error(error) };
        let name: &[u8] = match &self.program {
            Program::Script(compiled) => &compiled.script.sha,
            Program::Function(callable) => &callable.function().name,
        };
        line_error(&[error, b" script: ", name, b", on ", place, b"."].concat())
    }
}

/// Where the error was raised: `@user_script:1`.
fn place(error: &Table) -> Option<Bytes> {
    let (source, line) = (error.raw_get("source").ok()?, error.raw_get("line").ok()?);
    let (Value::String(source), Value::Integer(line)) = (source, line) else { return None };
    let place = [&*source.as_bytes(), b":", itoa::Buffer::new().format(line).as_bytes()].concat();
    Some(place.into())
}

/// Takes the client back. Also where the script was when it was killed, if it was.
fn stop(dispatcher: &mut Dispatcher) -> (State, Option<String>) {
    RUNNING.with_borrow_mut(|running| {
        let running = running.as_mut().expect("a script was running");
        std::mem::swap(&mut running.dispatcher.client, &mut dispatcher.client);
        running.held = Vec::new();
        running.called = None;
        let state = State { resp3: dispatcher.client.resp3, ..running.state };
        (state, running.killed_at.take())
    })
}
