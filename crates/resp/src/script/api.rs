//! The functions and constants of the library `redis`, which is also called `server`.

use mlua::{Lua, MultiValue, Table, Value};

use super::arguments::{Arguments, truncated};
use super::call::{self, RUNNING, Raises};
use super::raised::{self, Raised};
use super::register;
use super::sandbox::World;
use super::store::sum;
use crate::server::{LogLevel, VALKEY_VERSION};

pub(super) fn library(lua: &Lua, world: World) -> mlua::Result<Table> {
    let redis = basics(lua)?;
    for (name, value) in REPLICATION {
        redis.raw_set(*name, *value)?;
    }
    let call = |lua: &Lua, words| call::call(lua, words, Raises::Yes);
    redis.raw_set("call", lua.create_function(call)?)?;
    let pcall = |lua: &Lua, words| call::call(lua, words, Raises::No);
    redis.raw_set("pcall", lua.create_function(pcall)?)?;
    redis.raw_set("error_reply", lua.create_function(error_reply)?)?;
    redis.raw_set("status_reply", lua.create_function(status_reply)?)?;
    redis.raw_set("sha1hex", lua.create_function(sha1hex)?)?;
    redis.raw_set("setresp", lua.create_function(setresp)?)?;
    redis.raw_set("set_repl", lua.create_function(set_repl)?)?;
    redis.raw_set("acl_check_cmd", lua.create_function(call::acl_check_cmd)?)?;
    if world == World::Scripts {
        redis.raw_set("replicate_commands", lua.create_function(|_, ()| Ok(true))?)?;
        redis.raw_set("breakpoint", lua.create_function(|_, _: MultiValue| Ok(false))?)?;
        redis.raw_set("debug", lua.create_function(|_, _: MultiValue| Ok(()))?)?;
    }
    Ok(redis)
}

/// The library as a library of functions finds it while it is loaded.
pub(super) fn at_load(lua: &Lua) -> mlua::Result<Table> {
    let redis = basics(lua)?;
    redis.raw_set("register_function", lua.create_function(register::register_function)?)?;
    Ok(redis)
}

/// What is there at any time.
fn basics(lua: &Lua) -> mlua::Result<Table> {
    let redis = lua.create_table()?;
    for (name, value) in NUMBERS {
        redis.raw_set(*name, *value)?;
    }
    redis.raw_set("REDIS_VERSION", "7.2.4")?;
    redis.raw_set("SERVER_NAME", "valkey")?;
    redis.raw_set("VALKEY_VERSION", VALKEY_VERSION)?;
    redis.raw_set("log", lua.create_function(log)?)?;
    Ok(redis)
}

/// A table that a script can return as an error.
fn error_reply(lua: &Lua, values: MultiValue) -> mlua::Result<Value> {
    let Some(text) = only_text(&values) else {
        return raised::table(lua, b"ERR wrong number or type of arguments");
    };
    let text = text.as_bytes();
    let text = text.strip_prefix(b"-").unwrap_or(&text);
    let mut line = Vec::with_capacity(text.len() + 4);
    if !text.contains(&b' ') {
        line.extend_from_slice(b"ERR ");
    }
    line.extend_from_slice(text.trim_ascii_end());
    for byte in &mut line {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    raised::table(lua, &line)
}

/// A table that a script can return as a status.
fn status_reply(lua: &Lua, values: MultiValue) -> mlua::Result<Value> {
    let Some(text) = only_text(&values) else {
        return raised::table(lua, b"ERR wrong number or type of arguments");
    };
    let table = lua.create_table_with_capacity(0, 1)?;
    table.raw_set("ok", text)?;
    Ok(Value::Table(table))
}

fn only_text(values: &MultiValue) -> Option<mlua::String> {
    if values.len() == 1 { values[0].as_string().cloned() } else { None }
}

fn sha1hex(lua: &Lua, values: MultiValue) -> mlua::Result<mlua::String> {
    if values.len() != 1 {
        return Err(Raised::reply("ERR wrong number of arguments"));
    }
    let text = lua.coerce_string(values[0].clone())?;
    lua.create_string(match text {
        Some(text) => sum(&text.as_bytes()),
        None => sum(b""),
    })
}

/// `redis.log(level, message, ...)`
fn log(lua: &Lua, values: MultiValue) -> mlua::Result<()> {
    let args = Arguments { lua, name: "log", values: &values };
    if args.len() < 2 {
        return Err(Raised::reply("ERR server.log() requires two arguments or more."));
    }
    let level = match args.get(1) {
        Value::Integer(it) => *it,
        Value::Number(it) => truncated(*it),
        _ => return Err(Raised::reply("ERR First argument must be a number (log level).")),
    };
    let levels = [LogLevel::Debug, LogLevel::Verbose, LogLevel::Notice, LogLevel::Warning];
    let Some(level) = usize::try_from(level).ok().and_then(|it| levels.get(it)) else {
        return Err(Raised::reply("ERR Invalid log level."));
    };
    let mut text = Vec::new();
    for nth in 2..=args.len() {
        let Ok(word) = args.text(nth) else { continue };
        if !text.is_empty() {
            text.push(b' ');
        }
        text.extend_from_slice(&word.as_bytes());
    }
    call::log(*level, &String::from_utf8_lossy(&text));
    Ok(())
}

fn setresp(lua: &Lua, values: MultiValue) -> mlua::Result<()> {
    let args = Arguments { lua, name: "setresp", values: &values };
    if args.len() != 1 {
        return Err(Raised::reply("ERR server.setresp() requires one argument."));
    }
    let version = args.number(1).map_or(0, truncated);
    if version != 2 && version != 3 {
        return Err(Raised::reply("ERR RESP version must be 2 or 3."));
    }
    RUNNING.with_borrow_mut(|it| {
        if let Some(running) = it {
            running.speak(version == 3);
        }
    });
    Ok(())
}

/// Nothing is replicated command by command, so it does not matter what is.
fn set_repl(lua: &Lua, values: MultiValue) -> mlua::Result<()> {
    let args = Arguments { lua, name: "set_repl", values: &values };
    if args.len() != 1 {
        return Err(Raised::reply("ERR server.set_repl() requires one argument."));
    }
    if !(0..=3).contains(&args.number(1).map_or(-1, truncated)) {
        return Err(Raised::reply(
            "ERR Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.",
        ));
    }
    Ok(())
}

const NUMBERS: &[(&str, i64)] = &[
    ("LOG_DEBUG", 0),
    ("LOG_VERBOSE", 1),
    ("LOG_NOTICE", 2),
    ("LOG_WARNING", 3),
    // A byte for each part of the version.
    ("REDIS_VERSION_NUM", 0x07_02_04),
    ("VALKEY_VERSION_NUM", 0x08_01_01),
];

const REPLICATION: &[(&str, i64)] =
    &[("REPL_NONE", 0), ("REPL_AOF", 1), ("REPL_REPLICA", 2), ("REPL_SLAVE", 2), ("REPL_ALL", 3)];
