//! Frames of memcached's binary protocol, as bytes and as lines of a transcript.
//!
//! ```text
//! > set key=k value=hello flags=5         the extras that an opcode has are named
//! set 0x00 cas=…                          a reply: opcode, status, what is not empty or 0
//! > get key=k opaque=7
//! get 0x00 flags=5 value=hello cas=… opaque=7
//! ```
//!
//! Numbers are decimal. `extras=`, `key_bytes=`, `extras_bytes=`, `body_bytes=` and `magic=` make
//! frames that no client sends.

use std::fmt::Write as _;

use crate::words::escaped;

/// What all frames begin with.
pub const HEADER_BYTES: usize = 24;

/// A frame, of a request or a reply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// The opcode.
    pub opcode: u8,
    /// Of replies; nothing in requests.
    pub status: u16,
    /// What comes back as it is.
    pub opaque: u32,
    /// The item's CAS number.
    pub cas: u64,
    /// What an opcode has in front of the key.
    pub extras: Vec<u8>,
    /// The key.
    pub key: Vec<u8>,
    /// What is left.
    pub value: Vec<u8>,
}

impl Frame {
    /// A request for a key, without anything else.
    pub fn new(opcode: u8, key: &[u8]) -> Frame {
        Frame { opcode, key: key.to_vec(), ..Frame::default() }
    }

    /// The same with numbers of 32 bits as extras.
    #[must_use]
    pub fn extras(self, numbers: &[u32]) -> Frame {
        Frame { extras: numbers.iter().flat_map(|it| it.to_be_bytes()).collect(), ..self }
    }

    /// The same with a value.
    #[must_use]
    pub fn value(self, value: &[u8]) -> Frame {
        Frame { value: value.to_vec(), ..self }
    }

    /// The same with a CAS number.
    #[must_use]
    pub fn cas(self, cas: u64) -> Frame {
        Frame { cas, ..self }
    }

    /// As a client sends it.
    pub fn request(&self) -> Vec<u8> {
        let body_bytes = self.extras.len() + self.key.len() + self.value.len();
        let mut bytes = vec![REQUEST, self.opcode];
        bytes.extend((self.key.len() as u16).to_be_bytes());
        bytes.extend([self.extras.len() as u8, 0]);
        bytes.extend(self.status.to_be_bytes());
        bytes.extend((body_bytes as u32).to_be_bytes());
        bytes.extend(self.opaque.to_be_bytes());
        bytes.extend(self.cas.to_be_bytes());
        [&bytes, &self.extras[..], &self.key, &self.value].concat()
    }

    /// The frame at the start of `input`, and its length. `None` where it is not whole.
    pub fn read(input: &[u8]) -> Option<(Frame, usize)> {
        let header = input.first_chunk::<HEADER_BYTES>()?;
        let (end, extras_bytes) = (whole(header), usize::from(header[4]));
        let key_bytes = usize::from(u16::from_be_bytes([header[2], header[3]]));
        let (extras, rest) = input.get(HEADER_BYTES..end)?.split_at(extras_bytes);
        let (key, value) = rest.split_at(key_bytes);
        let number = |at: usize, n: usize| {
            header[at..at + n].iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte))
        };
        let frame = Frame {
            opcode: header[1],
            status: number(6, 2) as u16,
            opaque: number(12, 4) as u32,
            cas: number(16, 8),
            extras: extras.to_vec(),
            key: key.to_vec(),
            value: value.to_vec(),
        };
        Some((frame, end))
    }

    /// A reply as a transcript has it.
    pub fn line(&self) -> String {
        let mut line = format!("{} {:#04x}", name(self.opcode), self.status);
        let mut put = |what: &str, text: String| {
            let _ = write!(line, " {what}={text}");
        };
        match self.extras.as_slice() {
            [] => {}
            [a, b, c, d] => put("flags", u32::from_be_bytes([*a, *b, *c, *d]).to_string()),
            other => put("extras", escaped(other)),
        }
        if !self.key.is_empty() {
            put("key", escaped(&self.key));
        }
        match (name(self.opcode).as_str(), self.value.as_slice()) {
            (_, []) => {}
            ("increment" | "decrement", number) if self.status == 0 && number.len() == 8 => {
                let sum = number.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
                put("number", sum.to_string());
            }
            (_, value) => put("value", escaped(value)),
        }
        if self.cas != 0 {
            put("cas", self.cas.to_string());
        }
        if self.opaque != 0 {
            put("opaque", self.opaque.to_string());
        }
        line
    }
}

/// The length of the whole frame that this begins.
pub fn whole(header: &[u8; HEADER_BYTES]) -> usize {
    let body = u32::from_be_bytes([header[8], header[9], header[10], header[11]]);
    HEADER_BYTES + body as usize
}

