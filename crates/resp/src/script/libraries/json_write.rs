//! Values as JSON.

use mlua::{Lua, Table, Value};

use super::json::{Odd, Options};
use super::json_read::DEPTH_MAX;
use crate::double::significant_digits;
use crate::script::arguments::type_name;
use crate::script::raised::Raised;

pub(super) struct Writer<'a> {
    lua: &'a Lua,
    options: Options,
    text: Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(lua: &'a Lua, options: Options) -> Writer<'a> {
        Writer { lua, options, text: Vec::new() }
    }

    pub(super) fn write(mut self, value: &Value) -> mlua::Result<Vec<u8>> {
        self.value(value, 0)?;
        Ok(self.text)
    }

    fn refused(&self, what: &str, why: &str) -> mlua::Error {
        Raised::text_here(self.lua, &format!("Cannot serialise {what}: {why}"))
    }

    fn value(&mut self, value: &Value, depth: i64) -> mlua::Result<()> {
        match value {
            Value::Nil => self.text.extend_from_slice(b"null"),
            Value::Boolean(true) => self.text.extend_from_slice(b"true"),
            Value::Boolean(false) => self.text.extend_from_slice(b"false"),
            Value::Integer(it) => self.number(*it as f64)?,
            Value::Number(it) => self.number(*it)?,
            Value::String(it) => self.string(&it.as_bytes()),
            Value::Table(it) => self.table(it, depth + 1)?,
            value if value.is_null() => self.text.extend_from_slice(b"null"),
            other => return Err(self.refused(type_name(other), "type not supported")),
        }
        Ok(())
    }

    fn number(&mut self, number: f64) -> mlua::Result<()> {
        if !number.is_finite() {
            match self.options.write_odd_numbers {
                Odd::Refused => return Err(self.refused("number", "must not be NaN or Inf")),
                Odd::Null => self.text.extend_from_slice(b"null"),
                Odd::Written if number.is_nan() => self.text.extend_from_slice(b"nan"),
                Odd::Written if number < 0.0 => self.text.extend_from_slice(b"-inf"),
                Odd::Written => self.text.extend_from_slice(b"inf"),
            }
            return Ok(());
        }
        let is_small = number.abs() < SMALL_MAX && number.trunc().to_bits() == number.to_bits();
        if is_small && self.options.digits >= SMALL_DIGITS {
            let mut digits = itoa::Buffer::new();
            self.text.extend_from_slice(digits.format(number as i64).as_bytes());
            if number == 0.0 && number.is_sign_negative() {
                self.text.insert(self.text.len() - 1, b'-');
            }
            return Ok(());
        }
        let text = significant_digits(number, self.options.digits as usize);
        self.text.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn string(&mut self, bytes: &[u8]) {
        self.text.push(b'"');
        for &byte in bytes {
            let short = match byte {
                b'"' | b'\\' | b'/' => byte,
                8 => b'b',
                b'\t' => b't',
                b'\n' => b'n',
                12 => b'f',
                b'\r' => b'r',
                0..32 | 127 => {
                    self.text.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    continue;
                }
                _ => {
                    self.text.push(byte);
                    continue;
                }
            };
            self.text.extend_from_slice(&[b'\\', short]);
        }
        self.text.push(b'"');
    }

    fn table(&mut self, table: &Table, depth: i64) -> mlua::Result<()> {
        if depth > self.options.write_depth_max.min(DEPTH_MAX) {
            let text = format!("Cannot serialise, excessive nesting ({depth})");
            return Err(Raised::text_here(self.lua, &text));
        }
        match self.array_len(table)? {
            Some(len @ 1..) => self.array(table, len, depth),
            _ => self.object(table, depth),
        }
    }

    /// The highest key, if all are those of an array.
    fn array_len(&self, table: &Table) -> mlua::Result<Option<i64>> {
        let (mut len, mut n) = (0, 0);
        for pair in table.pairs::<Value, Value>() {
            let (Value::Integer(key @ 1..), _) = pair? else { return Ok(None) };
            len = len.max(key);
            n += 1;
        }
        let Options { sparse_ratio, sparse_safe, sparse_as_object, .. } = self.options;
        if sparse_ratio > 0 && len > sparse_safe && len > sparse_ratio.saturating_mul(n) {
            if !sparse_as_object {
                return Err(self.refused("table", "excessively sparse array"));
            }
            return Ok(None);
        }
        Ok(Some(len))
    }

    fn array(&mut self, table: &Table, len: i64, depth: i64) -> mlua::Result<()> {
        self.text.push(b'[');
        for nth in 1..=len {
            if nth > 1 {
                self.text.push(b',');
            }
            self.value(&table.raw_get(nth)?, depth)?;
        }
        self.text.push(b']');
        Ok(())
    }

    fn object(&mut self, table: &Table, depth: i64) -> mlua::Result<()> {
        self.text.push(b'{');
        let start = self.text.len();
        for pair in table.pairs::<Value, Value>() {
            let (key, value) = pair?;
            if self.text.len() > start {
                self.text.push(b',');
            }
            match &key {
                Value::String(it) => self.string(&it.as_bytes()),
                Value::Integer(_) | Value::Number(_) => {
                    self.text.push(b'"');
                    self.value(&key, depth)?;
                    self.text.push(b'"');
                }
                other => {
                    let why = "table key must be a number or string";
                    return Err(self.refused(type_name(other), why));
                }
            }
            self.text.push(b':');
            self.value(&value, depth)?;
        }
        self.text.push(b'}');
        Ok(())
    }
}

/// Whole numbers below this have at most so many digits.
const SMALL_MAX: f64 = 1e9;
const SMALL_DIGITS: i64 = 9;
