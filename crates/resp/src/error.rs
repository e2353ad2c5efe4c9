//! Every error line a RESP client can see, in one place. The words are Valkey's.

use std::borrow::Cow;
use std::fmt;

use crate::args::Argv;
use crate::parse::ProtocolError;

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Error {
    Engine(tandem_engine::Error),
    Protocol(ProtocolError),
    /// The name as the client spelled it, and a preview of its arguments.
    UnknownCommand {
        name: Box<[u8]>,
        args: Box<[u8]>,
    },
    /// The group, and the word that is none of its subcommands.
    UnknownSubcommand {
        group: &'static str,
        word: Box<[u8]>,
    },
    /// A web browser was made to talk to us: the connection is cut without an answer.
    CrossProtocol,
    WrongArity(&'static str),
    /// A command that a subscribed client of RESP2 cannot call.
    WhileSubscribed(&'static str),
    NoAuth,
    /// A protected command, and the setting that would allow it.
    Protected {
        command: &'static str,
        setting: String,
    },
    Syntax,
    NotAnInteger,
    /// An integer, but not one from `min` to `max`.
    OutOfRange {
        min: i64,
        max: i64,
    },
    NotAFloat,
    Overflow,
    NanOrInfinity,
    InvalidExpire(&'static str),
    NoSuchKey,
    SameObject,
    InvalidCursor,
    InvalidStreamId,
    HashNotAnInteger,
    HashNotAFloat,
    /// A sentence that repeats a word of the client's, byte for byte.
    Quoting {
        before: &'static str,
        word: Box<[u8]>,
        after: &'static str,
    },
    /// A sentence around two words of the client's.
    QuotingTwo {
        parts: [&'static str; 3],
        words: [Box<[u8]>; 2],
    },
    /// Any other sentence, its prefix (`ERR`) included.
    Said(Cow<'static, str>),
}

impl Error {
    /// An error that only one command knows: `Error::said("ERR value is out of range")`.
    pub(crate) fn said(text: impl Into<Cow<'static, str>>) -> Error {
        Error::Said(text.into())
    }

    pub(crate) fn unknown_command(argv: Argv<'_>) -> Error {
        let name = argv.get(0).unwrap_or_default();
        let mut quoted = Vec::new();
        for arg in argv.iter().skip(1) {
            if quoted.len() >= PREVIEW_BYTES_MAX {
                break;
            }
            let room = PREVIEW_BYTES_MAX - quoted.len();
            quoted.push(b'\'');
            quoted.extend_from_slice(preview(arg, room));
            quoted.extend_from_slice(b"' ");
        }
        Error::UnknownCommand { name: preview(name, PREVIEW_BYTES_MAX).into(), args: quoted.into() }
    }

    /// EXEC was refused, and with it what it should have run.
    pub(crate) fn aborted(reason: &Error) -> Error {
        let reason = reason.line();
        let reason = String::from_utf8_lossy(reason.strip_prefix(b"ERR ").unwrap_or(&reason));
        Error::said(format!("EXECABORT Transaction discarded because of: {reason}"))
    }

    /// An error that only one command knows, about one of its words.
    pub(crate) fn quoting(before: &'static str, word: &[u8], after: &'static str) -> Error {
        Error::Quoting { before, word: preview(word, word.len()).into(), after }
    }

    /// An error that only one command knows, about two of its words.
    pub(crate) fn quoting_two(parts: [&'static str; 3], words: [&[u8]; 2]) -> Error {
        Error::QuotingTwo { parts, words: words.map(|it| preview(it, it.len()).into()) }
    }

    /// The error's line without sigil and line end. Line breaks that a client put into it are
    /// blanked out.
    pub(crate) fn line(&self) -> Vec<u8> {
        let mut line = match self {
            Error::UnknownCommand { name, args } => {
                [b"ERR unknown command '", &name[..], b"', with args beginning with: ", &args[..]]
                    .concat()
            }
            Error::UnknownSubcommand { group, word } => {
                let help = format!("'. Try {} HELP.", group.to_ascii_uppercase());
                [b"ERR unknown subcommand '", preview(word, PREVIEW_BYTES_MAX), help.as_bytes()]
                    .concat()
            }
            Error::Quoting { before, word, after } => {
                [before.as_bytes(), &word[..], after.as_bytes()].concat()
            }
            Error::QuotingTwo { parts: [before, between, after], words: [first, second] } => {
                let (before, between, after) =
                    (before.as_bytes(), between.as_bytes(), after.as_bytes());
                [before, &first[..], between, &second[..], after].concat()
            }
            Error::Protocol(ProtocolError::ExpectedDollar(byte)) => {
                [b"ERR Protocol error: expected '$', got '", &[*byte][..], b"'"].concat()
            }
            other => other.to_string().into_bytes(),
        };
        for byte in &mut line {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
        line
    }
}

impl From<tandem_engine::Error> for Error {
    fn from(error: tandem_engine::Error) -> Error {
        Error::Engine(error)
    }
}

impl From<tandem_rdb::Error> for Error {
    fn from(error: tandem_rdb::Error) -> Error {
        Error::said(match error {
            tandem_rdb::Error::Foreign => "ERR DUMP payload version or checksum are wrong",
            tandem_rdb::Error::Corrupt => "ERR Bad data format",
            tandem_rdb::Error::OldFunction => "ERR Pre-GA function format not supported",
            tandem_rdb::Error::NoFunction => "ERR given type is not a function",
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Engine(error) => engine_line(*error),
            Error::Protocol(error) => protocol_line(*error),
            Error::CrossProtocol => "ERR not a client of ours",
            Error::NoAuth => "NOAUTH Authentication required.",
            Error::Syntax => "ERR syntax error",
            Error::NotAnInteger => "ERR value is not an integer or out of range",
            Error::NotAFloat => "ERR value is not a valid float",
            Error::Overflow => "ERR increment or decrement would overflow",
            Error::NanOrInfinity => "ERR increment would produce NaN or Infinity",
            Error::NoSuchKey => "ERR no such key",
            Error::SameObject => "ERR source and destination objects are the same",
            Error::InvalidStreamId => "ERR Invalid stream ID specified as stream command argument",
            Error::InvalidCursor => "ERR invalid cursor",
            Error::HashNotAnInteger => "ERR hash value is not an integer",
            Error::HashNotAFloat => "ERR hash value is not a float",
            Error::Said(text) => text,
            Error::WrongArity(name) => {
                return write!(f, "ERR wrong number of arguments for '{name}' command");
            }
            Error::WhileSubscribed(name) => {
                return write!(
                    f,
                    "ERR Can't execute '{name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / \
                     QUIT / RESET are allowed in this context"
                );
            }
            Error::OutOfRange { min, max } => {
                return write!(f, "ERR value is out of range, value must between {min} and {max}");
            }
            Error::InvalidExpire(name) => {
                return write!(f, "ERR invalid expire time in '{name}' command");
            }
            Error::Protected { command, setting } => {
                return write!(
                    f,
                    "ERR {} command not allowed. If the {setting} option is set to \
                     \"local\", you can run it from a local connection, otherwise you need to set \
                     this option in the configuration file, and then restart the server.",
                    command.to_ascii_uppercase()
                );
            }
            // Not text, perhaps: `line` writes these.
            Error::UnknownCommand { .. } | Error::UnknownSubcommand { .. } => "ERR unknown command",
            Error::Quoting { before, .. } | Error::QuotingTwo { parts: [before, ..], .. } => before,
        })
    }
}

fn engine_line(error: tandem_engine::Error) -> &'static str {
    match error {
        tandem_engine::Error::WrongType => {
            "WRONGTYPE Operation against a key holding the wrong kind of value"
        }
        tandem_engine::Error::OutOfMemory => {
            "OOM command not allowed when used memory > 'maxmemory'."
        }
        tandem_engine::Error::TooLong => {
            "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
        }
        tandem_engine::Error::NotHyperLogLog => {
            "WRONGTYPE Key is not a valid HyperLogLog string value."
        }
        tandem_engine::Error::CorruptHyperLogLog => "INVALIDOBJ Corrupted HLL object detected",
        tandem_engine::Error::IdTooLow => {
            "ERR The ID specified in XADD is equal or smaller than the target stream top item"
        }
        tandem_engine::Error::IdsUsedUp => {
            "ERR The stream has exhausted the last possible ID, unable to add more items"
        }
    }
}

fn protocol_line(error: ProtocolError) -> &'static str {
    match error {
        ProtocolError::InvalidMultibulkLength => "ERR Protocol error: invalid multibulk length",
        ProtocolError::InvalidBulkLength => "ERR Protocol error: invalid bulk length",
        ProtocolError::ExpectedDollar(_) => "ERR Protocol error: expected '$'",
        ProtocolError::InlineTooBig => "ERR Protocol error: too big inline request",
        ProtocolError::MultibulkCountTooBig => "ERR Protocol error: too big mbulk count string",
        ProtocolError::BulkCountTooBig => "ERR Protocol error: too big bulk count string",
        ProtocolError::UnbalancedQuotes => "ERR Protocol error: unbalanced quotes in request",
        ProtocolError::UnauthenticatedMultibulk => {
            "ERR Protocol error: unauthenticated multibulk length"
        }
        ProtocolError::UnauthenticatedBulk => "ERR Protocol error: unauthenticated bulk length",
    }
}

/// The start of a word as an error quotes it: bounded, and cut at a zero byte.
fn preview(word: &[u8], bytes_max: usize) -> &[u8] {
    let word = &word[..word.len().min(bytes_max)];
    word.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// How much of what a client sent an error line repeats.
const PREVIEW_BYTES_MAX: usize = 128;
