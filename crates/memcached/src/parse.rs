//! The text protocol: a command line, and a value behind it, become an `Entry`.

use memchr::memchr;
use tandem_engine::Keyspace;

use crate::commands::Verb;
use crate::error::Error;
use crate::meta;
use crate::number;
use crate::request::{Entry, Place, Refusal, Request, Tell, TooLarge};
use crate::server::DATABASE;
use crate::settings::{KEY_BYTES_MAX, Settings};
use crate::words::{Words, find_end, n_spaces, word};

/// More bytes than this without a line end are nonsense, unless they begin a retrieval: the
/// client is cut off. memcached's number.
pub(crate) const LINE_BYTES_MAX: usize = 2048;

/// Values of this many bytes or more are received into a buffer of their own.
pub(crate) const BIG_VALUE_BYTES: usize = 16 << 10;

/// A line of fewer bytes than this, its end included, is malformed whatever it says.
const LINE_BYTES_MIN: usize = 4;

/// The longest value that a line may announce.
pub(crate) const VALUE_BYTES_MAX: usize = i32::MAX as usize - 2;

/// No verb is longer than `cache_memlimit`.
const VERB_BYTES_MAX: usize = 14;

/// The line end behind a value.
pub(crate) const CRLF: &[u8] = b"\r\n";

/// What parsing depends on besides the input.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) keyspace: &'a Keyspace,
    pub(crate) settings: &'a Settings,
}

