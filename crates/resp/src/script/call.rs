//! `redis.call` and `redis.pcall`: a script's commands, on the way of all commands but for the
//! gate, which asks other questions here.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use mlua::{Lua, MultiValue, Value};
use tandem_engine::{KeyHash, Output};

use super::function_vm::Callable;
use super::raised::{self, Raised};
use super::register::{self, Look};
use super::store::{SlowFunction, Watch};
use super::value::Wire;
use crate::acl::Context;
use crate::alerts::Alert;
use crate::args::{Argv, Span};
use crate::client::Client;
use crate::client_flags::ClientFlag;
use crate::dispatch::{Dispatcher, Line, find_positions};
use crate::double::Text;
use crate::error::Error;
use crate::server::{LogLevel, Server};
use crate::spec::Flags;
use crate::stats::WorkerStats;
use crate::table::{Command, Table};
use crate::transaction::touches_anything;

thread_local! {
    /// The script that this thread runs.
    pub(super) static RUNNING: RefCell<Option<Box<Running>>> = const { RefCell::new(None) };
}

/// A script that runs, as its commands see it.
pub(super) struct Running {
    /// Has the client in it while a script runs; between scripts one that nobody asks.
    pub(super) dispatcher: Dispatcher,
    pub(super) worker: Arc<WorkerStats>,
    pub(super) rules: Rules,
    pub(super) now_ms: u64,
    pub(super) state: State,
    /// When a look at the script first found it running.
    pub(super) seen_ns: Option<u64>,
    /// Where it was when it was killed.
    pub(super) killed_at: Option<String>,
    /// The hashes of the keys that are held; nothing else may be touched. Not looked at when
    /// everything is held.
    pub(super) held: Vec<KeyHash>,
    /// The function that runs, if it is one, and the words of the line that called it.
    pub(super) called: Option<Called>,
    words: Vec<u8>,
    spans: Vec<Span>,
    positions: Vec<usize>,
    out: Output,
    flat: Vec<u8>,
}

/// A function that runs, and its whole line.
pub(super) struct Called {
    pub(super) function: Rc<Callable>,
    pub(super) line: (Vec<u8>, Vec<Span>),
}

/// What a script may do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rules {
    pub(super) reads_only: bool,
    /// The keyspace is full, and the script may not add to it.
    pub(super) is_full: bool,
    pub(super) holds_all: bool,
}

/// What a script has done.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct State {
    pub(super) has_written: bool,
    /// It has to run again with everything held.
    pub(super) wants_all: bool,
    /// It has asked for replies as RESP3 has them.
    pub(super) resp3: bool,
}

/// What becomes of a command's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raises {
    Yes,
    No,
}

enum Failure {
    Refused(Error),
    /// The script ends here, whatever it would do about it.
    End,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Refused(error)
    }
}

pub(super) fn call(lua: &Lua, words: MultiValue, raises: Raises) -> mlua::Result<Value> {
    RUNNING.with_borrow_mut(|running| {
        let Some(running) = running else {
            return Err(Raised::reply("ERR no script is running"));
        };
        match running.run(&words) {
            Ok(()) => running.reply(lua),
            Err(Failure::End) => Err(Raised::End.into()),
            Err(Failure::Refused(error)) => {
                let line = error.line();
                running.worker.error(&line);
                match raises {
                    Raises::Yes => Err(Raised::Reply(line).into()),
                    Raises::No => raised::table(lua, &line),
                }
            }
        }
    })
}

/// Tells whether the client's user may call a command.
pub(super) fn acl_check_cmd(_: &Lua, words: MultiValue) -> mlua::Result<bool> {
    RUNNING.with_borrow_mut(|running| {
        let Some(running) = running else {
            return Err(Raised::reply("ERR no script is running"));
        };
        running.take_words(&words).map_err(|it| mlua::Error::from(Raised::Reply(it.line())))?;
        let argv = Argv::new(&running.words, &running.spans);
        let Some(command) = Table::get().resolve(argv) else {
            return Err(Raised::reply("ERR Invalid command passed to server.acl_check_cmd()"));
        };
        let handle = &running.dispatcher.client.handle;
        if !handle.flags.has(ClientFlag::Restricted) {
            return Ok(true);
        }
        let account = running.dispatcher.server.account_of(handle);
        Ok(account.user().check(command, argv).is_ok())
    })
}

