//! What a library calls while it is loaded: `redis.register_function`.

use std::cell::RefCell;
use std::sync::Arc;

use mlua::{Lua, MultiValue, Table, Value};

use super::library::{Function, FunctionFlags};
use super::raised::Raised;
use crate::server::{Host, LogLevel};

thread_local! {
    /// The library that this thread loads.
    static LOADING: RefCell<Option<Loading>> = const { RefCell::new(None) };
}

/// A library that is being loaded.
pub(super) struct Loading {
    /// Hears what the library has to say; `None` where it has said it before.
    pub(super) log: Option<Arc<dyn Host>>,
    pub(super) clock_ns: fn() -> u64,
    pub(super) until_ns: u64,
    /// Has taken too long.
    pub(super) is_late: bool,
    pub(super) functions: Vec<Function>,
    /// Gets what the functions run.
    pub(super) callbacks: Table,
    /// Where in that table the first of them stands.
    pub(super) first: i64,
    pub(super) n_bytes: usize,
}

/// What there is to do about a library that has been running for a while.
pub(super) enum Look {
    NotLoading,
    GoOn,
    End,
}

impl Loading {
    pub(super) fn new(callbacks: Table, first: i64, clock_ns: fn() -> u64, ms_max: u64) -> Loading {
        Loading {
            log: None,
            clock_ns,
            until_ns: clock_ns().saturating_add(ms_max * 1_000_000),
            is_late: false,
            functions: Vec::new(),
            callbacks,
            first,
            n_bytes: 0,
        }
    }

    /// Does the work of loading, and hands back what it has brought.
    pub(super) fn during<T>(self, work: impl FnOnce() -> T) -> (T, Loading) {
        LOADING.set(Some(self));
        let result = work();
        (result, LOADING.take().expect("it was set and nobody else takes it"))
    }

    fn add(&mut self, new: New) -> mlua::Result<()> {
        let Value::Function(callback) = new.callback else {
            unreachable!("it was found to be a function")
        };
        let function = Function { name: new.name, description: new.description, flags: new.flags };
        let n_bytes = function.name.len() + function.description.as_deref().map_or(0, <[u8]>::len);
        self.n_bytes += n_bytes + size_of::<Function>();
        if self.n_bytes > LIBRARY_BYTES_MAX {
            return Err(Raised::reply("ERR the library is too big"));
        }
        self.callbacks.raw_set(self.first + self.functions.len() as i64, callback)?;
        self.functions.push(function);
        Ok(())
    }
}

/// A line for the server's log. False when no library is being loaded.
pub(super) fn log(level: LogLevel, text: &str) -> bool {
    LOADING.with_borrow(|loading| {
        if let Some(host) = loading.as_ref().and_then(|it| it.log.as_ref()) {
            host.log(level, text);
        }
        loading.is_some()
    })
}

/// Looks at the clock for a library that is being loaded.
pub(super) fn look() -> Look {
    LOADING.with_borrow_mut(|loading| {
        let Some(loading) = loading else { return Look::NotLoading };
        loading.is_late = loading.until_ns <= (loading.clock_ns)();
        if loading.is_late { Look::End } else { Look::GoOn }
    })
}

/// `register_function(name, callback)`, or with one table of named arguments.
pub(super) fn register_function(lua: &Lua, values: MultiValue) -> mlua::Result<()> {
    if LOADING.with_borrow(Option::is_none) {
        return Err(Raised::reply(
            "ERR server.register_function can only be called on FUNCTION LOAD command",
        ));
    }
    let new = match values.len() {
        1 => named(lua, &values[0])?,
        2 => positional(lua, &values[0], &values[1])?,
        _ => {
            return Err(Raised::reply("ERR wrong number of arguments to server.register_function"));
        }
    };
    LOADING.with_borrow_mut(|it| it.as_mut().map_or(Ok(()), |it| it.add(new)))
}