/// What stands at the start of the input.
pub(crate) enum Parsed<'a> {
    /// A whole command of `len` bytes.
    Whole { entry: Entry<'a>, len: usize },
    /// The same, where nothing behind it may run before it is through.
    Last { entry: Entry<'a>, len: usize },
    /// A retrieval of several keys; they begin behind `len` bytes.
    Keys { line: Retrieval, len: usize },
    /// A command of `len` bytes whose value of `skip` bytes, line end included, is to be ignored.
    SkipValue { entry: Entry<'a>, len: usize, skip: usize },
    /// A command whose line ends beyond the input: the rest of it is to be ignored.
    SkipLine { entry: Entry<'a>, len: usize },
    /// A store with a line of `len` bytes and a big value of `value_bytes`.
    BigValue { entry: Entry<'a>, len: usize, value_bytes: usize },
    /// Not whole; `need` more bytes complete it (0 is unknown).
    NeedMore { need: usize },
    /// Not this protocol: close without a word.
    Nonsense,
}

/// What the keys of a retrieval line share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retrieval {
    pub(crate) verb: Verb,
    pub(crate) exptime: i32,
    pub(crate) place: Place,
}

/// The next key of a retrieval line.
pub(crate) enum NextKey<'a> {
    Key { entry: Entry<'a>, len: usize },
    End { len: usize },
    TooLong,
    NeedMore,
}

/// Parses what stands at the start of `input`, which is not empty.
pub(crate) fn command<'a>(input: &'a [u8], rules: Rules<'_>) -> Parsed<'a> {
    // Most commands are one of two; the table of names is for the others.
    if input.starts_with(b"get ") {
        let line = Retrieval { verb: Verb::Get, exptime: 0, place: Place::Only };
        return retrieval(input, line, b"get ".len(), rules);
    }
    if let Some(set) = PlainSet::at_start_of(input) {
        return set.parsed(input, rules);
    }
    if input.starts_with(b"mg ") {
        return meta::command(input, Verb::MetaGet, b"mg".len(), rules);
    }
    let from = n_spaces(input);
    let head = &input[from..input.len().min(from + VERB_BYTES_MAX + 1)];
    // The byte behind the verb tells whether it is whole.
    let end = find_end(head).map(|len| from + len);
    let verb = end.and_then(|at| Verb::of(word(&input[from..at], input[at])).zip(Some(at)));
    match verb {
        Some((verb @ (Verb::Get | Verb::Gets), at)) => {
            retrieval(input, Retrieval { verb, exptime: 0, place: Place::Only }, at, rules)
        }
        Some((verb @ (Verb::Gat | Verb::Gats), at)) => {
            retrieval_with_expiry(input, verb, at, rules)
        }
        Some((verb, at)) if verb.is_meta() => meta::command(input, verb, at, rules),
        verb => line(input, verb.map(|it| it.0), rules),
    }
}

/// The next key at the start of `input`, inside a retrieval line.
pub(crate) fn next_key<'a>(input: &'a [u8], line: Retrieval, rules: Rules<'_>) -> NextKey<'a> {
    let from = n_spaces(input);
    let Some(len) = find_end(&input[from..]) else {
        // A carriage return may stand behind the longest key.
        let is_too_long = input.len() - from > KEY_BYTES_MAX + 1;
        return if is_too_long { NextKey::TooLong } else { NextKey::NeedMore };
    };
    let end = from + len;
    let name = word(&input[from..end], input[end]);
    if name.is_empty() {
        return NextKey::End { len: end + 1 };
    }
    if name.len() > KEY_BYTES_MAX {
        return NextKey::TooLong;
    }
    // What ends the key stays: it may be the line's end, which is found next.
    NextKey::Key { entry: Entry::Run(key_request(line, name, rules)), len: from + name.len() }
}

/// A retrieval whose keys begin behind `at`.
fn retrieval<'a>(input: &'a [u8], mut line: Retrieval, at: usize, rules: Rules<'_>) -> Parsed<'a> {
    let at = at + n_spaces(&input[at..]);
    let end = find_end(&input[at..]).map(|len| at + len);
    if let Some(end) = end
        && input[end] == b'\n'
    {
        let name = word(&input[at..end], b'\n');
        if name.is_empty() || name.len() > KEY_BYTES_MAX {
            return refused(Error::BadFormat, Some(line.verb), Tell::Outcome, end + 1);
        }
        let entry = Entry::Run(key_request(line, name, rules));
        return Parsed::Whole { entry, len: end + 1 };
    }
    let is_whole = end.is_some_and(|end| memchr(b'\n', &input[end..]).is_some());
    // A retrieval may be of any length, and a long one runs as it comes.
    if !is_whole && input.len() <= LINE_BYTES_MAX {
        return Parsed::NeedMore { need: 0 };
    }
    line.place = Place::First;
    Parsed::Keys { line, len: at }
}

/// `gat` and `gats`: the expiry stands in front of the keys.
fn retrieval_with_expiry<'a>(
    input: &'a [u8],
    verb: Verb,
    at: usize,
    rules: Rules<'_>,
) -> Parsed<'a> {
    let at = at + n_spaces(&input[at..]);
    let Some(len) = find_end(&input[at..]) else {
        return line(input, Some(verb), rules);
    };
    let end = at + len;
    if input[end] == b'\n' {
        return refused(Error::BadFormat, Some(verb), Tell::Outcome, end + 1);
    }
    if let Some(exptime) = number::strict_i32(&input[at..end]) {
        return retrieval(input, Retrieval { verb, exptime, place: Place::Only }, end, rules);
    }
    let refusal = |error| refusal(error, Some(verb), Tell::Outcome);
    match memchr(b'\n', &input[end..]).map(|len| end + len) {
        Some(line_end) => {
            let has_keys = !word(&input[end + n_spaces(&input[end..])..line_end], b'\n').is_empty();
            let error = if has_keys { Error::InvalidExptime } else { Error::BadFormat };
            Parsed::Whole { entry: refusal(error), len: line_end + 1 }
        }
        None if input.len() <= LINE_BYTES_MAX => Parsed::NeedMore { need: 0 },
        None => Parsed::SkipLine { entry: refusal(Error::InvalidExptime), len: input.len() },
    }
}

/// A command that is not a retrieval.
fn line<'a>(input: &'a [u8], verb: Option<Verb>, rules: Rules<'_>) -> Parsed<'a> {
    let (words, len) = Words::scan(input);
    let Some(len) = len else {
        let is_nonsense = input.len() > LINE_BYTES_MAX;
        return if is_nonsense { Parsed::Nonsense } else { Parsed::NeedMore { need: 0 } };
    };
    if len < LINE_BYTES_MIN {
        return refused(Error::BadFormat, None, Tell::Outcome, len);
    }
    match verb {
        Some(verb) if verb.is_store() => store(input, verb, &words, len, rules),
        Some(verb) => simple(verb, &words, len, rules),
        None if words.n > 1 && words.last.starts_with(b"HTTP/") => Parsed::Nonsense,
        None => refused(Error::UnknownCommand, None, Tell::Outcome, len),
    }
}

/// `<verb> <key> <flags> <exptime> <bytes> [<cas>] [noreply]` and the value behind it.
fn store<'a>(
    input: &'a [u8],
    verb: Verb,
    words: &Words<'a>,
    len: usize,
    rules: Rules<'_>,
) -> Parsed<'a> {
    let value_bytes = number::strict_i32(words.get(4)).and_then(|it| usize::try_from(it).ok());
    let Some(value_bytes) = value_bytes.filter(|it| words.n >= 5 && *it <= VALUE_BYTES_MAX) else {
        return refused(Error::BadFormat, Some(verb), Tell::Outcome, len);
    };
    let skip = value_bytes + CRLF.len();
    let request = match store_request(verb, words, value_bytes, rules) {
        Ok(request) => request,
        Err(refusal) => {
            return Parsed::SkipValue { entry: Entry::Refused(refusal), len, skip };
        }
    };
    with_value(input, request, len, value_bytes)
}

