//! Who a client is: names and passwords, and how the text protocol asks for them.

use bytes::{Buf, BytesMut};
use memchr::memchr;
use parking_lot::RwLock;
use subtle::{Choice, ConstantTimeEq};

use crate::error::Error;
use crate::number;
use crate::parse::{CRLF, LINE_BYTES_MAX};
use crate::reply;
use crate::run::Cx;
use crate::words::Words;

/// Lines that memcached reads of its file (`-Y`); it leaves the others out.
const TEXT_ENTRIES_MAX: usize = 8;

/// A file with more lines than this is not one of passwords: each is compared with what a client
/// says.
const SASL_ENTRIES_MAX: usize = 1024;

/// A name, a colon and a password are no longer, as in memcached.
const ENTRY_BYTES_MAX: usize = 255;

/// More than this cannot be a name and a password.
const TOKEN_BYTES_MAX: usize = 4 << 10;

/// The names and passwords of a file.
#[derive(Debug, Default)]
pub struct Passwords {
    /// `name:password`
    entries: Vec<Box<[u8]>>,
    /// Lines that were left out, as memcached does it.
    pub n_left_out: usize,
}

/// Why a file of passwords cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordsError {
    /// Counted from 1.
    pub line: usize,
    pub why: &'static str,
}

impl std::fmt::Display for PasswordsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for PasswordsError {}

/// Whether the client may do all that there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trust {
    Full,
    /// It has yet to say who it is.
    None,
}

impl Trust {
    /// What a new connection has.
    pub(crate) fn where_needed(has_passwords: bool) -> Trust {
        if has_passwords { Trust::None } else { Trust::Full }
    }
}

impl Passwords {
    /// Reads the file of `-Y`.
    pub fn of_text(file: &[u8]) -> Result<Passwords, PasswordsError> {
        let mut all = Passwords::parse(file, usize::MAX)?;
        all.n_left_out = all.entries.len().saturating_sub(TEXT_ENTRIES_MAX);
        all.entries.truncate(TEXT_ENTRIES_MAX);
        Ok(all)
    }

    /// Reads the file of SASL's names and passwords.
    pub fn of_sasl(file: &[u8]) -> Result<Passwords, PasswordsError> {
        Passwords::parse(file, SASL_ENTRIES_MAX)
    }

    fn parse(file: &[u8], entries_max: usize) -> Result<Passwords, PasswordsError> {
        let file = file.strip_suffix(b"\n").unwrap_or(file);
        let mut entries = Vec::new();
        for (index, line) in file.split(|it| *it == b'\n').enumerate() {
            let entry = line.strip_suffix(b"\r").unwrap_or(line);
            let refuse = |why| Err(PasswordsError { line: index + 1, why });
            if !entry.contains(&b':') {
                return refuse("expected name:password");
            }
            if entry.len() > ENTRY_BYTES_MAX {
                return refuse("longer than 255 bytes");
            }
            if entries.len() == entries_max {
                return refuse("more than 1024 entries");
            }
            entries.push(entry.into());
        }
        Ok(Passwords { entries, n_left_out: 0 })
    }

    /// Whether there is such an entry. How long it takes says nothing of what the entries hold.
    fn have(&self, name: &[u8], password: &[u8]) -> bool {
        let said = [name, b":", password].concat();
        let nobody = Choice::from(0);
        self.entries.iter().fold(nobody, |any, entry| any | entry.ct_eq(&said)).into()
    }
}

/// The passwords that hold now; an operator may exchange them while clients are there.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    passwords: RwLock<Passwords>,
}

impl Guard {
    pub(crate) fn exchange(&self, passwords: Passwords) {
        *self.passwords.write() = passwords;
    }
}

/// Counts an attempt and says whether it is a right one.
pub(crate) fn is_known(cx: &Cx<'_>, said: Option<(&[u8], &[u8])>) -> bool {
    let passwords = cx.server.guard.passwords.read();
    let is_known = said.is_some_and(|(name, password)| passwords.have(name, password));
    cx.worker.auth_cmds.add(1);
    if !is_known {
        cx.worker.auth_errors.add(1);
    }
    is_known
}

