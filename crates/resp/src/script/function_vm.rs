//! A thread's Lua state for functions, and the libraries that it has loaded.

use std::rc::Rc;
use std::sync::Arc;

use hashbrown::HashMap;
use mlua::{Function, Table, Value};

use super::functions::Functions;
use super::library::{self, Header, Library};
use super::register::Loading;
use super::sandbox::{CHUNK_NAME, Sandbox, World};
use super::{api, vm};
use crate::error::Error;
use crate::server::Server;

/// One a thread, made when it first loads a library.
pub(super) struct FunctionVm {
    pub(super) sandbox: Sandbox,
    /// The metatable of all globals, in which those of running functions give way to `at_load`.
    globals: Table,
    at_load: Table,
    /// Runs a function with its keys and arguments.
    run: Function,
    /// What all functions run: one value of Lua's instead of many that Lua would have to keep.
    callbacks: Table,
    next: i64,
    loaded: Vec<Loaded>,
    /// Functions by their names in lower case.
    by_name: HashMap<Box<[u8]>, Rc<Callable>, ahash::RandomState>,
    /// What had changed when the names were last looked at.
    generation: u64,
    /// A name in lower case.
    name: Vec<u8>,
}

/// A library that this state has.
struct Loaded {
    library: Arc<Library>,
    /// Where the first of its callbacks stands.
    first: i64,
}

/// A function as this thread runs it.
pub(super) struct Callable {
    pub(super) library: Arc<Library>,
    pub(super) nth: usize,
    /// Where its callback stands.
    at: i64,
}

/// Who hears what a library says while it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Log,
    /// Nobody: it was loaded before.
    Nobody,
}

impl Callable {
    pub(super) fn function(&self) -> &library::Function {
        &self.library.functions[self.nth]
    }
}

impl FunctionVm {
    pub(super) fn new() -> mlua::Result<FunctionVm> {
        let sandbox = Sandbox::new(World::Functions)?;
        let lua = &sandbox.lua;
        let parts = (&sandbox.lock, &sandbox.xpcall, &sandbox.trace, api::at_load(lua)?);
        let (at_load, run): (Table, Function) =
            lua.load(include_str!("functions.lua")).set_name(CHUNK_NAME).call(parts)?;
        let globals = lua.globals().metatable().expect("the sandbox guards its globals");
        Ok(FunctionVm {
            globals,
            at_load,
            run,
            callbacks: lua.create_table()?,
            next: 1,
            loaded: Vec::new(),
            by_name: HashMap::default(),
            generation: 0,
            name: Vec::new(),
            sandbox,
        })
    }

    /// The function of this name, whose library is loaded if it is not there yet.
    pub(super) fn find(&mut self, server: &Server, name: &[u8]) -> Result<Rc<Callable>, Error> {
        let functions = &server.scripts.functions;
        if self.generation != functions.generation() {
            self.forget_gone(functions);
        }
        self.name.clear();
        self.name.extend(name.iter().map(u8::to_ascii_lowercase));
        if let Some(callable) = self.by_name.get(&*self.name) {
            return Ok(callable.clone());
        }
        let (library, nth) = functions.find(&self.name).ok_or(NOT_FOUND)?;
        let found = self.loaded.iter().find(|it| Arc::ptr_eq(&it.library, &library));
        let first = match found {
            Some(it) => it.first,
            None => self.load_known(server, &library)?,
        };
        let callable = Rc::new(Callable { library, nth, at: first + nth as i64 });
        self.by_name.insert(self.name.as_slice().into(), callable.clone());
        Ok(callable)
    }

    /// Lets go of what has been deleted or replaced.
    fn forget_gone(&mut self, functions: &Functions) {
        self.generation = functions.generation();
        self.by_name.retain(|_, it| !it.library.is_gone());
        let callbacks = &self.callbacks;
        self.loaded.retain(|it| {
            let stays = !it.library.is_gone();
            if !stays {
                forget(callbacks, it.first, it.library.functions.len());
            }
            stays
        });
        let _ = self.sandbox.lua.gc_collect();
    }

    fn load_known(&mut self, server: &Server, library: &Arc<Library>) -> Result<i64, Error> {
        let (functions, first) = self.load(server, &library.code, Told::Nobody)?;
        if functions != library.functions {
            forget(&self.callbacks, first, functions.len());
            return Err(Error::said("ERR the library registers other functions than before"));
        }
        self.loaded.push(Loaded { library: library.clone(), first });
        Ok(first)
    }

