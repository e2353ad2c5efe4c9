//! The libraries that Valkey's scripts have besides Lua's own.

mod bit;
mod cmsgpack;
mod json;
mod json_read;
mod json_write;
mod pack;

use mlua::{Lua, MultiValue, Table, Value};

use super::arguments::Arguments;

/// Puts the libraries into a table, each under its name.
pub(super) fn add(lua: &Lua, into: &Table) -> mlua::Result<()> {
    into.raw_set("bit", bit::library(lua)?)?;
    into.raw_set("cjson", json::library(lua)?)?;
    into.raw_set("cmsgpack", cmsgpack::library(lua)?)?;
    into.raw_set("struct", pack::library(lua)?)
}

type Run = fn(&Arguments<'_>) -> mlua::Result<Value>;
type RunMany = fn(&Arguments<'_>) -> mlua::Result<MultiValue>;

/// Adds a function that returns one value.
fn one(lua: &Lua, library: &Table, name: &'static str, run: Run) -> mlua::Result<()> {
    let run = move |lua: &Lua, values: MultiValue| run(&Arguments { lua, name, values: &values });
    library.raw_set(name, lua.create_function(run)?)
}

/// Adds a function that returns any number of values.
fn many(lua: &Lua, library: &Table, name: &'static str, run: RunMany) -> mlua::Result<()> {
    let run = move |lua: &Lua, values: MultiValue| run(&Arguments { lua, name, values: &values });
    library.raw_set(name, lua.create_function(run)?)
}
