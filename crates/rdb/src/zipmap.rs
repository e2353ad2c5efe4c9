//! Zipmaps: small hashes before Redis 2.6. Fields and values in turns, spare room behind a value.

use tandem_engine::Element;

use crate::error::Error;

const END: u8 = 0xff;
const LONG: u8 = 0xfe;

/// The fields and values of a zipmap, each checked when its turn comes.
pub(crate) struct Zipmap<'a> {
    rest: &'a [u8],
    n_announced: u8,
    n_read: usize,
}

impl<'a> Zipmap<'a> {
    pub(crate) fn open(bytes: &'a [u8]) -> Result<Zipmap<'a>, Error> {
        match bytes {
            [n_announced, rest @ .., END] => {
                Ok(Zipmap { rest, n_announced: *n_announced, n_read: 0 })
            }
            _ => Err(Error::Corrupt),
        }
    }

    pub(crate) fn next(&mut self) -> Result<Option<Element<'a>>, Error> {
        if self.rest.is_empty() {
            let n_fields = self.n_read / 2;
            let is_whole = LONG <= self.n_announced || usize::from(self.n_announced) == n_fields;
            return if is_whole { Ok(None) } else { Err(Error::Corrupt) };
        }
        let is_value = self.n_read % 2 == 1;
        let (text, rest) = decode(self.rest, is_value).ok_or(Error::Corrupt)?;
        self.rest = rest;
        self.n_read += 1;
        Ok(Some(Element::Bytes(text)))
    }
}

/// The text in front and what lies behind it.
fn decode(bytes: &[u8], has_spare: bool) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (len, rest) = match *first {
        END => return None,
        LONG => {
            let (len, rest) = rest.split_first_chunk()?;
            (u32::from_le_bytes(*len) as usize, rest)
        }
        n => (usize::from(n), rest),
    };
    if !has_spare {
        return rest.split_at_checked(len);
    }
    let (n_spare, rest) = rest.split_first()?;
    let (text, rest) = rest.split_at_checked(len)?;
    Some((text, rest.get(usize::from(*n_spare)..)?))
}
