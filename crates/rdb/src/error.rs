use std::fmt;

/// Why a payload was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Its version is not one that we know, or its checksum is wrong.
    Foreign,
    /// What it holds is no value.
    Corrupt,
    /// It holds a function of before functions were released.
    OldFunction,
    /// It holds something else where a function was expected.
    NoFunction,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Foreign => "the payload's version or checksum is wrong",
            Error::Corrupt => "the payload holds no value",
            Error::OldFunction => "the payload holds a function of before their release",
            Error::NoFunction => "the payload holds something that is no function",
        })
    }
}

impl std::error::Error for Error {}
