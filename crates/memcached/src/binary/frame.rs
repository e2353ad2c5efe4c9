//! Frames of the binary protocol: 24 bytes of header, then extras, key and value.

use tandem_engine::{Key, Output};

use crate::auth::Trust;
use crate::binary::opcode::{Action, STORE_EXTRAS};
use crate::binary::reply::{self, Status, To};
use crate::ops::{Initial, Mode};
use crate::parse::{BIG_VALUE_BYTES, Rules};
use crate::server::DATABASE;
use crate::settings::KEY_BYTES_MAX;

/// The first byte of every request.
pub(crate) const MAGIC: u8 = 0x80;

/// What stands in front of every body.
pub(super) const HEADER_BYTES: usize = 24;

/// The longest value that a frame may announce; memcached counts in 31 bits.
const VALUE_BYTES_MAX: usize = i32::MAX as usize;

/// Where a sum's extras have the delta and the initial number.
const DELTA_AT: usize = 0;
const INITIAL_AT: usize = 8;

/// An expiry that forbids a sum to begin with its initial number.
const NO_INITIAL: [u8; 4] = [0xff; 4];

/// Names of SASL's mechanisms are no longer.
const MECHANISM_BYTES_MAX: usize = 32;

/// What a client may show to prove who it is: far more than any name and password.
const CREDENTIALS_BYTES_MAX: usize = 4 << 10;

/// What all frames begin with. The data type and the virtual bucket mean nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) opcode: u8,
    pub(super) extras_bytes: usize,
    pub(super) key_bytes: usize,
    /// Of extras, key and value together.
    pub(super) body_bytes: usize,
    pub(super) opaque: [u8; 4],
    pub(super) cas: u64,
}

/// A whole request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    pub(super) action: Action,
    pub(super) to: To,
    /// The CAS number that the item has to have; 0 for any.
    pub(super) cas: u64,
    pub(super) extras: &'a [u8],
    /// Empty where there is none.
    pub(super) key: Key<'a>,
    pub(super) value: &'a [u8],
}

/// A step of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) enum Entry<'a> {
    Run(Request<'a>),
    /// A value that is too large is skipped.
    TooLarge {
        to: To,
        mode: Mode,
        key: Key<'a>,
        value_bytes: usize,
    },
    Refused {
        to: To,
        action: Action,
        status: Status,
    },
    /// What comes next cannot be told any more.
    Broken {
        to: To,
        status: Status,
    },
}