/// How far a client of the text protocol has come in saying who it is.
pub(crate) enum Introduction {
    Done,
    /// So many more bytes are needed; 0 is unknown.
    NeedMore(usize),
    /// Close without another word.
    Nonsense,
}

/// Answers lines until one of them is `set <any> <any> <any> <bytes>` with a name and a password
/// behind it. Every other line is told that nothing goes without.
pub(crate) fn introduce(input: &mut BytesMut, cx: &mut Cx<'_>) -> Introduction {
    while !input.is_empty() {
        let Some(end) = memchr(b'\n', input) else {
            let is_nonsense = input.len() > LINE_BYTES_MAX;
            return if is_nonsense { Introduction::Nonsense } else { Introduction::NeedMore(0) };
        };
        let len = end + 1;
        let Some(token_bytes) = announced(&input[..len]) else {
            cx.out.put(Error::Unauthenticated.line());
            input.advance(len);
            continue;
        };
        if token_bytes > TOKEN_BYTES_MAX {
            cx.out.put(Error::TokenTooLong.line());
            return Introduction::Nonsense;
        }
        let whole = len + token_bytes + CRLF.len();
        if input.len() < whole {
            return Introduction::NeedMore(whole - input.len());
        }
        let answer = judge(&input[len..whole], cx);
        input.advance(whole);
        match answer {
            Ok(()) => {
                cx.out.put(reply::STORED);
                return Introduction::Done;
            }
            Err(error) => cx.out.put(error.line()),
        }
    }
    Introduction::NeedMore(0)
}

/// The length of name and password, if this is a line that announces them.
fn announced(line: &[u8]) -> Option<usize> {
    let (words, _) = Words::scan(line);
    if words.n < 5 || words.get(0) != b"set" {
        return None;
    }
    number::loose_i32(words.get(4)).and_then(|it| usize::try_from(it).ok())
}

/// `name password` and a line end.
fn judge(block: &[u8], cx: &Cx<'_>) -> Result<(), Error> {
    let token = block.strip_suffix(CRLF).ok_or(Error::BadTermination)?;
    let blank = memchr(b' ', token).ok_or(Error::BadToken)?;
    if is_known(cx, Some((&token[..blank], &token[blank + 1..]))) {
        return Ok(());
    }
    Err(Error::AuthenticationFailure)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_name_and_a_password_on_every_line() {
        let it = Passwords::of_text(b"foo:bar\nus er:pa:ss\r\nempty:").unwrap();
        for (name, password, is_there) in [
            (&b"foo"[..], &b"bar"[..], true),
            (b"us er", b"pa:ss", true),
            (b"empty", b"", true),
            (b"foo", b"ba", false),
            (b"foo", b"barx", false),
            (b"fo", b"bar", false),
            (b"", b"", false),
        ] {
            assert_eq!(it.have(name, password), is_there, "{}", name.escape_ascii());
        }
    }

    #[test]
    fn a_wrong_file_is_refused_with_the_line() {
        let long = [b"a:", &[b'x'; 254][..]].concat();
        for (file, line) in
            [(&b""[..], 1), (b"a:b\nnocolon\n", 2), (b"\na:b\n", 1), (b"a:b\n\n", 2), (&long, 1)]
        {
            let error = Passwords::of_text(file).unwrap_err();
            assert_eq!(error.line, line, "{}: {error}", file.escape_ascii());
        }
        let many = b"a:b\n".repeat(SASL_ENTRIES_MAX + 1);
        assert_eq!(Passwords::of_sasl(&many).unwrap_err().line, SASL_ENTRIES_MAX + 1);
        assert!(Passwords::of_sasl(&many[4..]).is_ok());
    }

    #[test]
    fn the_text_protocol_takes_eight_entries_as_memcached_does() {
        let it = Passwords::of_text(b"u1:p\nb:\nc:\nd:\ne:\nf:\ng:\nu8:p\nu9:p\n").unwrap();
        assert!(it.have(b"u8", b"p") && !it.have(b"u9", b"p"));
        assert_eq!(it.n_left_out, 1);
    }
}