    /// Loads a new library, which nobody knows yet.
    pub(super) fn create(&mut self, server: &Server, code: &[u8]) -> Result<Arc<Library>, Error> {
        let name = Header::parse(code)?.name;
        let (functions, first) = self.load(server, code, Told::Log)?;
        if let Err(error) = library::check_names(&functions) {
            forget(&self.callbacks, first, functions.len());
            return Err(error);
        }
        let library = Arc::new(Library::new(name, code, functions));
        self.loaded.push(Loaded { library: library.clone(), first });
        Ok(library)
    }

    /// Forgets libraries that were created in vain.
    pub(super) fn discard<'a>(
        &mut self,
        functions: &Functions,
        libraries: impl Iterator<Item = &'a Arc<Library>>,
    ) {
        libraries.for_each(|it| it.leave());
        self.forget_gone(functions);
    }

    /// Runs a library's text: the functions that it registers, and where their callbacks stand.
    fn load(
        &mut self,
        server: &Server,
        code: &[u8],
        told: Told,
    ) -> Result<(Vec<library::Function>, i64), Error> {
        let program = Header::parse(code)?.program;
        let function = self.compile(program)?;
        let ms_max = if told == Told::Log { LOAD_MS_MAX } else { RELOAD_MS_MAX };
        let loading = Loading::new(self.callbacks.clone(), self.next, server.clock_ns, ms_max);
        let log = (told == Told::Log).then(|| server.host.clone());
        let (result, loading) = Loading { log, ..loading }.during(|| self.run_at_load(&function));
        let first = self.next;
        self.next += loading.functions.len() as i64;
        if let Err(error) = result {
            forget(&self.callbacks, first, loading.functions.len());
            let before = "ERR Error registering functions: ";
            let word = if loading.is_late { LATE.into() } else { error };
            return Err(Error::Quoting { before, word, after: "" });
        }
        Ok((loading.functions, first))
    }

    /// Runs a library's text with the globals of that time. The error is a line.
    fn run_at_load(&self, function: &Function) -> Result<(), Box<[u8]>> {
        let line = |error: mlua::Error| -> Box<[u8]> { format!("ERR {error}").into_bytes().into() };
        let running: Value = self.globals.raw_get("__index").map_err(line)?;
        self.globals.raw_set("__index", &self.at_load).map_err(line)?;
        let Sandbox { xpcall, trace, .. } = &self.sandbox;
        let ran = xpcall.call::<(bool, Value)>((function, trace));
        self.globals.raw_set("__index", running).map_err(line)?;
        match ran.map_err(line)? {
            (true, _) => Ok(()),
            (false, Value::Table(table)) => match table.raw_get("err") {
                Ok(Value::String(text)) => Err((&*text.as_bytes()).into()),
                _ => Err(b"ERR unknown error".as_slice().into()),
            },
            (false, _) => Err(b"ERR unknown error".as_slice().into()),
        }
    }

    fn compile(&self, program: &[u8]) -> Result<Function, Error> {
        vm::compile(&self.sandbox, program, "@user_function").map_err(|text| {
            let before = "ERR Error compiling function: ";
            Error::Quoting { before, word: text, after: "" }
        })
    }

    /// Runs a function with its keys and arguments: what it returns, or what it raised.
    pub(super) fn run(
        &self,
        callable: &Callable,
        keys: impl ExactSizeIterator<Item = impl AsRef<[u8]>>,
        arguments: impl ExactSizeIterator<Item = impl AsRef<[u8]>>,
    ) -> mlua::Result<Result<Value, Value>> {
        let callback: Value = self.callbacks.raw_get(callable.at)?;
        let lua = &self.sandbox.lua;
        let keys = lua.create_sequence_from(keys.map(mlua::String::wrap))?;
        let arguments = lua.create_sequence_from(arguments.map(mlua::String::wrap))?;
        let (is_fine, value): (bool, Value) = self.run.call((callback, keys, arguments))?;
        Ok(if is_fine { Ok(value) } else { Err(value) })
    }
}

fn forget(callbacks: &Table, first: i64, n: usize) {
    for at in first..first + n as i64 {
        // Writing nothing allocates nothing, so nothing can go wrong.
        let _ = callbacks.raw_set(at, Value::Nil);
    }
}

pub(super) const NOT_FOUND: Error =
    Error::Said(std::borrow::Cow::Borrowed("ERR Function not found"));

const LATE: &[u8] = b"ERR FUNCTION LOAD timeout";

/// How long a library may take to load, as in Valkey.
const LOAD_MS_MAX: u64 = 500;

/// How long it may take another worker, which may be busier.
const RELOAD_MS_MAX: u64 = 5000;
