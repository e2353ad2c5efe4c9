//! Generated memcached commands. The tail of every command is whole, so that what follows it is
//! read as a command by every server.

use crate::random::Random;

/// One command: bytes around at most one CAS number, which differs from server to server.
#[derive(Clone, Debug)]
pub struct Command {
    /// What comes before the CAS number, or all of it.
    pub head: Vec<u8>,
    /// The key whose CAS number follows, if any, and what comes after the number.
    pub cas: Option<(Vec<u8>, Vec<u8>)>,
    /// The key that the command is about, where its answer may hold a CAS number without a key.
    pub key: Option<Vec<u8>>,
    /// It is only sent once all before it is answered: while an answer is on its way, memcached
    /// writes a sum into a new item and not over the old one.
    pub starts_batch: bool,
}

impl Command {
    /// A command without a CAS number.
    pub fn of(bytes: Vec<u8>) -> Command {
        Command { head: bytes, cas: None, key: None, starts_batch: false }
    }

    /// The bytes for a server on which `cas_of` tells the numbers.
    pub fn bytes(&self, cas_of: impl Fn(&[u8]) -> u64) -> Vec<u8> {
        let mut bytes = self.head.clone();
        if let Some((key, tail)) = &self.cas {
            bytes.extend_from_slice(cas_of(key).to_string().as_bytes());
            bytes.extend_from_slice(tail);
        }
        bytes
    }
}

/// A seeded source of commands.
#[derive(Debug)]
pub struct Generator {
    random: Random,
}

impl Generator {
    /// The same seed gives the same commands.
    pub fn new(seed: u64) -> Generator {
        Generator { random: Random::new(seed) }
    }

    /// The source of randomness, for what surrounds the commands.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// The next command.
    pub fn command(&mut self) -> Command {
        match self.random.below(20) {
            0..=5 => self.store(),
            6 => self.cas(),
            7..=10 => self.retrieve(),
            11..=13 => self.count(),
            14 | 15 => self.touch(),
            16 | 17 => self.delete(),
            18 => self.other(),
            _ => self.bad(),
        }
    }

    fn store(&mut self) -> Command {
        let verb = *self.random.pick(&["set", "set", "set", "add", "replace", "append", "prepend"]);
        // Padded numbers are unlike those of the other server after an append.
        let numeric = verb != "append" && verb != "prepend" && self.random.once_in(3);
        let (key, data) = if numeric {
            (self.pick(NUMBER_KEYS), self.number())
        } else {
            (self.key(), self.data())
        };
        let line = format!(
            "{verb} {key} {} {} {}{}\r\n",
            self.pick(FLAGS),
            self.pick(TIMES),
            data.len(),
            self.noreply()
        );
        Command::of([line.as_bytes(), &data, b"\r\n"].concat())
    }

    fn cas(&mut self) -> Command {
        let key = self.key();
        let data = self.data();
        let head = format!("cas {key} {} {} {} ", self.pick(FLAGS), self.pick(TIMES), data.len());
        let tail = [self.noreply().as_bytes(), b"\r\n", &data, b"\r\n"].concat();
        Command { cas: Some((key.into_bytes(), tail)), ..Command::of(head.into_bytes()) }
    }

    fn retrieve(&mut self) -> Command {
        let verb = *self.random.pick(&["get", "gets", "get", "gets", "get"]);
        let n = 1 + self.random.below(4);
        let keys: Vec<String> = (0..n).map(|_| self.any_key()).collect();
        Command::of(format!("{verb} {}\r\n", keys.join(" ")).into_bytes())
    }

    fn count(&mut self) -> Command {
        let verb = *self.random.pick(&["incr", "decr"]);
        let key = if self.random.once_in(4) { self.any_key() } else { self.pick(NUMBER_KEYS) };
        let line = format!("{verb} {key} {}{}\r\n", self.pick(DELTAS), self.noreply());
        Command { starts_batch: true, ..Command::of(line.into_bytes()) }
    }

    fn touch(&mut self) -> Command {
        let (key, time) = (self.any_key(), self.pick(TIMES));
        Command::of(match self.random.below(3) {
            0 => format!("touch {key} {time}{}\r\n", self.noreply()).into_bytes(),
            1 => format!("gat {time} {key} {}\r\n", self.any_key()).into_bytes(),
            _ => format!("gats {time} {key}\r\n").into_bytes(),
        })
    }

    fn delete(&mut self) -> Command {
        let zero = if self.random.once_in(5) { " 0" } else { "" };
        let line = format!("delete {}{zero}{}\r\n", self.any_key(), self.noreply());
        Command::of(line.into_bytes())
    }

