//! What scripts find in their world, and that they cannot change it.

use mlua::{Function, Lua, LuaOptions, StdLib, Table};

use super::{api, basics, raised};

/// How our own chunk is called, which errors are not blamed on.
pub(super) const CHUNK_NAME: &str = "=sandbox";

/// A new Lua state with nothing but what scripts may have.
pub(super) struct Sandbox {
    pub(super) lua: Lua,
    /// What scripts see as globals; they cannot write to it, we can.
    pub(super) globals: Table,
    /// Runs a function and puts what it raised through `raised::trace`.
    pub(super) xpcall: Function,
    pub(super) trace: Function,
    /// Compiles a text under a name.
    pub(super) load: Function,
    /// Makes what stands for a table that scripts must not write to.
    pub(super) lock: Function,
}

/// Who lives in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum World {
    Scripts,
    Functions,
}

impl Sandbox {
    pub(super) fn new(world: World) -> mlua::Result<Sandbox> {
        let libraries = StdLib::TABLE | StdLib::STRING | StdLib::MATH | StdLib::OS;
        let lua = Lua::new_with(libraries, LuaOptions::default())?;
        let xpcall: Function = lua.globals().get("xpcall")?;
        let load: Function = lua.globals().get("loadstring")?;
        let trace = lua.create_function(raised::trace)?;
        let ours = ours(&lua, world)?;
        let (globals, guard, lock): (Table, Table, Function) = lua
            .load(include_str!("sandbox.lua"))
            .set_name(CHUNK_NAME)
            .call((ours, lua.create_sequence_from(ALLOWED.iter().copied())?))?;
        lua.set_globals(guard)?;
        lua.set_memory_limit(LUA_BYTES_MAX)?;
        Ok(Sandbox { lua, globals, xpcall, trace, load, lock })
    }
}

/// What the chunk takes from us.
fn ours(lua: &Lua, world: World) -> mlua::Result<Table> {
    let ours = lua.create_table()?;
    let guards = lua.create_table()?;
    let weak = lua.create_table()?;
    weak.raw_set("__mode", "k")?;
    guards.set_metatable(Some(weak))?;
    let known = guards.clone();
    ours.raw_set("guard", lua.create_function(move |_, it: Table| known.raw_set(it, true))?)?;
    ours.raw_set("caught", lua.create_function(raised::caught)?)?;
    let known = guards.clone();
    let raw_set = lua.create_function(move |lua, args| basics::raw_set(lua, &known, args))?;
    ours.raw_set("rawset", raw_set)?;
    let set = lua.create_function(move |lua, args| basics::set_metatable(lua, &guards, args))?;
    ours.raw_set("setmetatable", set)?;
    ours.raw_set("random", lua.create_function(basics::random)?)?;
    ours.raw_set("randomseed", lua.create_function(basics::random_seed)?)?;
    let libraries = lua.create_table()?;
    libraries.raw_set("redis", api::library(lua, world)?)?;
    super::libraries::add(lua, &libraries)?;
    ours.raw_set("libraries", libraries)?;
    Ok(ours)
}

/// What a thread's Lua state may take: far more than scripts need, far less than a machine has.
const LUA_BYTES_MAX: usize = 512 << 20;

/// Lua's own globals that scripts have, as in Valkey.
const ALLOWED: [&str; 25] = [
    "_VERSION",
    "assert",
    "collectgarbage",
    "coroutine",
    "error",
    "gcinfo",
    "getmetatable",
    "ipairs",
    "load",
    "loadstring",
    "math",
    "next",
    "pairs",
    "pcall",
    "rawequal",
    "rawget",
    "rawset",
    "select",
    "setmetatable",
    "string",
    "table",
    "tonumber",
    "tostring",
    "type",
    "unpack",
];
