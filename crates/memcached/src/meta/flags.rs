//! The flags of a meta command: single letters in any order, some with a token behind them.

use smallvec::SmallVec;
use tandem_engine::Key;

use crate::error::Error;
use crate::meta::base64;
use crate::number;
use crate::settings::KEY_BYTES_MAX;
use crate::words::find_end;

/// More flags than these are refused.
pub(super) const FLAGS_MAX: usize = 17;

/// Longest opaque token, its letter included.
const OPAQUE_BYTES_MAX: usize = 32;

/// The flags that there are. Each command looks at its own and lets the others be; `L` and `P`
/// are for proxies.
const LETTERS: u64 = set_of(b"CDEFIJLMNOPRTbcfhklqstuvx");

/// Those that something has to be done for as they are read.
const TOKENS: u64 = set_of(b"CDEFJMNORTb");

/// A letter as a bit. All letters lie within 64 of `A`.
const fn bit(letter: u8) -> u64 {
    let at = letter.wrapping_sub(b'A');
    if at < 64 { 1 << at } else { 0 }
}

const fn set_of(letters: &[u8]) -> u64 {
    let mut set = 0;
    let mut index = 0;
    while index < letters.len() {
        set |= bit(letters[index]);
        index += 1;
    }
    set
}

/// The bytes of a key that came as base64.
pub(super) type DecodedKey = SmallVec<[u8; KEY_BYTES_MAX]>;

/// The flags of a command, checked.
pub(super) struct Flags<'a> {
    text: &'a [u8],
    /// The letters that are there, by `bit`.
    seen: u64,
    /// `T`
    pub(super) exptime: i32,
    /// `N`
    pub(super) vivify: i32,
    /// `R`
    pub(super) recache: i32,
    /// `F`
    pub(super) client_bits: u32,
    compare: u64,
    cas: u64,
    /// `J`
    pub(super) initial: u64,
    /// `D`
    pub(super) delta: u64,
    /// `M`; 0 when there is none.
    pub(super) mode: u8,
    has_long_opaque: bool,
}

impl<'a> Flags<'a> {
    /// Reads the flags of a command. A key that is base64 is decoded on the way.
    pub(super) fn parse(
        text: &'a [u8],
        name: &[u8],
        decoded: &mut DecodedKey,
    ) -> Result<Flags<'a>, Error> {
        // So many need a blank each.
        if text.len() >= 2 * FLAGS_MAX && tokens(text).count() > FLAGS_MAX {
            return Err(Error::TooManyFlags);
        }
        let mut flags = Flags {
            text,
            seen: 0,
            exptime: 0,
            vivify: 0,
            recache: 0,
            client_bits: 0,
            compare: 0,
            cas: 0,
            initial: 0,
            delta: 1,
            mode: 0,
            has_long_opaque: false,
        };
        let mut problem = None;
        for token in tokens(text) {
            let bit = bit(token[0]);
            if bit & LETTERS == 0 {
                return Err(Error::InvalidFlag);
            }
            if bit & flags.seen != 0 {
                return Err(Error::DuplicateFlag);
            }
            flags.seen |= bit;
            if bit & TOKENS != 0 {
                flags.take(token, &mut problem);
            }
            if token[0] == b'b' && !base64::decode(name, |it| decoded.extend_from_slice(it)) {
                problem = Some(Error::BadKeyEncoding);
            }
        }
        match problem {
            Some(error) => Err(error),
            None => Ok(flags),
        }
    }

    /// Reads a token. Of several bad ones the last is told, of `F` only if there is no other.
    #[inline(never)]
    fn take(&mut self, token: &[u8], problem: &mut Option<Error>) {
        let word = &token[1..];
        let error = match token[0] {
            b'T' => put(&mut self.exptime, number::loose_i32(word), Error::BadFlagToken),
            b'N' => put(&mut self.vivify, number::loose_i32(word), Error::BadFlagToken),
            b'R' => put(&mut self.recache, number::loose_i32(word), Error::BadFlagToken),
            b'C' => put(&mut self.compare, number::loose_u64(word), Error::BadFlagToken),
            b'E' => put(&mut self.cas, number::loose_u64(word), Error::BadFlagToken),
            b'J' => put(&mut self.initial, number::loose_u64(word), Error::InvalidInitial),
            b'D' => put(&mut self.delta, number::loose_u64(word), Error::InvalidMetaDelta),
            b'F' => put(&mut self.client_bits, number::loose_u32(word), Error::BadFormat),
            b'M' => {
                let mode = if let [mode] = word { Some(*mode) } else { None };
                put(&mut self.mode, mode, Error::ModeLength)
            }
            b'O' => {
                self.has_long_opaque = token.len() > OPAQUE_BYTES_MAX;
                None
            }
            _ => None,
        };
        if error.is_some() && (token[0] != b'F' || problem.is_none()) {
            *problem = error;
        }
    }

    #[inline]
    pub(super) fn has(&self, letter: u8) -> bool {
        self.seen & bit(letter) != 0
    }

    /// The flags in the order in which they came, each with its token.
    #[inline]
    pub(super) fn tokens(&self) -> impl Iterator<Item = &'a [u8]> {
        tokens(self.text)
    }

    /// `C`: the CAS number that the item has to have.
    pub(super) fn compare(&self) -> Option<u64> {
        self.has(b'C').then_some(self.compare)
    }

    /// `E`: the CAS number that the item gets; 0 is a new one.
    pub(super) fn cas(&self) -> Option<u64> {
        (self.cas != 0).then_some(self.cas)
    }

    /// The expiry of an item that the command makes: `N` or `T`, whichever comes last.
    pub(super) fn first_exptime(&self) -> i32 {
        let last = self.tokens().filter(|it| matches!(it[0], b'N' | b'T')).last();
        if last.is_some_and(|it| it[0] == b'T') { self.exptime } else { self.vivify }
    }

    pub(super) fn check_opaque(&self) -> Result<(), Error> {
        if self.has_long_opaque { Err(Error::OpaqueTooLong) } else { Ok(()) }
    }

    /// The key that the command is about.
    #[inline]
    pub(super) fn key<'k>(&self, key: Key<'k>, decoded: &'k DecodedKey) -> Key<'k> {
        if self.has(b'b') { Key { name: decoded, ..key } } else { key }
    }
}

fn put<T>(place: &mut T, value: Option<T>, error: Error) -> Option<Error> {
    match value {
        Some(value) => {
            *place = value;
            None
        }
        None => Some(error),
    }
}

/// True when the flags say that the key is base64.
#[inline]
pub(super) fn say_base64(text: &[u8]) -> bool {
    memchr::memchr_iter(b'b', text).any(|at| at == 0 || text[at - 1] == b' ')
}

/// The words of a line, none of them empty.
#[inline]
pub(super) fn tokens(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let [b' ', behind @ ..] = rest {
            rest = behind;
        }
        let len = match rest {
            [] => return None,
            // Most are a letter alone.
            [_] | [_, b' ', ..] => 1,
            _ => find_end(rest).unwrap_or(rest.len()),
        };
        let (token, behind) = rest.split_at(len);
        rest = behind;
        Some(token)
    })
}
