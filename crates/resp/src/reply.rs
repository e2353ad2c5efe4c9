//! Writes one command's answer straight into the connection's output. What differs between RESP2
//! and RESP3 differs here and nowhere else.

use bytes::Bytes;
use tandem_engine::{Element, Output, StrRef};

use crate::error::Error;

pub(crate) type Answer = Result<Answered, Error>;

/// Proof that a handler has answered, or has asked to be run again. Only `Reply` makes one, so a
/// handler that forgets its reply does not compile.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) wait_ms: Option<u64>,
}

const ANSWERED: Answered = Answered { wait_ms: None };

pub(crate) struct Reply<'a> {
    out: &'a mut Output,
    resp3: bool,
}

impl<'a> Reply<'a> {
    pub(crate) fn new(out: &'a mut Output, resp3: bool) -> Reply<'a> {
        Reply { out, resp3 }
    }

    pub(crate) fn is_resp3(&self) -> bool {
        self.resp3
    }

    /// HELLO answers in the protocol it has just chosen.
    pub(crate) fn set_resp3(&mut self, resp3: bool) {
        self.resp3 = resp3;
    }

    #[inline]
    pub(crate) fn ok(&mut self) -> Answered {
        self.out.buf.extend_from_slice(b"+OK\r\n");
        ANSWERED
    }

    pub(crate) fn simple(&mut self, text: &str) -> Answered {
        self.out.buf.push(b'+');
        self.line(text.as_bytes())
    }

    /// A status of any bytes, which have no line end among them.
    pub(crate) fn status(&mut self, text: &[u8]) -> Answered {
        self.out.buf.push(b'+');
        self.line(text)
    }

    /// True or false in RESP3, 1 or 0 in RESP2.
    pub(crate) fn boolean(&mut self, it: bool) -> Answered {
        if !self.resp3 {
            return self.int(i64::from(it));
        }
        self.out.buf.extend_from_slice(if it { b"#t\r\n" } else { b"#f\r\n" });
        ANSWERED
    }

    /// A number without bounds in RESP3, a bulk in RESP2.
    pub(crate) fn big_number(&mut self, digits: &[u8]) -> Answered {
        if !self.resp3 {
            return self.bulk(digits);
        }
        self.out.buf.push(b'(');
        self.line(digits)
    }

    #[inline]
    pub(crate) fn int(&mut self, n: i64) -> Answered {
        self.out.buf.push(b':');
        self.line(itoa::Buffer::new().format(n).as_bytes())
    }

    pub(crate) fn count(&mut self, n: usize) -> Answered {
        self.int(n as i64)
    }

    #[inline]
    pub(crate) fn bulk(&mut self, data: &[u8]) -> Answered {
        put_bulk(&mut self.out.buf, data);
        ANSWERED
    }

    pub(crate) fn text(&mut self, text: &str) -> Answered {
        self.bulk(text.as_bytes())
    }

    /// A bulk that is shared with the output when it is big.
    pub(crate) fn shared(&mut self, data: &Bytes) -> Answered {
        self.header(b'$', data.len());
        self.out.put_shared(data);
        self.line(b"")
    }

    #[inline]
    pub(crate) fn string(&mut self, value: StrRef<'_>) -> Answered {
        match value {
            StrRef::Inline(data) => self.bulk(data),
            StrRef::Shared(data) => self.shared(data),
        }
    }

    #[inline]
    pub(crate) fn string_or_null(&mut self, value: Option<StrRef<'_>>) -> Answered {
        match value {
            Some(value) => self.string(value),
            None => self.null(),
        }
    }

    pub(crate) fn bulk_or_null(&mut self, data: Option<&[u8]>) -> Answered {
        match data {
            Some(data) => self.bulk(data),
            None => self.null(),
        }
    }

    #[inline]
    pub(crate) fn null(&mut self) -> Answered {
        self.out.buf.extend_from_slice(if self.resp3 { b"_\r\n" } else { b"$-1\r\n" });
        ANSWERED
    }

    /// An array that is not there.
    pub(crate) fn null_array(&mut self) -> Answered {
        self.out.buf.extend_from_slice(if self.resp3 { b"_\r\n" } else { b"*-1\r\n" });
        ANSWERED
    }

    #[inline]
    pub(crate) fn element(&mut self, element: Element<'_>) -> Answered {
        match element {
            Element::Bytes(it) => self.bulk(it),
            Element::Shared(it) => self.shared(it),
            Element::Int(it) => self.text(itoa::Buffer::new().format(it)),
        }
    }

    /// Starts an array of `n` answers, which follow.
    pub(crate) fn array_header(&mut self, n: usize) -> Answered {
        self.header(b'*', n)
    }

    /// Starts a map of `n` pairs, which follow as keys and values; laid flat in RESP2.
    pub(crate) fn map_header(&mut self, n: usize) -> Answered {
        if self.resp3 { self.header(b'%', n) } else { self.header(b'*', n * 2) }
    }

    /// Starts a set of `n` members, which follow; an array in RESP2.
    pub(crate) fn set_header(&mut self, n: usize) -> Answered {
        self.header(if self.resp3 { b'~' } else { b'*' }, n)
    }

    /// Starts a push of `n` answers, which follow; an array in RESP2.
    pub(crate) fn push_header(&mut self, n: usize) -> Answered {
        self.header(if self.resp3 { b'>' } else { b'*' }, n)
    }

    /// A push of bulks, whole.
    pub(crate) fn message(&mut self, words: &[&[u8]]) {
        let n_bytes: usize = words.iter().map(|it| it.len() + BULK_FRAME_BYTES).sum();
        self.out.buf.reserve(BULK_FRAME_BYTES + n_bytes);
        self.push_header(words.len());
        for word in words {
            self.bulk(word);
        }
    }

    pub(crate) fn array<T>(
        &mut self,
        items: impl ExactSizeIterator<Item = T>,
        mut each: impl FnMut(&mut Reply<'a>, T) -> Answered,
    ) -> Answered {
        self.array_header(items.len());
        for item in items {
            each(self, item);
        }
        ANSWERED
    }

    /// An array of bulks whose number was not known before.
    pub(crate) fn bulks(&mut self, bulks: &Bulks) -> Answered {
        self.array_header(bulks.n);
        self.out.put(&bulks.wire);
        ANSWERED
    }

    /// The same for a set.
    pub(crate) fn bulk_set(&mut self, bulks: &Bulks) -> Answered {
        self.set_header(bulks.n);
        self.out.put(&bulks.wire);
        ANSWERED
    }

    /// A double in RESP3, its text as a bulk in RESP2.
    pub(crate) fn double(&mut self, text: &str) -> Answered {
        if !self.resp3 {
            return self.text(text);
        }
        self.out.buf.push(b',');
        self.line(text.as_bytes())
    }

    /// Text for people: verbatim in RESP3, a bulk in RESP2. `format` is `txt` or `mkd`.
    pub(crate) fn verbatim(&mut self, format: &str, text: &str) -> Answered {
        self.verbatim_bytes(format.as_bytes(), text.as_bytes())
    }

    /// The same of any bytes, with the first three of the format.
    pub(crate) fn verbatim_bytes(&mut self, format: &[u8], text: &[u8]) -> Answered {
        if !self.resp3 {
            return self.bulk(text);
        }
        let mut three = [b' '; 3];
        let len = format.len().min(three.len());
        three[..len].copy_from_slice(&format[..len]);
        self.header(b'=', text.len() + 4);
        self.out.put(&three);
        self.out.put(b":");
        self.line(text)
    }

    /// An array of lines that help a person, as `<COMMAND> HELP` answers.
    pub(crate) fn help(&mut self, name: &str, lines: &[&str]) -> Answered {
        let first = format!("{name} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        let last = ["HELP", "    Print this help."];
        self.array_header(lines.len() + 1 + last.len());
        self.simple(&first);
        for line in lines.iter().chain(&last) {
            self.simple(line);
        }
        ANSWERED
    }

    /// Nothing at all: for what the client asked not to hear.
    #[expect(clippy::unused_self, reason = "silence is asked of the reply, like any other answer")]
    pub(crate) fn nothing(&mut self) -> Answered {
        ANSWERED
    }

    /// Nothing to answer yet: the connection sleeps and runs the command again, at the latest after
    /// so long, when `Client::wait_is_over` says true.
    #[expect(clippy::unused_self, reason = "a wait is asked of the reply, like any other answer")]
    pub(crate) fn wait(&mut self, wait_ms: u64) -> Answered {
        Answered { wait_ms: Some(wait_ms) }
    }

    pub(crate) fn error(&mut self, error: &Error) -> Answered {
        self.out.buf.push(b'-');
        self.line(&error.line())
    }

    #[inline]
    fn header(&mut self, sigil: u8, n: usize) -> Answered {
        put_header(&mut self.out.buf, sigil, n);
        ANSWERED
    }

    #[inline]
    fn line(&mut self, text: &[u8]) -> Answered {
        self.out.buf.extend_from_slice(text);
        self.out.buf.extend_from_slice(b"\r\n");
        ANSWERED
    }
}

/// Bulks collected before their number is known, as they will be sent.
#[derive(Debug, Default)]
pub(crate) struct Bulks {
    n: usize,
    wire: Vec<u8>,
}

impl Bulks {
    pub(crate) fn push(&mut self, data: &[u8]) {
        self.n += 1;
        put_bulk(&mut self.wire, data);
    }
}

/// A bulk below a gigabyte has no more than this besides its data.
const BULK_FRAME_BYTES: usize = 16;

#[inline]
fn put_bulk(buf: &mut Vec<u8>, data: &[u8]) {
    put_header(buf, b'$', data.len());
    buf.extend_from_slice(data);
    buf.extend_from_slice(b"\r\n");
}

/// A sigil, a number and a line end. Numbers below a thousand, which is nearly all, are laid out
/// in one word.
#[inline]
fn put_header(buf: &mut Vec<u8>, sigil: u8, n: usize) {
    if n >= 1000 {
        return put_long_header(buf, sigil, n);
    }
    let digit = |n: usize| b'0' + n as u8;
    let (line, len) = match n {
        0..10 => ([sigil, digit(n), b'\r', b'\n', 0, 0, 0, 0], 4),
        10..100 => ([sigil, digit(n / 10), digit(n % 10), b'\r', b'\n', 0, 0, 0], 5),
        _ => {
            let (hundreds, tens, ones) = (digit(n / 100), digit(n / 10 % 10), digit(n % 10));
            ([sigil, hundreds, tens, ones, b'\r', b'\n', 0, 0], 6)
        }
    };
    buf.extend_from_slice(&line);
    buf.truncate(buf.len() - (line.len() - len));
}

#[inline(never)]
fn put_long_header(buf: &mut Vec<u8>, sigil: u8, n: usize) {
    buf.push(sigil);
    buf.extend_from_slice(itoa::Buffer::new().format(n).as_bytes());
    buf.extend_from_slice(b"\r\n");
}