/// What stands at the start of the input.
pub(super) enum Parsed<'a> {
    /// A frame of `len` bytes.
    Whole { entry: Entry<'a>, len: usize },
    /// A frame without its value, which is to be ignored.
    SkipValue { entry: Entry<'a>, len: usize, skip: usize },
    /// A store without its big value.
    BigValue { request: Request<'a>, mode: Mode, len: usize, value_bytes: usize },
    /// Not whole; `need` more bytes complete it, or at least what tells more of it.
    NeedMore { need: usize },
    /// Not this protocol: close without a word.
    Nonsense,
}

impl Header {
    #[inline]
    fn of(bytes: &[u8; HEADER_BYTES]) -> Header {
        let [_, opcode, k0, k1, extras, _, _, _, b0, b1, b2, b3, o0, o1, o2, o3, cas @ ..] = *bytes;
        Header {
            opcode,
            extras_bytes: usize::from(extras),
            key_bytes: usize::from(u16::from_be_bytes([k0, k1])),
            body_bytes: u32::from_be_bytes([b0, b1, b2, b3]) as usize,
            opaque: [o0, o1, o2, o3],
            cas: u64::from_be_bytes(cas),
        }
    }

    /// Header, extras and key.
    fn head_bytes(&self) -> usize {
        HEADER_BYTES + self.extras_bytes + self.key_bytes
    }

    /// What the body has besides extras and key.
    pub(super) fn value_bytes(&self) -> usize {
        self.body_bytes.saturating_sub(self.extras_bytes + self.key_bytes)
    }
}

/// Parses what stands at the start of `input`, which is not empty.
#[inline]
pub(super) fn frame<'a>(input: &'a [u8], rules: Rules<'_>, trust: Trust) -> Parsed<'a> {
    if input[0] != MAGIC {
        return Parsed::Nonsense;
    }
    let Some(bytes) = input.first_chunk::<HEADER_BYTES>() else {
        return Parsed::NeedMore { need: HEADER_BYTES - input.len() };
    };
    let header = Header::of(bytes);
    let len = header.head_bytes();
    let Some(head) = input.get(HEADER_BYTES..len) else {
        return Parsed::NeedMore { need: len - input.len() };
    };
    let action = Action::of(header.opcode);
    let to = To { opcode: header.opcode, opaque: header.opaque };
    if let Err(status) = check(&header, action, trust) {
        return Parsed::Whole { entry: Entry::Broken { to, status }, len };
    }
    let (extras, name) = head.split_at(header.extras_bytes);
    let key = rules.keyspace.key(DATABASE, name);
    let request = Request { action, to, cas: header.cas, extras, key, value: b"" };
    let body = Body { input, len, value_bytes: header.value_bytes() };
    match action {
        Action::Store(mode) => body.store(request, mode, rules),
        Action::Unknown => body.refused(&request, Status::UnknownCommand),
        Action::SaslList | Action::SaslAuth | Action::SaslStep => body.sasl(request, rules),
        _ => Parsed::Whole { entry: Entry::Run(request), len },
    }
}

/// Answers a request whose answer is more than may be sent.
pub(crate) fn refuse_answer(request: &[u8], out: &mut Output) {
    if let Some(bytes) = request.first_chunk() {
        let Header { opcode, opaque, .. } = Header::of(bytes);
        reply::error(out, To { opcode, opaque }, Status::TooLarge);
    }
}

/// What is wrong with a frame, in the order in which memcached looks.
fn check(header: &Header, action: Action, trust: Trust) -> Result<(), Status> {
    if header.extras_bytes + header.key_bytes > header.body_bytes {
        return Err(Status::UnknownCommand);
    }
    if trust == Trust::None && !action.is_for_strangers() {
        return Err(Status::AuthError);
    }
    if header.key_bytes > KEY_BYTES_MAX || !action.fits(header) {
        return Err(Status::InvalidArguments);
    }
    Ok(())
}

/// Where the value of a frame lies, whose first `len` bytes have been read.
struct Body<'a> {
    input: &'a [u8],
    len: usize,
    value_bytes: usize,
}

impl<'a> Body<'a> {
    fn store(self, request: Request<'a>, mode: Mode, rules: Rules<'_>) -> Parsed<'a> {
        let Body { len, value_bytes, .. } = self;
        if value_bytes > VALUE_BYTES_MAX {
            return Parsed::Nonsense;
        }
        let Request { to, key, .. } = request;
        if !rules.settings.item_fits(key.name.len(), request.client_flags(), value_bytes) {
            let entry = Entry::TooLarge { to, mode, key, value_bytes };
            return Parsed::SkipValue { entry, len, skip: value_bytes };
        }
        if value_bytes >= BIG_VALUE_BYTES {
            return Parsed::BigValue { request, mode, len, value_bytes };
        }
        self.whole(request)
    }

    fn sasl(self, request: Request<'a>, rules: Rules<'_>) -> Parsed<'a> {
        if !rules.settings.sasl {
            return self.refused(&request, Status::UnknownCommand);
        }
        if request.key.name.len() > MECHANISM_BYTES_MAX {
            return self.refused(&request, Status::InvalidArguments);
        }
        if self.value_bytes > CREDENTIALS_BYTES_MAX {
            return self.refused(&request, Status::AuthError);
        }
        self.whole(request)
    }

    fn whole(self, request: Request<'a>) -> Parsed<'a> {
        let Body { input, len, value_bytes } = self;
        let Some(value) = input.get(len..len + value_bytes) else {
            return Parsed::NeedMore { need: len + value_bytes - input.len() };
        };
        let entry = Entry::Run(Request { value, ..request });
        Parsed::Whole { entry, len: len + value_bytes }
    }

    fn refused(self, request: &Request<'_>, status: Status) -> Parsed<'a> {
        let entry = Entry::Refused { to: request.to, action: request.action, status };
        Parsed::SkipValue { entry, len: self.len, skip: self.value_bytes }
    }
}

impl Request<'_> {
    /// The flags of a store; 0 for those that keep the item's.
    pub(super) fn client_flags(&self) -> u32 {
        if self.extras.len() == STORE_EXTRAS { self.u32_at(0) } else { 0 }
    }

    /// The expiry, which is the last of the extras; 0 where there is none.
    pub(super) fn exptime(&self) -> i32 {
        let exptime = self.extras.last_chunk().map_or(0, |it| u32::from_be_bytes(*it));
        // It has no sign here. What is beyond 2038 expires then.
        i32::try_from(exptime).unwrap_or(i32::MAX)
    }

    /// The initial number of a sum, unless a missing item is to stay missing.
    pub(super) fn initial(&self) -> Option<Initial> {
        let forbids_it = self.extras.ends_with(&NO_INITIAL);
        (!forbids_it).then(|| Initial { value: self.u64_at(INITIAL_AT), exptime: self.exptime() })
    }

    pub(super) fn delta(&self) -> u64 {
        self.u64_at(DELTA_AT)
    }

    fn u32_at(&self, at: usize) -> u32 {
        let bytes = self.extras[at..].first_chunk().expect("the frame's shape was checked");
        u32::from_be_bytes(*bytes)
    }

    fn u64_at(&self, at: usize) -> u64 {
        let bytes = self.extras[at..].first_chunk().expect("the frame's shape was checked");
        u64::from_be_bytes(*bytes)
    }
}

impl<'a> Entry<'a> {
    /// Whether what comes next may have to wait for many turns of this.
    #[inline]
    pub(super) fn may_go_on(&self) -> bool {
        matches!(self, Entry::Run(request) if request.action == Action::Stat)
    }

    /// The key that the entry will look up.
    #[inline]
    pub(super) fn key(&self) -> Option<Key<'a>> {
        match self {
            Entry::Run(request) if !request.key.name.is_empty() => Some(request.key),
            _ => None,
        }
    }
}