/// Writes a line of a script's into the server's log.
pub(super) fn log(level: LogLevel, text: &str) {
    if register::log(level, text) {
        return;
    }
    RUNNING.with_borrow(|running| {
        if let Some(running) = running {
            running.dispatcher.server.host.log(level, text);
        }
    });
}

/// Looks at a script that runs: is it to end, and are others to hear that it takes too long?
pub(super) fn look(watch: &Watch, place: &mlua::Debug<'_>) -> mlua::Result<mlua::VmState> {
    match register::look() {
        Look::NotLoading => {}
        Look::GoOn => return Ok(mlua::VmState::Continue),
        Look::End => return Err(Raised::End.into()),
    }
    RUNNING.with_borrow_mut(|running| {
        let Some(running) = running else { return Ok(mlua::VmState::Continue) };
        if watch.kill.load(Relaxed) {
            let source = place.source().source.unwrap_or_default().into_owned();
            let line = place.current_line().unwrap_or_default();
            running.killed_at = Some(format!("{source}:{line}"));
            return Err(Raised::End.into());
        }
        watch.has_written.store(running.state.has_written, Relaxed);
        let server = &running.dispatcher.server;
        let now_ns = (server.clock_ns)();
        let took_ms = now_ns.saturating_sub(*running.seen_ns.get_or_insert(now_ns)) / 1_000_000;
        let threshold_ms = server.settings.integer("busy-reply-threshold");
        if 0 < threshold_ms && threshold_ms as u64 <= took_ms && !watch.is_slow.load(Relaxed) {
            *watch.function.lock() = running.slow_function();
            watch.is_slow.store(true, Relaxed);
            server.alerts.raise(Alert::SlowScript);
        }
        Ok(mlua::VmState::Continue)
    })
}

impl Running {
    pub(super) fn new(server: &Arc<Server>, worker: &WorkerStats, client: &Client) -> Running {
        let worker = server.workers.iter().find(|it| std::ptr::eq(Arc::as_ptr(it), worker));
        let worker = worker.expect("a worker of the server runs the script").clone();
        let client = Client::new(client.handle.clone(), true);
        Running {
            dispatcher: Dispatcher::new(server.clone(), client),
            worker,
            rules: Rules::default(),
            now_ms: 0,
            state: State::default(),
            seen_ns: None,
            killed_at: None,
            held: Vec::new(),
            called: None,
            words: Vec::new(),
            spans: Vec::new(),
            positions: Vec::new(),
            out: Output::default(),
            flat: Vec::new(),
        }
    }

    /// What others are told of the function that runs.
    fn slow_function(&self) -> Option<Arc<SlowFunction>> {
        let called = self.called.as_ref()?;
        let words = Argv::new(&called.line.0, &called.line.1);
        Some(Arc::new(SlowFunction {
            name: called.function.function().name.clone(),
            words: words.iter().map(Box::from).collect(),
            since_ns: self.seen_ns.unwrap_or_default(),
        }))
    }

    /// Picks the protocol in which the script sees replies.
    pub(super) fn speak(&mut self, resp3: bool) {
        self.dispatcher.client.resp3 = resp3;
    }

    /// Runs the command that these words are, and keeps its answer.
    fn run(&mut self, words: &MultiValue) -> Result<(), Failure> {
        self.take_words(words)?;
        let argv = Argv::new(&self.words, &self.spans);
        let command = Table::get().resolve(argv);
        let command = command.ok_or(Error::said("ERR Unknown command called from script"))?;
        admit(command, argv.len(), self.rules, self.state)?;
        self.permit(command, argv)?;
        let keyspace = &self.dispatcher.server.keyspace;
        let first = Some(command.first_key).filter(|it| *it > 0).and_then(|it| argv.get(it));
        let hash = first.map(|it| keyspace.hash(it));
        let line = Line { argv, command: Some(command), hash, frame: None };
        if !self.rules.holds_all && !is_held(&self.held, &mut self.positions, keyspace, &line) {
            debug_assert!(!self.state.has_written, "a script was taken for one of its KEYS only");
            self.state.wants_all = true;
            return Err(Failure::End);
        }
        // What only reads leaves no trace, and could be run again.
        self.state.has_written |= !command.flags.has(Flags::READONLY);
        self.out.clear();
        self.dispatcher.call(&self.worker, command, &line, &mut self.out, self.now_ms)?;
        Ok(())
    }