/// A request written as a transcript's line, whose words these are.
pub fn encode(words: &[Vec<u8>]) -> Vec<u8> {
    let (name, rest) = words.split_first().expect("a frame has an opcode");
    let name = text(name);
    let opcode = opcode(name).unwrap_or_else(|| panic!("no opcode is called {name}"));
    let mut frame = Frame { opcode, ..Frame::default() };
    let mut changes: Vec<(usize, Vec<u8>)> = Vec::new();
    let mut numbers = Numbers::default();
    for word in rest {
        let at = word.iter().position(|it| *it == b'=').expect("what=value");
        let (what, value) = (text(&word[..at]), &word[at + 1..]);
        let number = || text(value).parse::<u64>().unwrap_or_else(|_| panic!("{what} is a number"));
        match what {
            "key" => frame.key = value.to_vec(),
            "value" => frame.value = value.to_vec(),
            "extras" => frame.extras = value.to_vec(),
            "cas" => frame.cas = number(),
            "opaque" => frame.opaque = number() as u32,
            "flags" => numbers.flags = number() as u32,
            "exptime" | "delay" => numbers.exptime = Some(number() as u32),
            "delta" => numbers.delta = Some(number()),
            "initial" => numbers.initial = number(),
            "magic" => changes.push((0, vec![number() as u8])),
            "key_bytes" => changes.push((2, (number() as u16).to_be_bytes().to_vec())),
            "extras_bytes" => changes.push((4, vec![number() as u8])),
            "body_bytes" => changes.push((8, (number() as u32).to_be_bytes().to_vec())),
            other => panic!("a frame has no {other}"),
        }
    }
    if frame.extras.is_empty() {
        frame.extras = numbers.extras(&self::name(opcode));
    }
    let mut bytes = frame.request();
    for (at, change) in changes {
        bytes[at..at + change.len()].copy_from_slice(&change);
    }
    bytes
}

/// What extras are made of.
#[derive(Default)]
struct Numbers {
    flags: u32,
    exptime: Option<u32>,
    delta: Option<u64>,
    initial: u64,
}

impl Numbers {
    fn extras(&self, name: &str) -> Vec<u8> {
        let exptime = self.exptime.unwrap_or(0).to_be_bytes();
        match name.trim_end_matches('q') {
            "set" | "add" | "replace" => [self.flags.to_be_bytes(), exptime].concat(),
            "increment" | "decrement" => {
                let delta = self.delta.unwrap_or(1).to_be_bytes();
                [&delta[..], &self.initial.to_be_bytes(), &exptime].concat()
            }
            "touch" | "gat" | "gatk" => exptime.to_vec(),
            "flush" if self.exptime.is_some() => exptime.to_vec(),
            _ => Vec::new(),
        }
    }
}

/// The opcode of a name, or of a number such as `0x30`.
fn opcode(name: &str) -> Option<u8> {
    if let Some(digits) = name.strip_prefix("0x") {
        return u8::from_str_radix(digits, 16).ok();
    }
    let loud = NAMES.iter().find(|it| it.0 == name).map(|it| it.1);
    loud.or_else(|| NAMES.iter().find(|it| name.strip_suffix('q') == Some(it.0))?.2)
}

/// The name of an opcode; quiet ones end in `q`.
pub fn name(opcode: u8) -> String {
    let row = NAMES.iter().find(|it| it.1 == opcode || it.2 == Some(opcode));
    match row {
        Some((name, loud, _)) if *loud == opcode => (*name).to_owned(),
        Some((name, ..)) => format!("{name}q"),
        None => format!("{opcode:#04x}"),
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("a word of text")
}

/// Opcodes and what is the same but quiet.
#[rustfmt::skip]
const NAMES: &[(&str, u8, Option<u8>)] = &[
    ("get", 0x00, Some(0x09)), ("getk", 0x0c, Some(0x0d)), ("set", 0x01, Some(0x11)),
    ("add", 0x02, Some(0x12)), ("replace", 0x03, Some(0x13)), ("delete", 0x04, Some(0x14)),
    ("increment", 0x05, Some(0x15)), ("decrement", 0x06, Some(0x16)), ("quit", 0x07, Some(0x17)),
    ("flush", 0x08, Some(0x18)), ("noop", 0x0a, None), ("version", 0x0b, None),
    ("append", 0x0e, Some(0x19)), ("prepend", 0x0f, Some(0x1a)), ("stat", 0x10, None),
    ("verbosity", 0x1b, None), ("touch", 0x1c, None), ("gat", 0x1d, Some(0x1e)),
    ("gatk", 0x23, Some(0x24)), ("sasl_list", 0x20, None), ("sasl_auth", 0x21, None),
    ("sasl_step", 0x22, None),
];

/// The first byte of a request.
const REQUEST: u8 = 0x80;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::split;

    #[test]
    fn lines_become_frames_and_frames_lines() {
        let bytes = encode(&split(r"setq key=k value=\x00v flags=5 exptime=9 cas=3 opaque=7"));
        assert_eq!(bytes[..8], [0x80, 0x11, 0, 1, 8, 0, 0, 0]);
        let (frame, len) = Frame::read(&bytes).unwrap();
        assert_eq!(len, bytes.len());
        assert_eq!(frame.request(), bytes);
        assert_eq!(
            frame.line(),
            r"setq 0x00 extras=\x00\x00\x00\x05\x00\x00\x00\t key=k value=\x00v cas=3 opaque=7"
        );
        assert_eq!(encode(&split("noop body_bytes=258"))[8..12], [0, 0, 1, 2]);
        for cut in 0..len {
            assert_eq!(Frame::read(&bytes[..cut]), None);
        }
    }

    #[test]
    fn every_opcode_has_a_name() {
        for code in 0..=u8::MAX {
            assert_eq!(opcode(&name(code)), Some(code));
        }
    }
}
