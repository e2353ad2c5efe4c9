//! A thread's Lua state and the scripts that it has compiled.

use std::borrow::Borrow;
use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use hashbrown::HashMap;
use mlua::{Debug, Function, HookTriggers, Lua, Value};

use super::sandbox::Sandbox;
use super::shebang::Shebang;
use super::store::{Kept, Script, Scripts, Sha, Watch, sum};
use super::{call, proof};
use crate::error::Error;
use crate::server::Server;

/// One a thread, made when it runs its first script.
pub(crate) struct Vm {
    scripts: Arc<Scripts>,
    pub(super) sandbox: Sandbox,
    by_sum: HashMap<Sha, Rc<Compiled>, ahash::RandomState>,
    by_source: HashMap<BySource, Rc<Compiled>, ahash::RandomState>,
    /// So many scripts are kept before those are looked for that everybody else has forgotten.
    purge_at: usize,
    pub(super) watch: Arc<Watch>,
}

/// A script as this thread runs it.
pub(super) struct Compiled {
    pub(super) script: Arc<Script>,
    pub(super) function: Function,
}

/// Finds a script by its whole text: cheaper than its sum.
struct BySource(Arc<Script>);

impl Borrow<[u8]> for BySource {
    fn borrow(&self) -> &[u8] {
        &self.0.source
    }
}

impl Hash for BySource {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (*self.0.source).hash(state);
    }
}

impl PartialEq for BySource {
    fn eq(&self, other: &BySource) -> bool {
        self.0.source == other.0.source
    }
}

impl Eq for BySource {}

thread_local! {
    static VM: Cell<Option<Box<Vm>>> = const { Cell::new(None) };
}

impl Vm {
    /// Lends the thread's state.
    pub(crate) fn with<T>(
        server: &Server,
        work: impl FnOnce(&mut Vm) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let ours = VM.take().filter(|it| Arc::ptr_eq(&it.scripts, &server.scripts));
        let mut vm = match ours {
            Some(vm) => vm,
            None => Box::new(Vm::new(server)?),
        };
        let result = work(&mut vm);
        // Lua 5.1 refuses what would fit beside what it has not swept yet.
        if vm.sandbox.lua.used_memory() > UNSWEPT_MAX {
            let _ = vm.sandbox.lua.gc_collect();
        }
        vm.watch.bytes.store(vm.sandbox.lua.used_memory() as u64, Relaxed);
        VM.set(Some(vm));
        result
    }

    fn new(server: &Server) -> Result<Vm, Error> {
        let broken = |error: mlua::Error| Error::said(format!("ERR Lua does not start: {error}"));
        let sandbox = Sandbox::new().map_err(broken)?;
        let watch = server.scripts.new_watch();
        let watched = watch.clone();
        let every = HookTriggers::new().every_nth_instruction(LOOK_EVERY);
        let look = move |_: &Lua, place: &Debug<'_>| call::look(&watched, place);
        sandbox.lua.set_global_hook(every, look).map_err(broken)?;
        Ok(Vm {
            scripts: server.scripts.clone(),
            sandbox,
            by_sum: HashMap::default(),
            by_source: HashMap::default(),
            purge_at: PURGE_AT_MIN,
            watch,
        })
    }

    /// The script with this text, which is compiled and made known if it is new.
    pub(super) fn find_source(&mut self, source: &[u8], kept: Kept) -> Result<Rc<Compiled>, Error> {
        let scripts = &self.scripts;
        if let Some(compiled) = self.by_source.get(source)
            && !compiled.script.is_gone()
        {
            match kept {
                Kept::Always => compiled.script.keep(),
                Kept::WhileUsed => scripts.touch(&compiled.script),
            }
            return Ok(compiled.clone());
        }
        if let Some(script) = scripts.find(&sum(source)) {
            match kept {
                Kept::Always => script.keep(),
                Kept::WhileUsed => scripts.touch(&script),
            }
            return self.compile_known(script);
        }
        let (shebang, start) = Shebang::parse(source)?;
        let function = self.compile(&source[start..])?;
        let stays_in_keys = proof::stays_in_keys(&source[start..]);
        let script = scripts.add(Script::new(source, shebang, stays_in_keys), kept);
        Ok(self.keep(script, function))
    }

