//! Generated meta commands, with classic ones among them.

use crate::generate::memcached::{self, Command, KEYS, NUMBER_KEYS};
use crate::random::Random;

/// A seeded source of commands.
#[derive(Debug)]
pub struct Generator {
    random: Random,
    classic: memcached::Generator,
}

/// What stands behind a key.
enum Flag {
    Text(String),
    /// `C` with the number that the key was last seen with.
    LastCas,
}

impl Generator {
    /// The same seed gives the same commands.
    pub fn new(seed: u64) -> Generator {
        Generator { random: Random::new(seed), classic: memcached::Generator::new(seed) }
    }

    /// The source of randomness, for what surrounds the commands.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// The next command.
    pub fn command(&mut self) -> Command {
        match self.random.below(20) {
            0..=5 => self.get(),
            6..=10 => self.set(),
            11..=13 => self.delete(),
            14..=16 => self.sum(),
            17 => self.other(),
            _ => self.classic.command(),
        }
    }

    fn get(&mut self) -> Command {
        let key = self.any_key();
        let mut flags = self.some(&["s", "v", "t", "f", "c", "k", "h", "l", "q", "u", "v", "t"], 4);
        if self.random.once_in(3) {
            flags.extend(self.some(&["N0", "N100", "N-1", "R50", "R500", "R0", "T0", "T1000"], 2));
        }
        self.add_opaque(&mut flags);
        if self.random.once_in(6) {
            let cas = self.new_cas();
            flags.push(cas);
        }
        // A known value is sent again by 1.6.38 alone.
        if self.random.once_in(8) && !flags.iter().any(|it| it.is(b'v')) {
            flags.push(Flag::LastCas);
        }
        self.spoil(&mut flags);
        self.line("mg", &key, None, flags)
    }

    fn set(&mut self) -> Command {
        let (key, data) = if self.random.once_in(3) {
            (self.pick(NUMBER_KEYS), self.pick(NUMBERS).into_bytes())
        } else {
            (self.pick(KEYS), self.data())
        };
        let mut flags = self.some(&["F5", "T100", "T1000", "T-1", "s", "c", "k", "q", "F0"], 3);
        if self.random.once_in(2) {
            let pool = ["MS", "ME", "MR", "MA", "MP", "I", "N100", "N0"];
            flags.extend(self.some(&pool, 3));
        }
        self.add_opaque(&mut flags);
        self.add_cas(&mut flags);
        if self.random.once_in(6) {
            let cas = self.new_cas();
            flags.push(cas);
        }
        // A number that began padded is unlike the other server's once something is added to it.
        if NUMBER_KEYS.contains(&key.as_str()) {
            flags.retain(|it| !it.is_text("MA") && !it.is_text("MP"));
        }
        self.spoil(&mut flags);
        self.line("ms", &key, Some(&data), flags)
    }

    fn delete(&mut self) -> Command {
        let key = self.any_key();
        let mut flags = self.some(&["k", "q"], 1);
        if self.random.once_in(2) {
            flags.extend(self.some(&["I", "x", "T100", "T-1", "I", "x"], 3));
        }
        self.add_opaque(&mut flags);
        self.add_cas(&mut flags);
        if self.random.once_in(4) {
            let cas = self.new_cas();
            flags.push(cas);
        }
        self.spoil(&mut flags);
        self.line("md", &key, None, flags)
    }

    fn sum(&mut self) -> Command {
        let key = if self.random.once_in(6) { self.any_key() } else { self.pick(NUMBER_KEYS) };
        let mut flags = self.some(&["v", "t", "c", "k", "q", "v"], 3);
        let pool = ["D5", "D100", "D0", "D18446744073709551615", "J7", "J99", "N0", "N100", "N-1"];
        flags.extend(self.some(&pool, 2));
        flags.extend(self.some(&["MI", "M+", "MD", "M-"], 1));
        // What a number gets that outgrows its item is lost with the item in 1.6.38.
        if self.random.once_in(4) {
            flags.retain(|it| !it.is(b'D'));
            let cas = self.new_cas();
            flags.extend([Flag::Text("D0".to_owned()), cas]);
            flags.extend(self.some(&["T0", "T1000", "T-1"], 1));
        }
        self.add_opaque(&mut flags);
        self.add_cas(&mut flags);
        self.spoil(&mut flags);
        Command { starts_batch: true, ..self.line("ma", &key, None, flags) }
    }

