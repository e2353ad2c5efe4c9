//! Functions of Lua's own libraries that are ours: random numbers, and what writes to tables past
//! their metatables.

use std::cell::Cell;

use mlua::{Lua, MultiValue, Value};

use super::arguments::Arguments;
use super::raised::Raised;

thread_local! {
    static STATE: Cell<u64> = const { Cell::new(0x330E) };
}

/// Begins the row of numbers that belongs to a seed.
fn seed(seed: i32) {
    STATE.set((u64::from(seed as u32) << 16) + 0x330E);
}

/// The linear congruences of `lrand48`, as the C library has them.
fn draw() -> f64 {
    let next = STATE.get().wrapping_mul(0x5_DEEC_E66D).wrapping_add(0xB) & ((1 << 48) - 1);
    STATE.set(next);
    let drawn = (next >> 17) as i64 % i64::from(i32::MAX);
    drawn as f64 / f64::from(i32::MAX)
}

/// `math.random([m [, n]])`
pub(super) fn random(lua: &Lua, values: MultiValue) -> mlua::Result<f64> {
    let args = Arguments { lua, name: "random", values: &values };
    let drawn = draw();
    match args.len() {
        0 => Ok(drawn),
        1 => {
            let end = args.integer(1)? as i32;
            if end < 1 {
                return Err(args.bad(1, "interval is empty"));
            }
            Ok((drawn * f64::from(end)).floor() + 1.0)
        }
        2 => {
            let (start, end) = (args.integer(1)? as i32, args.integer(2)? as i32);
            if end < start {
                return Err(args.bad(2, "interval is empty"));
            }
            let width = f64::from(end.wrapping_sub(start).wrapping_add(1));
            Ok((drawn * width).floor() + f64::from(start))
        }
        _ => Err(Raised::text_here(lua, "wrong number of arguments")),
    }
}

/// `math.randomseed(seed)`
pub(super) fn random_seed(lua: &Lua, values: MultiValue) -> mlua::Result<()> {
    let args = Arguments { lua, name: "randomseed", values: &values };
    seed(args.integer(1)? as i32);
    Ok(())
}

/// `rawset(table, key, value)`, which spares the tables that all scripts share.
pub(super) fn raw_set(lua: &Lua, guards: &mlua::Table, values: MultiValue) -> mlua::Result<Value> {
    let args = Arguments { lua, name: "rawset", values: &values };
    let table = args.table(1)?;
    for nth in 2..=3 {
        if args.len() < nth {
            return Err(args.bad(nth, "value expected"));
        }
    }
    if guards.raw_get::<bool>(table)? {
        return Err(Raised::text(READ_ONLY));
    }
    match args.get(2) {
        Value::Nil => return Err(Raised::text("table index is nil")),
        Value::Number(it) if it.is_nan() => return Err(Raised::text("table index is NaN")),
        key => table.raw_set(key, args.get(3))?,
    }
    Ok(Value::Table(table.clone()))
}

/// `setmetatable(table, metatable)`, which spares the tables that all scripts share.
pub(super) fn set_metatable(
    lua: &Lua,
    guards: &mlua::Table,
    values: MultiValue,
) -> mlua::Result<Value> {
    let args = Arguments { lua, name: "setmetatable", values: &values };
    let table = args.table(1)?;
    let metatable = match args.get(2) {
        Value::Table(it) => Some(it.clone()),
        Value::Nil if args.len() >= 2 => None,
        _ => return Err(args.bad(2, "nil or table expected")),
    };
    if guards.raw_get::<bool>(table)? {
        return Err(Raised::text(READ_ONLY));
    }
    if let Some(old) = table.metatable()
        && !old.raw_get::<Value>("__metatable")?.is_nil()
    {
        return Err(Raised::text_here(lua, "cannot change a protected metatable"));
    }
    table.set_metatable(metatable)?;
    Ok(Value::Table(table.clone()))
}

const READ_ONLY: &str = "Attempt to modify a readonly table";
