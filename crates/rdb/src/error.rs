use std::fmt;

/// Why a payload was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Its version is not one that we know, or its checksum is wrong.
    Foreign,
    /// What it holds is no value.
    Corrupt,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Foreign => "the payload's version or checksum is wrong",
            Error::Corrupt => "the payload holds no value",
        })
    }
}

impl std::error::Error for Error {}
