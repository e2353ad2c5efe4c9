//! Whole payloads: a value, the version of the format, and a checksum over both.

use crc::{CRC_64_REDIS, Crc, Table};
use tandem_engine::{HashEncoding, Limits, Value};

use crate::error::Error;
use crate::load::{self, Content};
use crate::reader::Reader;
use crate::save;
use crate::writer::Writer;

/// What Valkey 8.1 and Redis 7.2 read and write.
pub(crate) const VERSION: u16 = 11;
/// Fields that expire came with this one.
const VERSION_OF_EXPIRING_FIELDS: u16 = 12;
/// The newest that we read: that of Redis 8.0.
const VERSION_MAX: u16 = 12;

const VERSION_BYTES: usize = 2;
const SUM_BYTES: usize = 8;

static SUM: Crc<u64, Table<16>> = Crc::<u64, Table<16>>::new(&CRC_64_REDIS);

/// How a payload is written.
#[derive(Clone, Copy)]
pub struct DumpOptions {
    /// Strings that LZF makes shorter are compressed.
    pub compresses: bool,
    /// Writes a score as a text: in the digits that Valkey would write.
    pub write_score: fn(f64, &mut Vec<u8>),
}

/// The payload of a value.
pub fn dump(value: Value<'_>, options: DumpOptions) -> Vec<u8> {
    let mut writer = Writer::new(options.compresses);
    save::object(&mut writer, value, options.write_score);
    let version = if has_expiring_fields(value) { VERSION_OF_EXPIRING_FIELDS } else { VERSION };
    seal(&mut writer.bytes, version);
    writer.bytes
}

/// Adds the version of the format and the checksum to a value.
pub(crate) fn seal(bytes: &mut Vec<u8>, version: u16) {
    bytes.extend(version.to_le_bytes());
    let sum = SUM.checksum(bytes);
    bytes.extend(sum.to_le_bytes());
}

#[cfg(test)]
pub(crate) fn sealed(object: &[u8], version: u16) -> Vec<u8> {
    let mut bytes = object.to_vec();
    seal(&mut bytes, version);
    bytes
}

fn has_expiring_fields(value: Value<'_>) -> bool {
    let Value::Hash(hash) = value else { return false };
    hash.first_end() != 0 || hash.encoding() == HashEncoding::PackedExpiring
}

/// A payload whose version and checksum are right.
#[derive(Clone, Copy)]
pub struct Payload<'a> {
    pub(crate) object: &'a [u8],
}

impl<'a> Payload<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Payload<'a>, Error> {
        let (summed, sum) = bytes.split_last_chunk::<SUM_BYTES>().ok_or(Error::Foreign)?;
        let (object, version) = summed.split_last_chunk::<VERSION_BYTES>().ok_or(Error::Foreign)?;
        let is_known = u16::from_le_bytes(*version) <= VERSION_MAX;
        if is_known && SUM.checksum(summed) == u64::from_le_bytes(*sum) {
            Ok(Payload { object })
        } else {
            Err(Error::Foreign)
        }
    }

    /// A value alone, as a file has it: neither version nor checksum follow.
    pub fn of_object(object: &'a [u8]) -> Payload<'a> {
        Payload { object }
    }

    /// Reads the value. Fields that have expired are left out.
    pub fn read(self, limits: Limits, now_ms: u64) -> Result<Content, Error> {
        let mut reader = Reader::new(self.object, limits.string_bytes_max);
        load::object(&mut reader, limits, now_ms)
    }
}
