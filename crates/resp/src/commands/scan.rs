//! What SCAN, HSCAN, SSCAN and ZSCAN share: cursors, options, and the shape of the answer.

use crate::args::Args;
use crate::error::Error;
use crate::glob;
use crate::number;
use crate::reply::{Answered, Reply};

/// What is scanned: it decides which options there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scans {
    Keys,
    Hash,
    Set,
    SortedSet,
}

/// `[MATCH pattern] [COUNT count] [TYPE type] [NOVALUES | NOSCORES]`.
pub(crate) struct ScanWords<'a> {
    pattern: Option<&'a [u8]>,
    pub(crate) count: usize,
    pub(crate) type_name: Option<&'a [u8]>,
    pub(crate) no_values: bool,
}

impl<'a> ScanWords<'a> {
    pub(crate) fn read(args: &mut Args<'a>, scans: Scans) -> Result<ScanWords<'a>, Error> {
        let mut words =
            ScanWords { pattern: None, count: COUNT_DEFAULT, type_name: None, no_values: false };
        while !args.is_done() {
            if args.option("COUNT") {
                let count = usize::try_from(args.integer()?).unwrap_or(0);
                words.count = if count == 0 { return Err(Error::Syntax) } else { count };
            } else if args.option("MATCH") {
                let pattern = args.next()?;
                words.pattern = (pattern != b"*").then_some(pattern);
            } else if scans == Scans::Keys && args.option("TYPE") {
                words.type_name = Some(type_name(args.next()?)?);
            } else if args.flag("NOVALUES") {
                if scans != Scans::Hash {
                    return Err(Error::said("ERR NOVALUES option can only be used in HSCAN"));
                }
                words.no_values = true;
            } else if args.flag("NOSCORES") {
                if scans != Scans::SortedSet {
                    return Err(Error::said("ERR NOSCORES option can only be used in ZSCAN"));
                }
                words.no_values = true;
            } else {
                return Err(Error::Syntax);
            }
        }
        Ok(words)
    }

    /// True when MATCH lets a name through.
    pub(crate) fn takes(&self, name: &[u8]) -> bool {
        self.pattern.is_none_or(|pattern| glob::matches(pattern, name))
    }
}

/// A type that there is, though perhaps no key of ours can hold it.
fn type_name(word: &[u8]) -> Result<&[u8], Error> {
    const NAMES: [&str; 6] = ["string", "list", "set", "zset", "hash", "stream"];
    if NAMES.iter().any(|name| word.eq_ignore_ascii_case(name.as_bytes())) {
        return Ok(word);
    }
    Err(Error::quoting("ERR unknown type name '", word, "'"))
}

/// A cursor as C's `strtoull` reads it: spaces, a plus and zeros may stand before it.
pub(crate) fn cursor(text: &[u8]) -> Result<u64, Error> {
    if let Some(n) = number::unsigned(text) {
        return Ok(n);
    }
    let text = text.trim_ascii_start();
    let digits = text.strip_prefix(b"+").unwrap_or(text);
    let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
    match &digits[zeros..] {
        [] if zeros > 0 => Ok(0),
        rest => number::unsigned(rest).ok_or(Error::InvalidCursor),
    }
}

/// The answer's cursor, and how many elements follow.
pub(crate) fn header(reply: &mut Reply<'_>, next: u64, n: usize) -> Answered {
    reply.array_header(2);
    reply.text(itoa::Buffer::new().format(next));
    reply.array_header(n)
}

/// The answer for a key that does not exist.
pub(crate) fn empty(reply: &mut Reply<'_>) -> Answered {
    header(reply, 0, 0)
}

/// Elements looked at in one call, unless COUNT says otherwise.
const COUNT_DEFAULT: usize = 10;