    fn other(&mut self) -> Command {
        Command::of(self.pick(OTHERS).into_bytes())
    }

    fn bad(&mut self) -> Command {
        let line = self.random.pick(BAD).to_vec();
        Command::of(line)
    }

    fn key(&mut self) -> String {
        self.pick(KEYS)
    }

    fn any_key(&mut self) -> String {
        let pool = if self.random.once_in(3) { NUMBER_KEYS } else { KEYS };
        self.pick(pool)
    }

    fn pick(&mut self, pool: &[&str]) -> String {
        (*self.random.pick(pool)).to_owned()
    }

    fn noreply(&mut self) -> &'static str {
        if self.random.once_in(6) { " noreply" } else { "" }
    }

    fn number(&mut self) -> Vec<u8> {
        self.pick(NUMBERS).into_bytes()
    }

    pub(super) fn data(&mut self) -> Vec<u8> {
        match self.random.below(12) {
            0 => Vec::new(),
            1 => vec![b'v'; *self.random.pick(LENGTHS)],
            2 => {
                let n = self.random.below(300);
                self.random.bytes(n)
            }
            3 => b"a\r\nb\r\n".to_vec(),
            _ => self.pick(&["hello", "x", "some value", "data-data-data"]).into_bytes(),
        }
    }
}

pub(super) const KEYS: &[&str] = &["a", "b", "c", "key", "user:1", "\x01\x02\x7f", "ключ", K250];

/// The longest key there is.
const K250: &str = "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\
    kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk\
    kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk";

pub(super) const NUMBER_KEYS: &[&str] = &["n1", "n2", "n3"];

const NUMBERS: &[&str] = &[
    "0",
    "1",
    "5",
    "10",
    "99",
    "100",
    "999999",
    "18446744073709551615",
    "18446744073709551616",
    "007",
    "-1",
    "x",
    "",
    "5 ",
    "1.5",
    "00000000000000000000",
    "000000000000000000000",
];

const DELTAS: &[&str] =
    &["1", "2", "5", "0", "100", "18446744073709551615", "18446744073709551616", "-1", "x", "1x"];

const FLAGS: &[&str] = &["0", "0", "1", "42", "65535", "4294967295"];

/// Never, later, already over. Nothing that ends while a test runs.
const TIMES: &[&str] = &["0", "0", "0", "1000", "100", "2592000", "-1", "2592001", "2100000000"];

/// Around the sizes at which copies and segments change.
const LENGTHS: &[usize] = &[1, 100, 1000, 4096, 8191, 8192, 20_000, 40_000];

const OTHERS: &[&str] = &[
    "flush_all\r\n",
    "flush_all 0\r\n",
    "flush_all noreply\r\n",
    "verbosity 0\r\n",
    "verbosity 1 noreply\r\n",
    "flush_all x\r\n",
    "stats sizes\r\n",
    "stats detail off\r\n",
    "cache_memlimit 64\r\n",
    "cache_memlimit 1\r\n",
    "lru_crawler tocrawl 0\r\n",
    "lru_crawler sleep 100\r\n",
    "lru tune 20 40 0.2 2.0\r\n",
    "lru tune 10 25 0.1 2.0 noreply\r\n",
    "slabs automove 0\r\n",
    "slabs automove 0 noreply\r\n",
];

/// Only what every version answers alike; `differences.rs` has the rest.
const BAD: &[&[u8]] = &[
    b"bogus\r\n",
    b"GET a\r\n",
    b"SET a 0 0 1\r\n",
    b"get a\n",
    b" get a\r\n",
    b"get  a  b\r\n",
    b"set a 0 0 3\r\nabcdefgh ijk\r\n",
    b"set a 0 0 3\r\nabcdeget b\r\n",
    b"append a 0 0 2\r\nabcdefgh\r\n",
    b"touch a x\r\n",
    b"gat x a\r\n",
    b"stats bogus\r\n",
    b"stats detail\r\n",
    b"incr a -5\r\n",
    b"lru_crawler\r\n",
    b"lru_crawler sleep x\r\n",
    b"lru_crawler sleep 1000001\r\n",
    b"lru_crawler metadump\r\n",
    b"lru tune 50 50 0.1 2.0\r\n",
    b"lru tune 1 1 0 1\r\n",
    b"lru mode bogus\r\n",
    b"lru temp_ttl x\r\n",
    b"slabs\r\n",
    b"slabs reassign 1\r\n",
    b"slabs automove 3\r\n",
    b"slabs automove ratio\r\n",
    b"get \xff\xfe\r\n",
];
