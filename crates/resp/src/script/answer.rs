//! What a script returns as a reply.

use mlua::{Table, Value};

use super::arguments::truncated;
use crate::double::Text;
use crate::error::Error;
use crate::reply::{Answer, Reply};

/// The protocols that a script's answer depends on.
pub(super) struct Answering<'a, 'o> {
    pub(super) reply: &'a mut Reply<'o>,
    /// The script has switched to RESP3, in which booleans are more than 1 and nothing.
    pub(super) script_resp3: bool,
}

impl Answering<'_, '_> {
    /// Writes the script's answer. An error is not written but handed back.
    pub(super) fn whole(&mut self, value: &Value) -> Answer {
        if let Value::Table(table) = value
            && let Ok(Value::String(text)) = table.raw_get("err")
        {
            return Err(line_error(&text.as_bytes()));
        }
        self.value(value, 0).map_err(|error| match error {
            Failed::TooDeep => Error::said("ERR reached lua stack limit"),
            Failed::Lua(error) => Error::said(format!("ERR {error}")),
        })?;
        Ok(self.reply.nothing())
    }

    fn value(&mut self, value: &Value, depth: usize) -> Result<(), Failed> {
        match value {
            Value::String(it) => self.reply.bulk(&it.as_bytes()),
            Value::Integer(it) => self.reply.int(*it),
            Value::Number(it) => self.reply.int(truncated(*it)),
            Value::Boolean(it) if self.script_resp3 => self.reply.boolean(*it),
            Value::Boolean(true) => self.reply.int(1),
            Value::Table(it) => return self.table(it, depth),
            _ => self.reply.null(),
        };
        Ok(())
    }

    fn table(&mut self, table: &Table, depth: usize) -> Result<(), Failed> {
        if depth >= DEPTH_MAX {
            return Err(Failed::TooDeep);
        }
        if let Value::String(text) = table.raw_get("err")? {
            self.reply.error(&line_error(&text.as_bytes()));
        } else if let Value::String(text) = table.raw_get("ok")? {
            self.reply.status(&one_line(&text.as_bytes()));
        } else if let Some(double) = number(&table.raw_get("double")?) {
            let text = Text::of(double);
            self.reply.double(if double.is_nan() { "nan" } else { text.as_str() });
        } else if let Value::Table(map) = table.raw_get("map")? {
            return self.map(&map, depth);
        } else if let Value::Table(set) = table.raw_get("set")? {
            return self.set(&set, depth);
        } else if let Value::String(digits) = table.raw_get("big_number")? {
            self.reply.big_number(&one_line(&digits.as_bytes()));
        } else if let Some((format, text)) = verbatim(&table.raw_get("verbatim_string")?)? {
            self.reply.verbatim_bytes(&format.as_bytes(), &text.as_bytes());
        } else {
            return self.array(table, depth);
        }
        Ok(())
    }

    fn map(&mut self, map: &Table, depth: usize) -> Result<(), Failed> {
        self.reply.map_header(map.pairs::<Value, Value>().count());
        for pair in map.pairs::<Value, Value>() {
            let (key, value) = pair?;
            self.value(&key, depth + 1)?;
            self.value(&value, depth + 1)?;
        }
        Ok(())
    }

    fn set(&mut self, set: &Table, depth: usize) -> Result<(), Failed> {
        self.reply.set_header(set.pairs::<Value, Value>().count());
        for pair in set.pairs::<Value, Value>() {
            self.value(&pair?.0, depth + 1)?;
        }
        Ok(())
    }

    /// The elements up to the first that is not there.
    fn array(&mut self, table: &Table, depth: usize) -> Result<(), Failed> {
        let mut n = 0;
        while !table.raw_get::<Value>(n + 1)?.is_nil() {
            n += 1;
        }
        self.reply.array_header(n);
        for nth in 1..=n {
            self.value(&table.raw_get(nth)?, depth + 1)?;
        }
        Ok(())
    }
}

enum Failed {
    TooDeep,
    Lua(mlua::Error),
}

impl From<mlua::Error> for Failed {
    fn from(error: mlua::Error) -> Failed {
        Failed::Lua(error)
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Integer(it) => Some(*it as f64),
        Value::Number(it) => Some(*it),
        _ => None,
    }
}

/// The format and the text of a verbatim string, if both are there.
fn verbatim(value: &Value) -> mlua::Result<Option<(mlua::String, mlua::String)>> {
    let Value::Table(table) = value else { return Ok(None) };
    Ok(match (table.raw_get("format")?, table.raw_get("string")?) {
        (Value::String(format), Value::String(text)) => Some((format, text)),
        _ => None,
    })
}

fn one_line(text: &[u8]) -> Vec<u8> {
    text.iter().map(|it| if matches!(it, b'\r' | b'\n') { b' ' } else { *it }).collect()
}

/// An error with a line of the script's.
pub(super) fn line_error(line: &[u8]) -> Error {
    Error::Quoting { before: "", word: line.into(), after: "" }
}

/// Tables within tables that an answer may have. Valkey ends a little before 8,000.
const DEPTH_MAX: usize = 1000;
