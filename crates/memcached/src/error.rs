//! Every error line that a client can see, in the words of memcached 1.6.45.

/// Sent before closing a connection that is one too many.
pub const TOO_MANY_CONNECTIONS: &[u8] = b"ERROR Too many open connections\r\n";

/// Says why certificates were not loaded.
pub(crate) fn put_certs_error(buf: &mut Vec<u8>, why: &str) {
    for part in ["Error ", why, "\r\n"] {
        buf.extend_from_slice(part.as_bytes());
    }
}

/// Why a command was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    UnknownCommand,
    BadFormat,
    BadCommandLine,
    BadDataChunk,
    InvalidExptime,
    InvalidDelta,
    NonNumeric,
    TooLarge,
    NoMemoryStoring,
    NoMemory,
    FlushNotAllowed,
    DetailNotAllowed,
    DetailUsage,
    DumpNotAllowed,
    IllegalSlab,
    ShutdownDisabled,
    ShutdownMode,
    MemlimitTooSmall,
    MemlimitNotMegabytes,
    WatchNotAllowed,
    WatchPipelined,
    TooManyWatchers,
    InvalidFlag,
    DuplicateFlag,
    InvalidOrDuplicateFlag,
    TooManyFlags,
    OpaqueTooLong,
    BadFlagToken,
    BadKeyEncoding,
    InvalidInitial,
    InvalidMetaDelta,
    ModeLength,
    StoreMode,
    ArithmeticMode,
    CrawlerDisabled,
    CrawlerRuns,
    CrawlerSleep,
    CrawlerBusy,
    CrawlerUnknown,
    BadClass,
    NothingToCrawl,
    MetadumpOff,
    MgdumpOff,
    MetadumpPiped,
    MgdumpPiped,
    LruShares,
    LruFactors,
    SlabsFixed,
    Unauthenticated,
    TokenTooLong,
    BadTermination,
    BadToken,
    AuthenticationFailure,
    TooMuchForDatagram,
}

impl Error {
    pub(crate) fn line(self) -> &'static [u8] {
        match self {
            Error::UnknownCommand => b"ERROR\r\n",
            Error::BadFormat => b"CLIENT_ERROR bad command line format\r\n",
            Error::BadCommandLine => b"CLIENT_ERROR bad command line\r\n",
            Error::BadDataChunk => b"CLIENT_ERROR bad data chunk\r\n",
            Error::InvalidExptime => b"CLIENT_ERROR invalid exptime argument\r\n",
            Error::InvalidDelta => b"CLIENT_ERROR invalid numeric delta argument\r\n",
            Error::NonNumeric => {
                b"CLIENT_ERROR cannot increment or decrement non-numeric value\r\n"
            }
            Error::TooLarge => b"SERVER_ERROR object too large for cache\r\n",
            Error::NoMemoryStoring => b"SERVER_ERROR out of memory storing object\r\n",
            Error::NoMemory => b"SERVER_ERROR out of memory\r\n",
            Error::FlushNotAllowed => b"CLIENT_ERROR flush_all not allowed\r\n",
            Error::DetailNotAllowed => b"CLIENT_ERROR stats detail not allowed\r\n",
            Error::DetailUsage => b"CLIENT_ERROR usage: stats detail on|off|dump\r\n",
            Error::DumpNotAllowed => b"CLIENT_ERROR stats cachedump not allowed\r\n",
            Error::IllegalSlab => b"CLIENT_ERROR Illegal slab id\r\n",
            Error::ShutdownDisabled => b"SERVER_ERROR: shutdown not enabled\r\n",
            Error::ShutdownMode => b"CLIENT_ERROR invalid shutdown mode\r\n",
            Error::MemlimitTooSmall => {
                b"MEMLIMIT_TOO_SMALL cannot set maxbytes to less than 8m\r\n"
            }
            Error::WatchNotAllowed => b"CLIENT_ERROR watch commands not allowed\r\n",
            Error::WatchPipelined => b"ERROR cannot pipeline other commands before watch\r\n",
            Error::TooManyWatchers => b"WATCHER_TOO_MANY log watcher limit reached\r\n",
            Error::MemlimitNotMegabytes => {
                b"MEMLIMIT_ADJUST_FAILED input value is megabytes not bytes\r\n"
            }
            Error::InvalidFlag => b"CLIENT_ERROR invalid flag\r\n",
            Error::DuplicateFlag => b"CLIENT_ERROR duplicate flag\r\n",
            Error::InvalidOrDuplicateFlag => b"CLIENT_ERROR invalid or duplicate flag\r\n",
            Error::TooManyFlags => b"CLIENT_ERROR options flags are too long\r\n",
            Error::OpaqueTooLong => b"CLIENT_ERROR opaque token too long\r\n",
            Error::BadFlagToken => b"CLIENT_ERROR bad token in command line format\r\n",
            Error::BadKeyEncoding => b"CLIENT_ERROR error decoding key\r\n",
            Error::InvalidInitial => b"CLIENT_ERROR invalid numeric initial value\r\n",
            Error::InvalidMetaDelta => b"CLIENT_ERROR invalid numeric delta value\r\n",
            Error::ModeLength => b"CLIENT_ERROR incorrect length for M token\r\n",
            Error::StoreMode => b"CLIENT_ERROR invalid mode for ms M token\r\n",
            Error::ArithmeticMode => b"CLIENT_ERROR invalid mode for ma M token\r\n",
            Error::CrawlerDisabled => b"CLIENT_ERROR lru crawler disabled\r\n",
            Error::CrawlerRuns => b"ERROR failed to start lru crawler thread\r\n",
            Error::CrawlerSleep => b"CLIENT_ERROR sleep must be one second or less\r\n",
            Error::CrawlerBusy => b"BUSY currently processing crawler request\r\n",
            Error::CrawlerUnknown => b"ERROR an unknown error happened\r\n",
            Error::BadClass => b"BADCLASS invalid class id\r\n",
            Error::NothingToCrawl => b"NOTSTARTED no items to crawl\r\n",
            Error::MetadumpOff => b"ERROR metadump not allowed\r\n",
            Error::MgdumpOff => b"ERROR key dump not allowed\r\n",
            Error::MetadumpPiped => b"ERROR cannot pipeline other commands before metadump\r\n",
            Error::MgdumpPiped => b"ERROR cannot pipeline other commands before mgdump\r\n",
            Error::LruShares => b"ERROR hot and warm pcts must not exceed 80\r\n",
            Error::LruFactors => b"ERROR hot/warm age factors must be greater than 0\r\n",
            Error::SlabsFixed => b"CLIENT_ERROR slab reassignment disabled\r\n",
            Error::Unauthenticated => b"CLIENT_ERROR unauthenticated\r\n",
            Error::TokenTooLong => b"CLIENT_ERROR auth token too long\r\n",
            Error::BadTermination => b"CLIENT_ERROR bad command line termination\r\n",
            Error::BadToken => b"CLIENT_ERROR bad authentication token format\r\n",
            Error::AuthenticationFailure => b"CLIENT_ERROR authentication failure\r\n",
            // Ours: memcached sends as many datagrams as it takes.
            Error::TooMuchForDatagram => b"SERVER_ERROR too much for UDP\r\n",
        }
    }
}