    /// The script with this sum.
    pub(super) fn find_sum(&mut self, sha: &Sha) -> Result<Rc<Compiled>, Error> {
        if let Some(compiled) = self.by_sum.get(sha)
            && !compiled.script.is_gone()
        {
            self.scripts.touch(&compiled.script);
            return Ok(compiled.clone());
        }
        let script = self.scripts.find(sha);
        let script = script.ok_or(Error::said("NOSCRIPT No matching script."))?;
        self.scripts.touch(&script);
        self.compile_known(script)
    }

    /// Makes a script known without running it.
    pub(crate) fn load(&mut self, source: &[u8]) -> Result<Arc<Script>, Error> {
        Ok(self.find_source(source, Kept::Always)?.script.clone())
    }

    fn compile_known(&mut self, script: Arc<Script>) -> Result<Rc<Compiled>, Error> {
        let start = Shebang::parse(&script.source)?.1;
        let function = self.compile(&script.source[start..])?;
        Ok(self.keep(script, function))
    }

    fn compile(&self, program: &[u8]) -> Result<Function, Error> {
        let refusal = |text: &[u8]| {
            let before = "ERR Error compiling script (new function): ";
            Error::Quoting { before, word: text.into(), after: "" }
        };
        if program.first() == Some(&COMPILED_MARK) {
            return Err(refusal(b"user_script: a script is text"));
        }
        let program = mlua::String::wrap(program);
        // Lua's own function, as mlua takes errors for text in UTF-8.
        match self.sandbox.load.call::<(Value, Value)>((program, "@user_script")) {
            Ok((Value::Function(function), _)) => Ok(function),
            Ok((_, Value::String(text))) => Err(refusal(&text.as_bytes())),
            Ok(_) => Err(refusal(b"")),
            Err(error) => Err(refusal(error.to_string().as_bytes())),
        }
    }

    fn keep(&mut self, script: Arc<Script>, function: Function) -> Rc<Compiled> {
        if self.by_sum.len() >= self.purge_at {
            self.by_sum.retain(|_, it| !it.script.is_gone());
            self.by_source.retain(|_, it| !it.script.is_gone());
            self.purge_at = PURGE_AT_MIN.max(self.by_sum.len() * 2);
        }
        let compiled = Rc::new(Compiled { script: script.clone(), function });
        self.by_sum.insert(script.sha, compiled.clone());
        self.by_source.remove(&*script.source);
        self.by_source.insert(BySource(script), compiled.clone());
        compiled
    }

    /// Runs a script with its keys and arguments: what it returns, or what it raised.
    pub(super) fn run(
        &self,
        compiled: &Compiled,
        keys: impl ExactSizeIterator<Item = impl AsRef<[u8]>>,
        arguments: impl ExactSizeIterator<Item = impl AsRef<[u8]>>,
    ) -> mlua::Result<Result<Value, Value>> {
        let Sandbox { lua, globals, xpcall, trace, .. } = &self.sandbox;
        let keys = lua.create_sequence_from(keys.map(mlua::String::wrap))?;
        globals.raw_set("KEYS", keys)?;
        let arguments = lua.create_sequence_from(arguments.map(mlua::String::wrap))?;
        globals.raw_set("ARGV", arguments)?;
        let (is_fine, value): (bool, Value) = xpcall.call((&compiled.function, trace))?;
        Ok(if is_fine { Ok(value) } else { Err(value) })
    }
}

/// A state with more than this is swept before the next script.
const UNSWEPT_MAX: usize = 64 << 20;

/// So many instructions of a script pass between two looks at the clock, as in Valkey.
const LOOK_EVERY: u32 = 100_000;

/// What compiled code begins with, which could break out of the sandbox.
const COMPILED_MARK: u8 = 27;

/// A thread keeps at least this many compiled scripts, some of which may be forgotten elsewhere.
const PURGE_AT_MIN: usize = 1 << 10;
