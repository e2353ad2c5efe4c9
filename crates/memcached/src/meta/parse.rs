//! Where a meta command ends, and its key; its flags are read as it runs.

use memchr::memchr;
use tandem_engine::{Key, Keyspace};

use crate::commands::Verb;
use crate::error::Error;
use crate::meta::flags::{self, DecodedKey, FLAGS_MAX};
use crate::meta::{Request, base64, set};
use crate::number;
use crate::parse::refused;
use crate::parse::{BIG_VALUE_BYTES, CRLF, LINE_BYTES_MAX, Parsed, Rules, VALUE_BYTES_MAX};
use crate::request::{Entry, Tell};
use crate::server::DATABASE;
use crate::settings::KEY_BYTES_MAX;

/// Parses the command at the start of `input`, whose verb ends at `at`.
#[inline]
pub(crate) fn command<'a>(input: &'a [u8], verb: Verb, at: usize, rules: Rules<'_>) -> Parsed<'a> {
    let Some(line_end) = memchr(b'\n', &input[at..]).map(|len| at + len) else {
        let is_nonsense = input.len() > LINE_BYTES_MAX;
        return if is_nonsense { Parsed::Nonsense } else { Parsed::NeedMore { need: 0 } };
    };
    let len = line_end + 1;
    let line = &input[at..line_end];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (name, flags) = first_word(line);
    if name.is_empty() || name.len() > KEY_BYTES_MAX {
        return refused(Error::BadFormat, Some(verb), Tell::Outcome, len);
    }
    // `me` knows one flag, and in front alone.
    let flags = if verb == Verb::MetaDebug { first_word(flags).0 } else { flags };
    let request =
        Request { verb, key: key(name, flags, rules.keyspace), flags, value: None, value_bytes: 0 };
    if verb == Verb::MetaSet {
        return store(input, request, len, rules);
    }
    Parsed::Whole { entry: Entry::Meta(request), len }
}

/// A store with a line of `len` bytes, which says how long the value is in front of the flags.
fn store<'a>(input: &'a [u8], request: Request<'a>, len: usize, rules: Rules<'_>) -> Parsed<'a> {
    let verb = request.verb;
    let (word, flags) = first_word(request.flags);
    // The words that the flags leave are one fewer than with other commands.
    if flags.len() >= 2 * (FLAGS_MAX - 1) && flags::tokens(flags).count() >= FLAGS_MAX {
        return refused(Error::TooManyFlags, Some(verb), Tell::Outcome, len);
    }
    let value_bytes = number::loose_i32(word).and_then(|it| usize::try_from(it).ok());
    let Some(value_bytes) = value_bytes.filter(|it| *it <= VALUE_BYTES_MAX) else {
        return refused(Error::BadFormat, Some(verb), Tell::Outcome, len);
    };
    let request = Request { flags, value_bytes, ..request };
    let need = value_bytes + CRLF.len();
    if value_bytes >= BIG_VALUE_BYTES {
        if set::is_storable(&request, rules.settings) {
            return Parsed::BigValue { entry: Entry::Meta(request), len, value_bytes };
        }
        return Parsed::SkipValue { entry: Entry::Meta(request), len, skip: need };
    }
    let Some(block) = input.get(len..len + need) else {
        return Parsed::NeedMore { need: len + need - input.len() };
    };
    let value = block.strip_suffix(CRLF);
    Parsed::Whole { entry: Entry::Meta(Request { value, ..request }), len: len + need }
}

/// The key with the hash of what it stands for; its name as the client wrote it.
#[inline]
pub(crate) fn key<'a>(name: &'a [u8], flags: &[u8], keyspace: &Keyspace) -> Key<'a> {
    let key = keyspace.key(DATABASE, name);
    if !flags::say_base64(flags) {
        return key;
    }
    let mut decoded = DecodedKey::new();
    base64::decode(name, |it| decoded.extend_from_slice(it));
    Key { hash: keyspace.key(DATABASE, &decoded).hash, ..key }
}

/// The first word of a line and what follows it.
#[inline]
fn first_word(line: &[u8]) -> (&[u8], &[u8]) {
    let from = line.iter().take_while(|it| **it == b' ').count();
    let line = &line[from..];
    let len = crate::words::find_end(line).unwrap_or(line.len());
    line.split_at(len)
}