/// A store whose line of `len` bytes is in order, with the value behind it.
fn with_value<'a>(
    input: &'a [u8],
    request: Request<'a>,
    len: usize,
    value_bytes: usize,
) -> Parsed<'a> {
    if value_bytes >= BIG_VALUE_BYTES {
        return Parsed::BigValue { entry: Entry::Run(request), len, value_bytes };
    }
    let skip = value_bytes + CRLF.len();
    let Some(block) = input.get(len..len + skip) else {
        return Parsed::NeedMore { need: len + skip - input.len() };
    };
    let (data, line_end) = block.split_at(value_bytes);
    let len = len + skip;
    if line_end != CRLF {
        return refused(Error::BadDataChunk, Some(request.verb), request.tell, len);
    }
    Parsed::Whole { entry: Entry::Run(Request { data, ..request }), len }
}

fn store_request<'a>(
    verb: Verb,
    words: &Words<'a>,
    value_bytes: usize,
    rules: Rules<'_>,
) -> Result<Request<'a>, Refusal<'a>> {
    let tell = words.tell();
    let refuse = |error, too_large| Refusal { error, verb: Some(verb), tell, too_large };
    let bad_format = || refuse(Error::BadFormat, None);
    let name = words.get(1);
    if name.len() > KEY_BYTES_MAX {
        return Err(bad_format());
    }
    let client_flags = number::loose_u32(words.get(2)).ok_or_else(bad_format)?;
    let exptime = number::loose_i32(words.get(3)).ok_or_else(bad_format)?;
    let number = match verb {
        Verb::Cas => number::loose_u64(words.get(5)).ok_or_else(bad_format)?,
        _ => 0,
    };
    let key = rules.keyspace.key(DATABASE, name);
    if !rules.settings.item_fits(name.len(), client_flags, value_bytes) {
        return Err(refuse(Error::TooLarge, Some(TooLarge { key, value_bytes })));
    }
    let place = Place::Only;
    Ok(Request { verb, tell, place, key, client_flags, exptime, number, data: b"" })
}

/// A `set` as nearly every client writes it: single spaces, plain small numbers. Whatever is
/// not so is left to `line`, which knows all that memcached takes.
struct PlainSet<'a> {
    name: &'a [u8],
    client_flags: u32,
    exptime: u32,
    value_bytes: usize,
    tell: Tell,
    len: usize,
}