    fn other(&mut self) -> Command {
        let key = self.any_key();
        match self.random.below(6) {
            0 => Command::of(b"mn\r\n".to_vec()),
            1 | 2 => self.line("me", &key, None, Vec::new()),
            _ => Command::of(self.random.pick(BAD).to_vec()),
        }
    }

    /// The command. Some keys are written as base64.
    fn line(
        &mut self,
        verb: &str,
        key: &str,
        data: Option<&[u8]>,
        mut flags: Vec<Flag>,
    ) -> Command {
        let mut line = verb.as_bytes().to_vec();
        line.push(b' ');
        // A refused key leaves its value to be read as a command.
        let fits = data.is_none() || key.len() <= BASE64_KEY_MAX;
        if fits && self.random.once_in(6) {
            base64(key.as_bytes(), &mut line);
            flags.push(Flag::Text("b".to_owned()));
        } else {
            line.extend_from_slice(key.as_bytes());
        }
        if let Some(data) = data {
            line.extend_from_slice(format!(" {}", data.len()).as_bytes());
        }
        // `me` knows its flag in front alone; the others take them in any order.
        for i in (1..flags.len()).rev() {
            flags.swap(i, self.random.below(i + 1));
        }
        let mut tail = Vec::new();
        let mut has_cas = false;
        for flag in flags {
            let part = if has_cas { &mut tail } else { &mut line };
            match flag {
                Flag::Text(text) => part.extend_from_slice(format!(" {text}").as_bytes()),
                Flag::LastCas if has_cas => part.extend_from_slice(b" C1"),
                Flag::LastCas => {
                    part.extend_from_slice(b" C");
                    has_cas = true;
                }
            }
        }
        let part = if has_cas { &mut tail } else { &mut line };
        part.extend_from_slice(b"\r\n");
        if let Some(data) = data {
            part.extend_from_slice(data);
            part.extend_from_slice(b"\r\n");
        }
        let key = key.as_bytes().to_vec();
        let cas = has_cas.then(|| (key.clone(), tail));
        Command { head: line, cas, key: Some(key), starts_batch: false }
    }

    /// Up to `n` flags of different letters.
    fn some(&mut self, pool: &[&str], n: usize) -> Vec<Flag> {
        let mut flags: Vec<Flag> = Vec::new();
        for _ in 0..=self.random.below(n + 1) {
            let text = *self.random.pick(pool);
            if !flags.iter().any(|it| it.is(text.as_bytes()[0])) {
                flags.push(Flag::Text(text.to_owned()));
            }
        }
        flags.pop();
        flags
    }

    fn add_opaque(&mut self, flags: &mut Vec<Flag>) {
        if self.random.once_in(5) {
            flags.push(Flag::Text(self.pick(&[
                "O",
                "O1",
                "Oabc",
                "O0123456789012345678901234567890",
            ])));
        }
    }

    fn add_cas(&mut self, flags: &mut Vec<Flag>) {
        match self.random.below(12) {
            0 | 1 => flags.push(Flag::LastCas),
            // Older than any, and newer.
            2 => flags.push(Flag::Text("C1".to_owned())),
            3 => flags.push(Flag::Text("C999999999999999".to_owned())),
            4 if self.random.once_in(3) => flags.push(Flag::Text("C0".to_owned())),
            _ => {}
        }
    }

    /// A number that no server gives by itself.
    fn new_cas(&mut self) -> Flag {
        Flag::Text(format!("E{}", 1_000_000_000_000 + self.random.below(1_000_000)))
    }

