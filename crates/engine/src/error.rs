//! What can go wrong inside the engine. Each front end owns the words its clients see.

/// Why an engine operation was refused. Nothing has changed when one is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// The key holds a value of another type.
    WrongType,
    /// The keyspace is over its memory budget and nothing may be evicted.
    OutOfMemory,
    /// The value would grow beyond what a string may hold (512 MB by default).
    TooLong,
    /// The string is no HyperLogLog.
    NotHyperLogLog,
    /// The string is one by its header, but not behind it.
    CorruptHyperLogLog,
    /// A stream's new id is not above those that it gave before.
    IdTooLow,
    /// A stream has given the last id that there is.
    IdsUsedUp,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Error::WrongType => "the key holds a value of another type",
            Error::OutOfMemory => "the keyspace is over its memory budget",
            Error::TooLong => "the value is too long",
            Error::NotHyperLogLog => "the string is no HyperLogLog",
            Error::CorruptHyperLogLog => "the HyperLogLog is corrupt",
            Error::IdTooLow => "the id is not above the stream's last",
            Error::IdsUsedUp => "the stream has no more ids to give",
        })
    }
}

impl std::error::Error for Error {}