    /// Asks whether the client's user may run the command.
    fn permit(&self, command: &Command, argv: Argv<'_>) -> Result<(), Error> {
        let Dispatcher { server, client } = &self.dispatcher;
        if !client.handle.flags.has(ClientFlag::Restricted) {
            return Ok(());
        }
        server.permit(&client.handle, command, argv, Context::Script, self.now_ms).map_err(
            |denied| {
                let name = server.account_of(&client.handle).name.clone();
                let why = denied.text(&name, command, None);
                Error::said(format!("ERR ACL failure in script: {why}"))
            },
        )
    }

    /// The answer as a value.
    fn reply(&mut self, lua: &Lua) -> mlua::Result<Value> {
        if self.out.is_empty() {
            return Ok(Value::Boolean(false));
        }
        if self.out.is_flat() {
            return Wire::new(&self.out.buf).value(lua);
        }
        self.flat.clear();
        self.out.slices().for_each(|it| self.flat.extend_from_slice(it));
        let value = Wire::new(&self.flat).value(lua);
        self.out.clear();
        self.flat = Vec::new();
        value
    }

    fn take_words(&mut self, words: &MultiValue) -> Result<(), Error> {
        if words.is_empty() {
            return Err(Error::said("ERR Please specify at least one argument for this call"));
        }
        if self.words.capacity() > WORDS_KEPT_MAX {
            self.words = Vec::new();
        }
        self.words.clear();
        self.spans.clear();
        for word in words {
            let start = self.words.len();
            match word {
                Value::String(it) => self.words.extend_from_slice(&it.as_bytes()),
                Value::Integer(it) if it.unsigned_abs() <= EXACT_MAX => {
                    self.words.extend_from_slice(itoa::Buffer::new().format(*it).as_bytes());
                }
                Value::Integer(it) => self.words.extend_from_slice(text(*it as f64).as_bytes()),
                Value::Number(it) => self.words.extend_from_slice(text(*it).as_bytes()),
                _ => return Err(Error::said("ERR Command arguments must be strings or integers")),
            }
            self.spans.push(Span::new(start, self.words.len() - start));
        }
        if self.words.len() > WORDS_BYTES_MAX {
            return Err(Error::said("ERR the command is too long"));
        }
        // So that short names are found by one word, wherever they stand.
        self.words.extend_from_slice(&[0; 8]);
        Ok(())
    }
}

/// Straight down, one question a line.
fn admit(command: &Command, argc: usize, rules: Rules, state: State) -> Result<(), Error> {
    let flags = command.flags;
    if !command.takes(argc) {
        return Err(Error::said("ERR Wrong number of args calling command from script"));
    }
    if flags.has(Flags::NOSCRIPT) {
        return Err(Error::said("ERR This Redis command is not allowed from script"));
    }
    let writes = flags.has(Flags::WRITE) || flags.has(Flags::MAY_REPLICATE);
    if rules.reads_only && writes {
        return Err(Error::said("ERR Write commands are not allowed from read-only scripts."));
    }
    if rules.is_full && flags.has(Flags::DENYOOM) && !state.has_written {
        return Err(Error::Engine(tandem_engine::Error::OutOfMemory));
    }
    Ok(())
}

/// Whether all that a command will touch is held.
fn is_held(
    held: &[KeyHash],
    positions: &mut Vec<usize>,
    keyspace: &tandem_engine::Keyspace,
    line: &Line<'_>,
) -> bool {
    let command = line.command.expect("only known commands are called");
    if command.single.is_some() {
        return line.hash.is_some_and(|it| held.contains(&it));
    }
    if touches_anything(command) {
        return false;
    }
    positions.clear();
    // The command will refuse itself.
    let _ = find_positions(command.spec.keys, line.argv, positions);
    let mut names = positions.iter().filter_map(|at| line.argv.get(*at));
    names.all(|it| held.contains(&keyspace.hash(it)))
}

/// A number that is not a small integer, as a word.
fn text(number: f64) -> String {
    if number.is_nan() {
        return if number.is_sign_negative() { "-nan" } else { "nan" }.to_owned();
    }
    // Adding makes zero of its negative.
    Text::of(number + 0.0).as_str().to_owned()
}

/// Integers up to here have all their digits in a number of Lua.
const EXACT_MAX: u64 = 1 << 52;

/// Bytes of words for which memory is kept: more is rare.
const WORDS_KEPT_MAX: usize = 1 << 20;

/// Most bytes of a command: places of words are 32 bits wide.
const WORDS_BYTES_MAX: usize = 3 << 30;
