//! `bit`: operations on numbers of 32 bits.

use mlua::{Lua, Table, Value};

use super::one;
use crate::script::arguments::Arguments;

pub(super) fn library(lua: &Lua) -> mlua::Result<Table> {
    let bit = lua.create_table()?;
    one(lua, &bit, "tobit", |args| Ok(whole(bits(args, 1)?)))?;
    one(lua, &bit, "bnot", |args| Ok(whole(!bits(args, 1)?)))?;
    one(lua, &bit, "band", |args| fold(args, |a, b| a & b))?;
    one(lua, &bit, "bor", |args| fold(args, |a, b| a | b))?;
    one(lua, &bit, "bxor", |args| fold(args, |a, b| a ^ b))?;
    one(lua, &bit, "lshift", |args| shift(args, |a, n| a << n))?;
    one(lua, &bit, "rshift", |args| shift(args, |a, n| a >> n))?;
    one(lua, &bit, "arshift", |args| shift(args, |a, n| (a as i32 >> n) as u32))?;
    one(lua, &bit, "rol", |args| shift(args, u32::rotate_left))?;
    one(lua, &bit, "ror", |args| shift(args, u32::rotate_right))?;
    one(lua, &bit, "bswap", |args| Ok(whole(bits(args, 1)?.swap_bytes())))?;
    one(lua, &bit, "tohex", to_hex)?;
    Ok(bit)
}

/// The lower 32 bits of a number, rounded to a whole one.
fn bits(args: &Arguments<'_>, nth: usize) -> mlua::Result<u32> {
    let number = args.number(nth)?.round_ties_even() % TWO_TO_32;
    Ok(number as i64 as u32)
}

fn whole(bits: u32) -> Value {
    Value::Integer(i64::from(bits as i32))
}

fn fold(args: &Arguments<'_>, join: fn(u32, u32) -> u32) -> mlua::Result<Value> {
    let mut joined = bits(args, 1)?;
    for nth in 2..=args.len() {
        joined = join(joined, bits(args, nth)?);
    }
    Ok(whole(joined))
}

fn shift(args: &Arguments<'_>, shift: fn(u32, u32) -> u32) -> mlua::Result<Value> {
    Ok(whole(shift(bits(args, 1)?, bits(args, 2)? & 31)))
}

/// `bit.tohex(x [, n])`: n digits, upper-case ones for a negative n.
fn to_hex(args: &Arguments<'_>) -> mlua::Result<Value> {
    let bits = bits(args, 1)?;
    let n_digits = if args.len() < 2 { 8 } else { self::bits(args, 2)? as i32 };
    let digits = if n_digits < 0 { format!("{bits:08X}") } else { format!("{bits:08x}") };
    let start = 8 - n_digits.unsigned_abs().min(8) as usize;
    Ok(Value::String(args.lua.create_string(&digits[start..])?))
}

const TWO_TO_32: f64 = 4_294_967_296.0;
