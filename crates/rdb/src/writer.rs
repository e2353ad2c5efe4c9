//! The plain parts of the format, as they are written.

use tandem_engine::number;

use crate::lzf;

/// What was written, and how.
pub(crate) struct Writer {
    pub(crate) bytes: Vec<u8>,
    /// Strings that LZF makes shorter are compressed.
    compresses: bool,
}

/// Shorter strings are not worth compressing.
const COMPRESSED_BYTES_MIN: usize = 21;
/// What compressing has to save.
const SAVED_BYTES_MIN: usize = 4;

/// Digits and sign of an integer of 32 bits.
const INTEGER_BYTES_MAX: usize = 11;

const SPECIAL: u8 = 0xc0;

impl Writer {
    pub(crate) fn new(compresses: bool) -> Writer {
        Writer { bytes: Vec::new(), compresses }
    }

    /// An empty one that writes alike.
    pub(crate) fn another(&self) -> Writer {
        Writer::new(self.compresses)
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A time or another number of eight bytes.
    pub(crate) fn number(&mut self, number: u64) {
        self.raw(&number.to_le_bytes());
    }

    /// How many things follow, or any number that is mostly small.
    pub(crate) fn count(&mut self, n: u64) {
        match n {
            0..0x40 => self.byte(n as u8),
            0x40..0x4000 => self.raw(&(n as u16 | 0x4000).to_be_bytes()),
            0x4000..=0xffff_ffff => {
                self.byte(0x80);
                self.raw(&(n as u32).to_be_bytes());
            }
            _ => {
                self.byte(0x81);
                self.raw(&n.to_be_bytes());
            }
        }
    }

    pub(crate) fn string(&mut self, text: &[u8]) {
        if text.len() <= INTEGER_BYTES_MAX
            && let Some(Ok(n)) = number::integer(text).map(i32::try_from)
        {
            return self.integer(n);
        }
        if self.compresses
            && COMPRESSED_BYTES_MIN <= text.len()
            && let Some(packed) = lzf::compress(text, text.len() - SAVED_BYTES_MIN)
        {
            self.byte(SPECIAL | 3);
            self.count(packed.len() as u64);
            self.count(text.len() as u64);
            return self.raw(&packed);
        }
        self.count(text.len() as u64);
        self.raw(text);
    }

    fn integer(&mut self, n: i32) {
        if let Ok(n) = i8::try_from(n) {
            self.byte(SPECIAL);
            self.raw(&n.to_le_bytes());
        } else if let Ok(n) = i16::try_from(n) {
            self.byte(SPECIAL | 1);
            self.raw(&n.to_le_bytes());
        } else {
            self.byte(SPECIAL | 2);
            self.raw(&n.to_le_bytes());
        }
    }
}