    /// Now and then something is wrong with the flags.
    fn spoil(&mut self, flags: &mut Vec<Flag>) {
        if !self.random.once_in(20) {
            return;
        }
        let text = self.pick(BAD_FLAGS);
        // 1.6.38 makes the item before it looks at the opaque token.
        if text.starts_with('O') {
            flags.retain(|it| !it.is(b'N'));
        }
        flags.push(Flag::Text(text));
        if self.random.once_in(3) {
            flags.push(Flag::Text(self.pick(BAD_FLAGS)));
        }
    }

    fn any_key(&mut self) -> String {
        let pool = if self.random.once_in(4) { NUMBER_KEYS } else { KEYS };
        self.pick(pool)
    }

    fn data(&mut self) -> Vec<u8> {
        match self.random.below(400) {
            0 => vec![b'v'; TOO_LARGE],
            1..=20 => vec![b'v'; *self.random.pick(&[16_383, 16_384, 20_000, 40_000])],
            _ => self.classic.data(),
        }
    }

    fn pick(&mut self, pool: &[&str]) -> String {
        (*self.random.pick(pool)).to_owned()
    }
}

impl Flag {
    fn is(&self, letter: u8) -> bool {
        match self {
            Flag::Text(text) => text.as_bytes().first() == Some(&letter),
            Flag::LastCas => letter == b'C',
        }
    }

    fn is_text(&self, wanted: &str) -> bool {
        matches!(self, Flag::Text(text) if text == wanted)
    }
}

/// As RFC 4648 has it.
fn base64(bytes: &[u8], text: &mut Vec<u8>) {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, it| bits << 8 | u32::from(*it));
        let bits = bits << (8 * (3 - chunk.len()));
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index <= chunk.len() { letter } else { b'=' });
        }
    }
}

/// The longest key whose base64 is not too long.
const BASE64_KEY_MAX: usize = 187;

/// More than the servers take.
const TOO_LARGE: usize = 1_048_600;

const NUMBERS: &[&str] = &["0", "1", "5", "10", "99", "100", "18446744073709551615", "007", "x"];

const BAD_FLAGS: &[&str] = &[
    "z",
    "V",
    "9",
    "S100",
    "k k",
    "Tx",
    "T",
    "Nx",
    "Rx",
    "Cx",
    "E-1",
    "Fx",
    "F4294967296",
    "Dx",
    "Jx",
    "M",
    "MX",
    "MSS",
    "b",
    "O01234567890123456789012345678901",
    "T4294967396",
    "noreply",
];

/// Only what every version answers alike; `differences.rs` has the rest. The tail of every command
/// is whole, so that what follows it is read as a command.
const BAD: &[&[u8]] = &[
    b"mg a v t f c h l k q u O1 N1 R1 T1 E1 C1 D1 J1 x\r\n",
    b"MG a\r\n",
    b"mg a\n",
    b" mg  a  k \r\n",
    b"mg a\tb k\r\n",
    b"ms a\r\n",
    b"ms a x\r\n",
    b"ms a -1\r\n",
    b"ms a 2147483646\r\n",
    b"ms a S1\r\n",
    b"ms a 3\r\nabcdefgh ijk\r\n",
    b"ms a 3 q\r\nabcdefgh ijk\r\n",
    b"ms a 3\r\nabcdemg b k\r\n",
    b"ms a 3 z\r\nabc\r\n",
    b"ms a +3\r\nabc\r\n",
    b"ms a 4294967299\r\nabc\r\n",
    b"mg Zg b k\r\n",
    b"mg Zg==Zg== b k\r\n",
    b"mg Z=9v b k\r\n",
    b"mg Z-m9v b k\r\n",
    b"md Zm9v==== b\r\n",
    b"me\r\n",
    b"me Zg b\r\n",
    b"me a k\r\n",
    b"me a k b\r\n",
    b"mn a b c\r\n",
    b"mx a\r\n",
];