impl<'a> PlainSet<'a> {
    #[inline]
    fn at_start_of(input: &'a [u8]) -> Option<PlainSet<'a>> {
        let rest = input.strip_prefix(b"set ")?;
        let name_len = find_end(rest)?;
        let (name, rest) = rest.split_at(name_len);
        let (client_flags, rest) = number::plain(rest.strip_prefix(b" ")?)?;
        let (exptime, rest) = number::plain(rest.strip_prefix(b" ")?)?;
        let (value_bytes, rest) = number::plain(rest.strip_prefix(b" ")?)?;
        let (tell, rest) = match rest.strip_prefix(b" noreply") {
            Some(rest) => (Tell::Nothing, rest),
            None => (Tell::Outcome, rest),
        };
        let len = input.len() - rest.strip_prefix(CRLF)?.len();
        let is_plain = (1..=KEY_BYTES_MAX).contains(&name_len);
        let value_bytes = value_bytes as usize;
        is_plain.then_some(PlainSet { name, client_flags, exptime, value_bytes, tell, len })
    }

    #[inline]
    fn parsed(self, input: &'a [u8], rules: Rules<'_>) -> Parsed<'a> {
        let PlainSet { name, client_flags, value_bytes, tell, len, .. } = self;
        let (verb, place) = (Verb::Set, Place::Only);
        let key = rules.keyspace.key(DATABASE, name);
        if !rules.settings.item_fits(name.len(), client_flags, value_bytes) {
            let entry = Entry::Refused(Refusal {
                error: Error::TooLarge,
                verb: Some(verb),
                tell,
                too_large: Some(TooLarge { key, value_bytes }),
            });
            return Parsed::SkipValue { entry, len, skip: value_bytes + CRLF.len() };
        }
        let exptime = self.exptime.cast_signed();
        let request =
            Request { verb, tell, place, key, client_flags, exptime, number: 0, data: b"" };
        with_value(input, request, len, value_bytes)
    }
}

/// A command of one line.
fn simple<'a>(verb: Verb, words: &Words<'a>, len: usize, rules: Rules<'_>) -> Parsed<'a> {
    let n_words_min = match verb {
        Verb::Incr | Verb::Decr | Verb::Touch => 3,
        Verb::Delete => 2,
        _ => 1,
    };
    if words.n < n_words_min {
        return refused(Error::BadFormat, Some(verb), Tell::Outcome, len);
    }
    let tell = match verb {
        Verb::Stats | Verb::Version | Verb::Quit | Verb::LruCrawler => Tell::Outcome,
        Verb::Slabs if words.get(1) != b"automove" => Tell::Outcome,
        _ => words.tell(),
    };
    let name = if n_words_min > 1 { words.get(1) } else { b"" };
    if name.len() > KEY_BYTES_MAX {
        return refused(Error::BadFormat, Some(verb), tell, len);
    }
    let (mut exptime, mut delta) = (0, 0);
    match verb {
        Verb::Incr | Verb::Decr => match number::loose_u64(words.get(2)) {
            Some(it) => delta = it,
            None => return refused(Error::InvalidDelta, Some(verb), tell, len),
        },
        Verb::Touch => match number::loose_i32(words.get(2)) {
            Some(it) => exptime = it,
            None => return refused(Error::InvalidExptime, Some(verb), tell, len),
        },
        _ => {}
    }
    let key = rules.keyspace.key(DATABASE, name);
    let (place, data) = (Place::Only, words.behind_first);
    let request = Request { verb, tell, place, key, client_flags: 0, exptime, number: delta, data };
    let entry = Entry::Run(request);
    if verb.may_go_on() { Parsed::Last { entry, len } } else { Parsed::Whole { entry, len } }
}

fn key_request<'a>(line: Retrieval, name: &'a [u8], rules: Rules<'_>) -> Request<'a> {
    Request {
        verb: line.verb,
        tell: Tell::Outcome,
        place: line.place,
        key: rules.keyspace.key(DATABASE, name),
        client_flags: 0,
        exptime: line.exptime,
        number: 0,
        data: b"",
    }
}

fn refusal<'a>(error: Error, verb: Option<Verb>, tell: Tell) -> Entry<'a> {
    Entry::Refused(Refusal { error, verb, tell, too_large: None })
}

pub(crate) fn refused<'a>(error: Error, verb: Option<Verb>, tell: Tell, len: usize) -> Parsed<'a> {
    Parsed::Whole { entry: refusal(error, verb, tell), len }
}
