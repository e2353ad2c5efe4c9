//! Libraries of functions: their texts one after the other, each behind a mark.

use std::borrow::Cow;

use crate::dump::{Payload, VERSION, seal};
use crate::error::Error;
use crate::reader::Reader;
use crate::writer::Writer;

/// Stands before the text of a library.
const FUNCTION: u8 = 245;
/// The same in a form of release candidates, which nobody reads any more.
const FUNCTION_BEFORE_RELEASE: u8 = 246;

/// The payload of libraries, as FUNCTION DUMP answers it.
pub fn dump_functions<'a>(codes: impl Iterator<Item = &'a [u8]>, compresses: bool) -> Vec<u8> {
    let mut writer = Writer::new(compresses);
    for code in codes {
        writer.byte(FUNCTION);
        writer.string(code);
    }
    seal(&mut writer.bytes, VERSION);
    writer.bytes
}

impl<'a> Payload<'a> {
    /// The texts of the payload's libraries.
    pub fn functions(self, string_bytes_max: usize) -> Result<Vec<Cow<'a, [u8]>>, Error> {
        let mut reader = Reader::new(self.object, string_bytes_max);
        let mut codes = Vec::new();
        while !reader.is_done() {
            match reader.byte()? {
                FUNCTION => codes.push(reader.string()?),
                FUNCTION_BEFORE_RELEASE => return Err(Error::OldFunction),
                _ => return Err(Error::NoFunction),
            }
        }
        Ok(codes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::sealed;

    const MAX: usize = 1 << 20;

    fn read(bytes: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, Error> {
        Payload::open(bytes)?.functions(MAX)
    }

    /// What Valkey 8.1 answers FUNCTION DUMP without libraries.
    #[test]
    fn no_libraries_are_a_version_and_a_sum() {
        let bytes = dump_functions([].into_iter(), true);
        assert_eq!(bytes, b"\x0b\x004D\xe13\xf2\xe0KS");
        assert_eq!(read(&bytes), Ok(Vec::new()));
    }

    #[test]
    fn libraries_come_back_compressed_or_not() {
        let codes: [&[u8]; 2] =
            [b"#!lua name=a\n", b"#!lua name=b\nreturn aaaaaaaaaaaaaaaaaaaaaaaa"];
        for compresses in [false, true] {
            let bytes = dump_functions(codes.into_iter(), compresses);
            assert_eq!(read(&bytes).unwrap(), codes);
        }
    }

    #[test]
    fn what_is_no_library_is_told_apart() {
        assert_eq!(read(&sealed(b"\xf6\x01a", 11)), Err(Error::OldFunction));
        assert_eq!(read(&sealed(b"\x00\x01a", 11)), Err(Error::NoFunction));
        assert_eq!(read(&sealed(b"\xf5\x02a", 11)), Err(Error::Corrupt));
        assert_eq!(read(&sealed(b"\xf5", 11)), Err(Error::Corrupt));
        assert_eq!(read(b"\xf5\x01a"), Err(Error::Foreign));
    }
}