/// A function as it is registered.
struct New {
    name: Box<[u8]>,
    description: Option<Box<[u8]>>,
    flags: FunctionFlags,
    callback: Value,
}

fn positional(lua: &Lua, name: &Value, callback: &Value) -> mlua::Result<New> {
    let refusal = "ERR first argument to server.register_function must be a string";
    let name = text(lua, name)?.ok_or_else(|| Raised::reply(refusal))?;
    if !callback.is_function() {
        let refusal = "ERR second argument to server.register_function must be a function";
        return Err(Raised::reply(refusal));
    }
    let callback = callback.clone();
    Ok(New { name, description: None, flags: FunctionFlags::default(), callback })
}

fn named(lua: &Lua, arguments: &Value) -> mlua::Result<New> {
    let Value::Table(arguments) = arguments else {
        return Err(Raised::reply(
            "ERR calling server.register_function with a single argument is only applicable to \
             Lua table (representing named arguments).",
        ));
    };
    let (mut name, mut description, mut callback) = (None, None, None);
    let mut flags = FunctionFlags::default();
    for pair in arguments.pairs::<Value, Value>() {
        let (key, value) = pair?;
        let refusal = "ERR named argument key given to server.register_function is not a string";
        let key = text(lua, &key)?.ok_or_else(|| Raised::reply(refusal))?;
        match until_zero(&key).to_ascii_lowercase().as_slice() {
            b"function_name" => {
                let refusal = "ERR function_name argument given to server.register_function must \
                               be a string";
                name = Some(text(lua, &value)?.ok_or_else(|| Raised::reply(refusal))?);
            }
            b"description" => {
                let refusal = "ERR description argument given to server.register_function must \
                               be a string";
                let text = text(lua, &value)?.ok_or_else(|| Raised::reply(refusal))?;
                description = Some(until_zero(&text).into());
            }
            b"callback" if value.is_function() => callback = Some(value),
            b"callback" => {
                return Err(Raised::reply(
                    "ERR callback argument given to server.register_function must be a function",
                ));
            }
            b"flags" => flags = read_flags(lua, &value)?,
            _ => {
                let refusal = "ERR unknown argument given to server.register_function";
                return Err(Raised::reply(refusal));
            }
        }
    }
    let refusal = "ERR server.register_function must get a function name argument";
    let name = name.ok_or_else(|| Raised::reply(refusal))?;
    let refusal = "ERR server.register_function must get a callback argument";
    let callback = callback.ok_or_else(|| Raised::reply(refusal))?;
    Ok(New { name, description, flags, callback })
}

fn read_flags(lua: &Lua, value: &Value) -> mlua::Result<FunctionFlags> {
    let Value::Table(names) = value else {
        return Err(Raised::reply(
            "ERR flags argument to server.register_function must be a table representing function \
             flags",
        ));
    };
    let mut flags = FunctionFlags::default();
    let mut nth = 1;
    loop {
        let name: Value = names.raw_get(nth)?;
        if name.is_nil() {
            return Ok(flags);
        }
        let flag = text(lua, &name)?.and_then(|it| FunctionFlags::find(until_zero(&it)));
        flags.add(flag.ok_or_else(|| Raised::reply("ERR unknown flag given"))?);
        nth += 1;
    }
}

/// What Valkey takes for the whole of a text, but for names, which may have no zero byte.
fn until_zero(text: &[u8]) -> &[u8] {
    text.split(|it| *it == 0).next().unwrap_or_default()
}

/// A string or a number as text.
fn text(lua: &Lua, value: &Value) -> mlua::Result<Option<Box<[u8]>>> {
    let is_text = matches!(value, Value::String(_) | Value::Integer(_) | Value::Number(_));
    let text = if is_text { lua.coerce_string(value.clone())? } else { None };
    Ok(text.map(|it| (&*it.as_bytes()).into()))
}

/// What names and descriptions of a library's functions may take.
const LIBRARY_BYTES_MAX: usize = 64 << 20;
