//! Generated frames of memcached's binary protocol.

use crate::frame::Frame;
use crate::random::Random;

/// One request.
#[derive(Clone, Debug)]
pub struct Command {
    /// Its frame, without the CAS number.
    pub frame: Frame,
    /// Which CAS number it carries.
    pub cas: Cas,
    /// Bytes of the header that say something else than they should.
    pub changes: Vec<(usize, u8)>,
    /// Whether servers close the connection after it.
    pub closes: bool,
}

/// CAS numbers differ from server to server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cas {
    /// Any will do.
    None,
    /// That which the server last told of the key.
    Known,
    /// One that no item has.
    Wrong,
}

impl Command {
    /// The bytes for a server on which the key has this CAS number.
    pub fn bytes(&self, cas: u64) -> Vec<u8> {
        let mut bytes = self.frame.clone().cas(cas).request();
        for (at, byte) in &self.changes {
            bytes[*at] = *byte;
        }
        bytes
    }
}

/// A seeded source of frames.
#[derive(Debug)]
pub struct Generator {
    random: Random,
}

impl Generator {
    /// The same seed gives the same frames.
    pub fn new(seed: u64) -> Generator {
        Generator { random: Random::new(seed) }
    }

    /// The source of randomness, for what surrounds the frames.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// The next request.
    pub fn command(&mut self) -> Command {
        let mut cas = Cas::None;
        let mut frame = match self.random.below(40) {
            0..=13 => {
                cas = *self.random.pick(&[Cas::None, Cas::None, Cas::None, Cas::Known, Cas::Wrong]);
                self.store()
            }
            14..=21 => self.retrieve(),
            22..=27 => {
                cas = *self.random.pick(&[Cas::None, Cas::None, Cas::None, Cas::Known, Cas::Wrong]);
                self.sum()
            }
            28..=31 => self.touch(),
            32..=34 => {
                cas = *self.random.pick(&[Cas::None, Cas::None, Cas::Known, Cas::Wrong]);
                let opcode = self.either(0x04, 0x14);
                Frame::new(opcode, self.any_key())
            }
            35 | 36 => self.other(),
            37 | 38 => self.unusual(),
            _ => return self.broken(),
        };
        frame.opaque = self.random.bits() as u32;
        Command { frame, cas, changes: Vec::new(), closes: false }
    }

    fn store(&mut self) -> Frame {
        if self.random.once_in(4) {
            let opcode = *self.random.pick(&[0x0e, 0x0f, 0x19, 0x1a]);
            let data = self.data();
            return Frame::new(opcode, self.key()).value(&data);
        }
        let opcode = *self.random.pick(&[0x01, 0x01, 0x11, 0x02, 0x12, 0x03, 0x13]);
        let (key, data) = if self.random.once_in(3) {
            (*self.random.pick(NUMBER_KEYS), self.random.pick(NUMBERS).to_vec())
        } else {
            (self.key(), self.data())
        };
        let extras = [*self.random.pick(FLAGS), *self.random.pick(TIMES)];
        Frame::new(opcode, key).extras(&extras).value(&data)
    }

    fn retrieve(&mut self) -> Frame {
        let opcode = *self.random.pick(&[0x00, 0x00, 0x09, 0x0c, 0x0d]);
        Frame::new(opcode, self.any_key())
    }

    fn sum(&mut self) -> Frame {
        let opcode = *self.random.pick(&[0x05, 0x05, 0x06, 0x06, 0x15, 0x16]);
        let key =
            if self.random.once_in(4) { self.any_key() } else { *self.random.pick(NUMBER_KEYS) };
        let numbers = [*self.random.pick(DELTAS), *self.random.pick(DELTAS)];
        let time = *self.random.pick(&[0, 0, u32::MAX, u32::MAX, 1000, 2_592_001]);
        let halves = numbers.iter().flat_map(|it| [(it >> 32) as u32, *it as u32]);
        Frame::new(opcode, key).extras(&halves.chain([time]).collect::<Vec<_>>())
    }

    fn touch(&mut self) -> Frame {
        let opcode = *self.random.pick(&[0x1c, 0x1d, 0x1e, 0x23, 0x24]);
        let time = *self.random.pick(TIMES);
        Frame::new(opcode, self.any_key()).extras(&[time])
    }

