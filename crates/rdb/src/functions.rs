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
    /// The texts of the payload's libraries, each read when it is asked for. Nothing comes after
    /// an error.
    pub fn functions(self, string_bytes_max: usize) -> Functions<'a> {
        Functions { reader: Some(Reader::new(self.object, string_bytes_max)) }
    }
}

/// The texts of a payload's libraries.
pub struct Functions<'a> {
    reader: Option<Reader<'a>>,
}

impl<'a> Functions<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Cow<'a, [u8]>, Error> {
        match reader.byte()? {
            FUNCTION => reader.string(),
            FUNCTION_BEFORE_RELEASE => Err(Error::OldFunction),
            _ => Err(Error::NoFunction),
        }
    }
}

impl<'a> Iterator for Functions<'a> {
    type Item = Result<Cow<'a, [u8]>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let reader = self.reader.as_mut().filter(|it| !it.is_done())?;
        let code = Functions::read(reader);
        if code.is_err() {
            self.reader = None;
        }
        Some(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dump::sealed;

    const MAX: usize = 1 << 20;

    fn read(bytes: &[u8]) -> Result<Vec<Cow<'_, [u8]>>, Error> {
        Payload::open(bytes)?.functions(MAX).collect()
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

    #[test]
    fn libraries_before_the_damage_are_read() {
        let bytes = sealed(b"\xf5\x01a\x00\xf5\x01b", 11);
        let codes: Vec<_> = Payload::open(&bytes).unwrap().functions(MAX).collect();
        assert_eq!(codes, [Ok(Cow::Borrowed(b"a".as_slice())), Err(Error::NoFunction)]);
    }
}
