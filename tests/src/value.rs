//! RESP replies read back into a tree, and written as the words that transcripts use.

use std::fmt::{self, Write as _};

use crate::words::quoted;

/// One reply of either protocol version.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    /// `+OK`
    Simple(String),
    /// `-ERR ...`
    Error(String),
    /// `:1`
    Integer(i64),
    /// `$3`
    Bulk(Vec<u8>),
    /// `$-1`
    NullBulk,
    /// `*-1`
    NullArray,
    /// `_`
    Null,
    /// `*2`
    Array(Vec<Value>),
    /// `%1`
    Map(Vec<(Value, Value)>),
    /// `~2`
    Set(Vec<Value>),
    /// `>2`
    Push(Vec<Value>),
    /// `,1.5`, as the text on the wire.
    Double(String),
    /// `#t`
    Boolean(bool),
    /// `(1234`, as the text on the wire.
    BigNumber(String),
    /// `=15\r\ntxt:...`: the format and the text.
    Verbatim(String, Vec<u8>),
}

impl Value {
    /// Reads the first whole reply of `wire` and how many bytes it took; `None` while more is
    /// needed. Panics on bytes that no server may send.
    pub fn read(wire: &[u8]) -> Option<(Value, usize)> {
        let mut reader = Reader { wire, at: 0 };
        let value = reader.value()?;
        Some((value, reader.at))
    }

    /// The elements of an array, set or push.
    pub fn elements(&self) -> &[Value] {
        match self {
            Value::Array(items) | Value::Set(items) | Value::Push(items) => items,
            other => panic!("{other} has no elements"),
        }
    }

    /// The bytes of a string of any kind.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Value::Simple(text) | Value::Error(text) => text.as_bytes(),
            Value::Bulk(bytes) | Value::Verbatim(_, bytes) => bytes,
            other => panic!("{other} is no string"),
        }
    }

    /// The text of a string of any kind.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(self.bytes()).into_owned()
    }

    /// The number, when this is an integer reply.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// True for an error reply.
    pub fn is_error(&self) -> bool {
        matches!(self, Value::Error(_))
    }
}

struct Reader<'a> {
    wire: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Value> {
        let line = self.line()?;
        let (sigil, text) = (line.as_bytes().first().copied()?, line[1..].to_owned());
        Some(match sigil {
            b'+' => Value::Simple(text),
            b'-' => Value::Error(text),
            b':' => Value::Integer(number(&text)),
            b'_' => Value::Null,
            b',' => Value::Double(text),
            b'#' => Value::Boolean(text == "t"),
            b'(' => Value::BigNumber(text),
            b'$' if text == "-1" => Value::NullBulk,
            b'$' => Value::Bulk(self.body(&text)?),
            b'=' => {
                let body = self.body(&text)?;
                let format = String::from_utf8_lossy(&body[..3]).into_owned();
                Value::Verbatim(format, body[4..].to_vec())
            }
            b'*' if text == "-1" => Value::NullArray,
            b'*' => Value::Array(self.values(&text)?),
            b'~' => Value::Set(self.values(&text)?),
            b'>' => Value::Push(self.values(&text)?),
            b'%' => {
                let pairs = 0..number(&text);
                Value::Map(
                    pairs.map(|_| Some((self.value()?, self.value()?))).collect::<Option<_>>()?,
                )
            }
            other => panic!("a reply begins with {:?}: {line:?}", char::from(other)),
        })
    }

    fn values(&mut self, count: &str) -> Option<Vec<Value>> {
        (0..number(count)).map(|_| self.value()).collect()
    }

    fn body(&mut self, length: &str) -> Option<Vec<u8>> {
        let end = self.at + number(length) as usize;
        let body = self.wire.get(self.at..end)?.to_vec();
        let terminator = self.wire.get(end..end + 2)?;
        assert_eq!(terminator, b"\r\n", "a string of {length} bytes ends where it says");
        self.at = end + 2;
        Some(body)
    }

    fn line(&mut self) -> Option<String> {
        let rest = &self.wire[self.at..];
        let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
        self.at += end + 2;
        Some(rest[..end].iter().map(|byte| char::from(*byte)).collect())
    }
}

fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is no number"))
}

/// The words of transcripts.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Simple(text) => f.write_str(text),
            Value::Error(text) => write!(f, "!{text}"),
            Value::Integer(number) => write!(f, "{number}"),
            Value::Bulk(bytes) => f.write_str(&quoted(bytes)),
            Value::NullBulk => f.write_str("(nil)"),
            Value::NullArray => f.write_str("(nil array)"),
            Value::Null => f.write_str("(null)"),
            Value::Array(items) => list(f, "[", items, "]"),
            Value::Set(items) => list(f, "<", items, ">"),
            Value::Push(items) => list(f, "push[", items, "]"),
            Value::Double(text) => write!(f, "(double) {text}"),
            Value::Boolean(yes) => write!(f, "({yes})"),
            Value::BigNumber(text) => write!(f, "(big) {text}"),
            Value::Verbatim(format, text) => write!(f, "{format}{}", quoted(text)),
            Value::Map(pairs) => {
                f.write_char('{')?;
                for (i, (key, value)) in pairs.iter().enumerate() {
                    let separator = if i == 0 { "" } else { ", " };
                    write!(f, "{separator}{key}: {value}")?;
                }
                f.write_char('}')
            }
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, open: &str, items: &[Value], close: &str) -> fmt::Result {
    f.write_str(open)?;
    for (i, item) in items.iter().enumerate() {
        f.write_str(if i == 0 { "" } else { " " })?;
        write!(f, "{item}")?;
    }
    f.write_str(close)
}
