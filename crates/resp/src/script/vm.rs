//! A thread's Lua state and the scripts that it has compiled.

use std::borrow::{Borrow, Cow};
use std::cell::Cell;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use hashbrown::HashMap;
use mlua::{Debug, Function, HookTriggers, Lua, Value};

use super::function_vm::{self, Callable, FunctionVm};
use super::functions::{Collision, Known, RestorePolicy};
use super::library::{Header, Library};
use super::sandbox::{Sandbox, World};
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
    /// Made when the first library is loaded.
    functions: Option<FunctionVm>,
}

/// A script as this thread runs it.
pub(super) struct Compiled {
    pub(super) script: Arc<Script>,
    pub(super) function: Function,
}

/// What a line runs.
pub(super) enum Program {
    Script(Rc<Compiled>),
    Function(Rc<Callable>),
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
        vm.watch.bytes.store(swept(&vm.sandbox.lua), Relaxed);
        let function_bytes = vm.functions.as_ref().map_or(0, |it| swept(&it.sandbox.lua));
        vm.watch.function_bytes.store(function_bytes, Relaxed);
        VM.set(Some(vm));
        result
    }

    fn new(server: &Server) -> Result<Vm, Error> {
        let sandbox = Sandbox::new(World::Scripts).map_err(broken)?;
        let watch = server.scripts.new_watch();
        keep_watch(&sandbox.lua, &watch).map_err(broken)?;
        Ok(Vm {
            scripts: server.scripts.clone(),
            sandbox,
            by_sum: HashMap::default(),
            by_source: HashMap::default(),
            purge_at: PURGE_AT_MIN,
            watch,
            functions: None,
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
        compile(&self.sandbox, program, "@user_script").map_err(|text| refusal(&text))
    }

    /// The functions' own state.
    fn functions(&mut self) -> Result<&mut FunctionVm, Error> {
        if self.functions.is_none() {
            let functions = FunctionVm::new().map_err(broken)?;
            keep_watch(&functions.sandbox.lua, &self.watch).map_err(broken)?;
            self.functions = Some(functions);
        }
        Ok(self.functions.as_mut().expect("it has just been made if it was not there"))
    }

    /// The function of this name.
    pub(super) fn find_function(
        &mut self,
        server: &Server,
        name: &[u8],
    ) -> Result<Rc<Callable>, Error> {
        if self.functions.is_none() && server.scripts.functions.is_empty() {
            return Err(function_vm::NOT_FOUND);
        }
        self.functions()?.find(server, name)
    }

    /// Loads a library and makes it known: FUNCTION LOAD.
    pub(crate) fn load_library(
        &mut self,
        server: &Server,
        code: &[u8],
        collision: Collision,
    ) -> Result<Arc<Library>, Error> {
        let known = &server.scripts.functions;
        known.refuse(&Header::parse(code)?.name, collision)?;
        let functions = self.functions()?;
        let library = functions.create(server, code)?;
        if let Err(error) = known.add(library.clone(), collision) {
            functions.discard(known, [&library].into_iter());
            return Err(error);
        }
        Ok(library)
    }

    /// Loads all of these libraries and makes them known, or none: FUNCTION RESTORE.
    pub(crate) fn restore_libraries<'a>(
        &mut self,
        server: &Server,
        mut codes: impl Iterator<Item = Result<Cow<'a, [u8]>, Error>>,
        policy: RestorePolicy,
    ) -> Result<(), Error> {
        let known = &server.scripts.functions;
        let functions = self.functions()?;
        let mut restored = Known::default();
        let mut created = Vec::new();
        let mut result = codes.try_for_each(|code| {
            let code = code?;
            restored.refuse(&Header::parse(&code)?.name, Collision::Refuse)?;
            created.push(functions.create(server, &code)?);
            restored.add(created[created.len() - 1].clone())
        });
        if result.is_ok() {
            result = known.restore(restored, policy);
        }
        if result.is_err() {
            functions.discard(known, created.iter());
        }
        result
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

    /// Runs a program with its keys and arguments: what it returns, or what it raised.
    pub(super) fn run(
        &self,
        program: &Program,
        keys: impl ExactSizeIterator<Item = impl AsRef<[u8]>>,
        arguments: impl ExactSizeIterator<Item = impl AsRef<[u8]>>,
    ) -> mlua::Result<Result<Value, Value>> {
        match program {
            Program::Script(compiled) => self.run_script(compiled, keys, arguments),
            Program::Function(callable) => {
                let functions = self.functions.as_ref().expect("the function was found there");
                functions.run(callable, keys, arguments)
            }
        }
    }

    fn run_script(
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

/// Has a look taken now and then at what runs.
fn keep_watch(lua: &Lua, watch: &Arc<Watch>) -> mlua::Result<()> {
    let watched = watch.clone();
    let every = HookTriggers::new().every_nth_instruction(LOOK_EVERY);
    lua.set_global_hook(every, move |_: &Lua, place: &Debug<'_>| call::look(&watched, place))
}

/// Compiles a text. The error is Lua's.
pub(super) fn compile(
    sandbox: &Sandbox,
    program: &[u8],
    name: &str,
) -> Result<Function, Box<[u8]>> {
    if program.first() == Some(&COMPILED_MARK) {
        return Err(b"user_script: a script is text".as_slice().into());
    }
    let program = mlua::String::wrap(program);
    // Lua's own function, as mlua takes errors for text in UTF-8.
    match sandbox.load.call::<(Value, Value)>((program, name)) {
        Ok((Value::Function(function), _)) => Ok(function),
        Ok((_, Value::String(text))) => Err((&*text.as_bytes()).into()),
        Ok(_) => Err(Box::default()),
        Err(error) => Err(error.to_string().into_bytes().into()),
    }
}

/// Sweeps a state that holds much. What it holds then.
fn swept(lua: &Lua) -> u64 {
    if lua.used_memory() > UNSWEPT_MAX {
        let _ = lua.gc_collect();
    }
    lua.used_memory() as u64
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to `map_err`")]
fn broken(error: mlua::Error) -> Error {
    Error::said(format!("ERR Lua does not start: {error}"))
}

/// A state with more than this is swept before the next script.
const UNSWEPT_MAX: usize = 64 << 20;

/// So many instructions of a script pass between two looks at the clock, as in Valkey.
const LOOK_EVERY: u32 = 100_000;

/// What compiled code begins with, which could break out of the sandbox.
const COMPILED_MARK: u8 = 27;

/// A thread keeps at least this many compiled scripts, some of which may be forgotten elsewhere.
const PURGE_AT_MIN: usize = 1 << 10;
