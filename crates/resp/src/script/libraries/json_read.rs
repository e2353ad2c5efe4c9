//! JSON as values.

use mlua::{Lua, Value};

use super::json::Options;
use crate::script::raised::Raised;

pub(super) struct Reader<'a> {
    lua: &'a Lua,
    text: &'a [u8],
    at: usize,
    options: Options,
}

enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Text(Vec<u8>),
    Number(f64),
    Boolean(bool),
    Null,
    Colon,
    Comma,
    End,
    /// What is wrong there.
    Wrong(&'static str),
}

/// A token and where it stands.
struct Found {
    token: Token,
    at: usize,
}

impl Token {
    fn name(&self) -> &'static str {
        match self {
            Token::ObjectBegin => "T_OBJ_BEGIN",
            Token::ObjectEnd => "T_OBJ_END",
            Token::ArrayBegin => "T_ARR_BEGIN",
            Token::ArrayEnd => "T_ARR_END",
            Token::Text(_) => "T_STRING",
            Token::Number(_) => "T_NUMBER",
            Token::Boolean(_) => "T_BOOLEAN",
            Token::Null => "T_NULL",
            Token::Colon => "T_COLON",
            Token::Comma => "T_COMMA",
            Token::End => "T_END",
            Token::Wrong(what) => what,
        }
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(lua: &'a Lua, text: &'a [u8], options: Options) -> Reader<'a> {
        Reader { lua, text, at: 0, options }
    }

    pub(super) fn read(mut self) -> mlua::Result<Value> {
        if self.text.len() >= 2 && (self.text[0] == 0 || self.text[1] == 0) {
            let text = "JSON parser does not support UTF-16 or UTF-32";
            return Err(Raised::text_here(self.lua, text));
        }
        let first = self.next();
        let value = self.value(first, 0)?;
        match self.next() {
            Found { token: Token::End, .. } => Ok(value),
            other => Err(self.expected("the end", &other)),
        }
    }

    fn expected(&self, what: &str, found: &Found) -> mlua::Error {
        let (name, at) = (found.token.name(), found.at + 1);
        let text = format!("Expected {what} but found {name} at character {at}");
        Raised::text_here(self.lua, &text)
    }

    fn value(&mut self, found: Found, depth: i64) -> mlua::Result<Value> {
        match found.token {
            Token::Text(text) => Ok(Value::String(self.lua.create_string(text)?)),
            Token::Number(number) => Ok(Value::Number(number)),
            Token::Boolean(it) => Ok(Value::Boolean(it)),
            Token::Null => Ok(Value::NULL),
            Token::ObjectBegin => self.object(depth + 1),
            Token::ArrayBegin => self.array(depth + 1),
            _ => Err(self.expected("value", &found)),
        }
    }

    fn descend(&self, depth: i64) -> mlua::Result<()> {
        if depth <= self.options.read_depth_max.min(DEPTH_MAX) {
            return Ok(());
        }
        let at = self.at;
        let text = format!("Found too many nested data structures ({depth}) at character {at}");
        Err(Raised::text_here(self.lua, &text))
    }

    fn object(&mut self, depth: i64) -> mlua::Result<Value> {
        self.descend(depth)?;
        let object = self.lua.create_table()?;
        let mut found = self.next();
        if matches!(found.token, Token::ObjectEnd) {
            return Ok(Value::Table(object));
        }
        loop {
            let Token::Text(key) = found.token else {
                return Err(self.expected("object key string", &found));
            };
            let colon = self.next();
            if !matches!(colon.token, Token::Colon) {
                return Err(self.expected("colon", &colon));
            }
            let first = self.next();
            let value = self.value(first, depth)?;
            object.raw_set(self.lua.create_string(key)?, value)?;
            let end = self.next();
            match end.token {
                Token::ObjectEnd => return Ok(Value::Table(object)),
                Token::Comma => found = self.next(),
                _ => return Err(self.expected("comma or object end", &end)),
            }
        }
    }

    fn array(&mut self, depth: i64) -> mlua::Result<Value> {
        self.descend(depth)?;
        let array = self.lua.create_table()?;
        let mut found = self.next();
        if matches!(found.token, Token::ArrayEnd) {
            return Ok(Value::Table(array));
        }
        for nth in 1.. {
            let value = self.value(found, depth)?;
            array.raw_set(nth, value)?;
            let end = self.next();
            match end.token {
                Token::ArrayEnd => break,
                Token::Comma => found = self.next(),
                _ => return Err(self.expected("comma or array end", &end)),
            }
        }
        Ok(Value::Table(array))
    }

    /// The byte at a distance; 0 behind the end, as a string of C has it.
    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or_default()
    }

    fn next(&mut self) -> Found {
        while matches!(self.peek(0), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        let at = self.at;
        let simple = match self.peek(0) {
            b'{' => Token::ObjectBegin,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayBegin,
            b']' => Token::ArrayEnd,
            b':' => Token::Colon,
            b',' => Token::Comma,
            0 => return Found { token: Token::End, at },
            b'"' => return self.string(),
            _ => return Found { token: self.word(), at },
        };
        self.at += 1;
        Found { token: simple, at }
    }

    fn word(&mut self) -> Token {
        let first = self.peek(0);
        let rest = &self.text[self.at..];
        if first == b'-' || first.is_ascii_digit() {
            if !self.options.read_odd_numbers && is_odd(rest) {
                return Token::Wrong("invalid number");
            }
            return self.number();
        }
        for (word, token) in [
            ("true", Token::Boolean(true)),
            ("false", Token::Boolean(false)),
            ("null", Token::Null),
        ] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return token;
            }
        }
        if self.options.read_odd_numbers && is_odd(rest) {
            return self.number();
        }
        Token::Wrong("invalid token")
    }

    fn number(&mut self) -> Token {
        match number_at(&self.text[self.at..]) {
            Some((number, len)) => {
                self.at += len;
                Token::Number(number)
            }
            None => Token::Wrong("invalid number"),
        }
    }

    fn string(&mut self) -> Found {
        let start = self.at;
        let mut text = Vec::new();
        self.at += 1;
        loop {
            let wrong = |what, at| Found { token: Token::Wrong(what), at };
            match self.peek(0) {
                b'"' => break,
                0 => return wrong("unexpected end of string", self.at),
                b'\\' => {
                    let escaped = match self.peek(1) {
                        byte @ (b'"' | b'\\' | b'/') => byte,
                        b'b' => 8,
                        b't' => b'\t',
                        b'n' => b'\n',
                        b'f' => 12,
                        b'r' => b'\r',
                        b'u' => match self.code_point() {
                            Some((point, len)) => {
                                push_utf8(&mut text, point);
                                self.at += len;
                                continue;
                            }
                            None => return wrong("invalid unicode escape code", self.at),
                        },
                        _ => return wrong("invalid escape code", self.at),
                    };
                    text.push(escaped);
                    self.at += 2;
                }
                byte => {
                    text.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Found { token: Token::Text(text), at: start }
    }

    /// What `\uXXXX` stands for, or two of them, and how long that is.
    fn code_point(&self) -> Option<(u32, usize)> {
        let unit = |ahead: usize| {
            let digits = self.text.get(self.at + ahead..self.at + ahead + 4)?;
            let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
            let digits = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
            u32::from_str_radix(digits, 16).ok()
        };
        let first = unit(2)?;
        if first & 0xF800 != 0xD800 {
            return Some((first, 6));
        }
        let second = unit(8).filter(|_| self.peek(6) == b'\\' && self.peek(7) == b'u')?;
        if first & 0x400 != 0 || second & 0xFC00 != 0xDC00 {
            return None;
        }
        Some((0x1_0000 + ((first & 0x3FF) << 10) + (second & 0x3FF), 12))
    }
}

fn push_utf8(text: &mut Vec<u8>, point: u32) {
    let point = char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(point.encode_utf8(&mut [0; 4]).as_bytes());
}

/// Whether a number is one that only C would read.
fn is_odd(text: &[u8]) -> bool {
    let text = match text {
        [b'+', ..] => return true,
        [b'-', rest @ ..] => rest,
        text => text,
    };
    let has = |word: &[u8]| text.get(..3).is_some_and(|it| it.eq_ignore_ascii_case(word));
    match text {
        [b'0', next, ..] => matches!(next, b'x' | b'X' | b'0'..=b'9'),
        [first, ..] if *first <= b'9' => false,
        _ => has(b"inf") || has(b"nan"),
    }
}

/// The number that C's `strtod` reads at the start, and how long it is.
fn number_at(text: &[u8]) -> Option<(f64, usize)> {
    let sign_len = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let sign = if text.first() == Some(&b'-') { -1.0 } else { 1.0 };
    let rest = &text[sign_len..];
    for (word, value) in [("infinity", f64::INFINITY), ("inf", f64::INFINITY), ("nan", f64::NAN)] {
        let len = word.len();
        if rest.get(..len).is_some_and(|it| it.eq_ignore_ascii_case(word.as_bytes())) {
            return Some((sign * value, sign_len + len));
        }
    }
    let count = |from: usize, of: fn(&u8) -> bool| {
        rest.get(from..).unwrap_or_default().iter().take_while(|it| of(it)).count()
    };
    if matches!(rest, [b'0', b'x' | b'X', ..]) {
        let n_digits = count(2, u8::is_ascii_hexdigit);
        let digits = rest[2..2 + n_digits].iter();
        let value = digits.fold(0.0, |sum, it| {
            sum * 16.0 + f64::from(char::from(*it).to_digit(16).unwrap_or_default())
        });
        return (n_digits > 0).then_some((sign * value, sign_len + 2 + n_digits));
    }
    let mut len = count(0, u8::is_ascii_digit);
    let mut n_digits = len;
    if rest.get(len) == Some(&b'.') {
        let n_places = count(len + 1, u8::is_ascii_digit);
        n_digits += n_places;
        len += 1 + n_places;
    }
    if n_digits == 0 {
        return None;
    }
    if matches!(rest.get(len), Some(b'e' | b'E')) {
        let signs = usize::from(matches!(rest.get(len + 1), Some(b'+' | b'-')));
        let n_exponent = count(len + 1 + signs, u8::is_ascii_digit);
        if n_exponent > 0 {
            len += 1 + signs + n_exponent;
        }
    }
    let digits = std::str::from_utf8(&rest[..len]).ok()?;
    Some((sign * digits.parse::<f64>().ok()?, sign_len + len))
}

/// What a script may set as the depth is no more than what a thread's stack bears.
pub(super) const DEPTH_MAX: i64 = 2000;
