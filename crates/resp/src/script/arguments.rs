//! What our functions are called with, refused in the words of Lua's own functions.

use mlua::{Lua, MultiValue, Value};

use super::raised::Raised;

/// The arguments of a function, and what it is called.
pub(super) struct Arguments<'a> {
    pub(super) lua: &'a Lua,
    pub(super) name: &'static str,
    pub(super) values: &'a MultiValue,
}

impl Arguments<'_> {
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    /// The argument at a position, counted from 1.
    pub(super) fn get(&self, nth: usize) -> &Value {
        self.values.get(nth - 1).unwrap_or(&Value::Nil)
    }

    /// Refuses an argument.
    pub(super) fn bad(&self, nth: usize, why: &str) -> mlua::Error {
        let text = format!("bad argument #{nth} to '{}' ({why})", self.name);
        Raised::text_here(self.lua, &text)
    }

    fn wrong_type(&self, nth: usize, expected: &str) -> mlua::Error {
        let found = match self.values.get(nth - 1) {
            Some(it) => type_name(it),
            None => "no value",
        };
        self.bad(nth, &format!("{expected} expected, got {found}"))
    }

    pub(super) fn number(&self, nth: usize) -> mlua::Result<f64> {
        match self.get(nth) {
            Value::Integer(it) => Ok(*it as f64),
            Value::Number(it) => Ok(*it),
            other @ Value::String(_) => {
                let number = self.lua.coerce_number(other.clone())?;
                number.ok_or_else(|| self.wrong_type(nth, "number"))
            }
            _ => Err(self.wrong_type(nth, "number")),
        }
    }

    /// A number without its fraction.
    pub(super) fn integer(&self, nth: usize) -> mlua::Result<i64> {
        self.number(nth).map(truncated)
    }

    pub(super) fn table(&self, nth: usize) -> mlua::Result<&mlua::Table> {
        self.get(nth).as_table().ok_or_else(|| self.wrong_type(nth, "table"))
    }

    /// The text of a string or a number.
    pub(super) fn text(&self, nth: usize) -> mlua::Result<mlua::String> {
        match self.get(nth) {
            Value::String(it) => Ok(it.clone()),
            it @ (Value::Integer(_) | Value::Number(_)) => {
                let text = self.lua.coerce_string(it.clone())?;
                text.ok_or_else(|| self.wrong_type(nth, "string"))
            }
            _ => Err(self.wrong_type(nth, "string")),
        }
    }
}

/// What Lua calls a value's type.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Integer(_) => "number",
        Value::LightUserData(_) | Value::Error(_) => "userdata",
        other => other.type_name(),
    }
}

/// A number as a processor cuts it: what does not fit is the smallest of all.
pub(super) fn truncated(number: f64) -> i64 {
    let fits = (-TWO_TO_63..TWO_TO_63).contains(&number);
    if fits { number as i64 } else { i64::MIN }
}

const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;