    fn other(&mut self) -> Frame {
        match self.random.below(8) {
            0 => {
                let opcode = self.either(0x08, 0x18);
                Frame::new(opcode, b"")
            }
            1 => Frame::new(0x08, b"").extras(&[0]),
            2 => Frame::new(0x10, b"reset"),
            3 => Frame::new(0x10, b"sizes"),
            4 => Frame::new(0x10, b"bogus"),
            5 => Frame::new(0x10, b"detail off"),
            6 => Frame::new(0x20, b""),
            _ => Frame::new(0x0a, b""),
        }
    }

    /// What is refused, or is no fault but seldom seen.
    fn unusual(&mut self) -> Frame {
        match self.random.below(4) {
            0 => {
                let opcode = *self.random.pick(&[0x1f, 0x25, 0x30, 0x3c, 0x7f, 0xff]);
                let value = self.data();
                Frame::new(opcode, b"").value(&value)
            }
            1 => {
                let opcode = *self.random.pick(&[0x01, 0x11, 0x02, 0x03]);
                Frame::new(opcode, self.key()).extras(&[0, 0]).value(&vec![b'x'; 1 << 20])
            }
            2 => Frame::new(0x0e, self.key()).value(&vec![b'x'; 1 << 20]),
            _ => Frame { status: 0x1234, ..self.retrieve() },
        }
    }

    /// A frame after which no server goes on. None has a value: what is sent to a server that
    /// closes can cost the answer.
    fn broken(&mut self) -> Command {
        let key = self.key();
        let get = Frame::new(0x00, key);
        let (frame, changes): (Frame, Vec<(usize, u8)>) = match self.random.below(8) {
            0 => (get.extras(&[7]), vec![]),
            1 => (Frame::new(0x1c, key), vec![]),
            2 => (Frame::new(0x01, key).extras(&[7]), vec![]),
            3 => (Frame::new(0x05, key).extras(&[7, 8]), vec![]),
            4 => (Frame::new(*self.random.pick(&[0x0a, 0x0b, 0x07]), key), vec![]),
            5 => (Frame::new(*self.random.pick(&[0x00, 0x04, 0x0c, 0x14]), &[b'k'; 251]), vec![]),
            // A body shorter than what is in it.
            6 => (Frame::new(0x04, b"key"), vec![(11, 1)]),
            _ => (Frame::new(*self.random.pick(&[0x07, 0x17]), b""), vec![]),
        };
        Command { frame, cas: Cas::None, changes, closes: true }
    }

    fn either(&mut self, left: u8, right: u8) -> u8 {
        *self.random.pick(&[left, right])
    }

    fn key(&mut self) -> &'static [u8] {
        self.random.pick::<&'static [u8]>(KEYS)
    }

    fn any_key(&mut self) -> &'static [u8] {
        let pool = if self.random.once_in(3) { NUMBER_KEYS } else { KEYS };
        self.random.pick::<&'static [u8]>(pool)
    }

    fn data(&mut self) -> Vec<u8> {
        match self.random.below(12) {
            0 => Vec::new(),
            1 => vec![b'v'; *self.random.pick(LENGTHS)],
            2 => {
                let n = self.random.below(300);
                // No number: those lose their padding, as does what follows them.
                [vec![b'!'], self.random.bytes(n)].concat()
            }
            _ => self.random.pick(&[&b"hello"[..], b"x", b"\r\n\0", b"data-data-data"]).to_vec(),
        }
    }
}

const KEYS: &[&[u8]] =
    &[b"a", b"b", b"c", b"key", b"user:1", b"\0 \r\n", &[0x80; 24], &[b'k'; 250]];

const NUMBER_KEYS: &[&[u8]] = &[b"n1", b"n2", b"n3"];

const NUMBERS: &[&[u8]] = &[
    b"0",
    b"1",
    b"10",
    b"99",
    b"18446744073709551615",
    b"18446744073709551616",
    b"007",
    b"-1",
    b"x",
    b"",
    b"5 ",
    b"1.5",
    b"00000000000000000000",
    b"000000000000000000000",
];

const DELTAS: &[u64] = &[0, 1, 2, 5, 100, 1 << 32, u64::MAX, 1 << 63];

const FLAGS: &[u32] = &[0, 0, 1, 42, 0xdead_beef, u32::MAX];

/// Never, later, already over. Nothing that ends while a test runs. There is no minus one.
const TIMES: &[u32] = &[0, 0, 0, 1000, 100, 2_592_000, 2_592_001, 2_100_000_000, u32::MAX];

/// Around the sizes at which copies and segments change.
const LENGTHS: &[usize] = &[1, 100, 1000, 4096, 8191, 8192, 16_383, 16_384, 20_000, 40_000];
