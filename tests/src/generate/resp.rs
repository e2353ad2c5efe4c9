//! Generated RESP commands: templates filled at random, and some of them spoiled.

use crate::generate::pools;
use crate::random::Random;

/// A command line as words.
pub type Words = Vec<Vec<u8>>;

/// One in so many commands is spoiled: a word too few, a word too many, a word of junk.
const SPOILED_ONE_IN: usize = 10;

/// Groups of a template repeat at most so often.
const REPEATS_MAX: usize = 3;

/// Upper case stands for itself, lower case for what `word` makes of it; `(a b)+` repeats.
const TEMPLATES: &[&str] = &[
    "APPEND key value",
    "DECR number-key",
    "DECRBY number-key integer",
    "GET any-key",
    "GET key",
    "GET number-key",
    "GETDEL any-key",
    "GETEX any-key",
    "GETEX key expiry",
    "GETRANGE any-key index index",
    "GETSET any-key value",
    "INCR number-key",
    "INCRBY number-key integer",
    "INCRBYFLOAT number-key float",
    "LCS key key",
    "LCS key key LEN",
    "LCS key key IDX MINMATCHLEN small",
    "LCS key key IDX WITHMATCHLEN",
    "MGET (any-key)+",
    "MSET (any-key value)+",
    "MSETNX (any-key value)+",
    "PSETEX key long-ms value",
    "SET any-key value",
    "SET key value",
    "SET key value condition",
    "SET key value GET",
    "SET key value condition GET expiry",
    "SET key value expiry condition",
    "SET key value KEEPTTL",
    "SET key value IFEQ value",
    "SET key value IFEQ value GET",
    "SET number-key integer",
    "SET number-key float",
    "SETEX key long-s value",
    "SETNX any-key value",
    "SETRANGE any-key small value",
    "STRLEN any-key",
    "SUBSTR any-key index index",
    "HDEL hash-key (field)+",
    "HEXISTS hash-key field",
    "HGET hash-key field",
    "HGETALL hash-key",
    "HINCRBY hash-key number-field integer",
    "HINCRBYFLOAT hash-key number-field float",
    "HKEYS hash-key",
    "HLEN hash-key",
    "HMGET hash-key (field)+",
    "HMSET hash-key (field value)+",
    "HRANDFIELD hash-key",
    "HRANDFIELD hash-key small",
    "HRANDFIELD hash-key index WITHVALUES",
    "HSCAN hash-key 0 COUNT 1000000",
    "HSCAN hash-key 0 MATCH pattern COUNT 1000000",
    "HSCAN hash-key 0 NOVALUES COUNT 1000000",
    "HSET hash-key (field value)+",
    "HSET hash-key number-field integer",
    "HSETNX hash-key field value",
    "HSTRLEN hash-key field",
    "HVALS hash-key",
    "COPY any-key any-key",
    "COPY any-key any-key REPLACE",
    "COPY any-key any-key DB db REPLACE",
    "DEL (any-key)+",
    "EXISTS (any-key)+",
    "EXPIRE any-key long-s",
    "EXPIRE any-key some-s expire-condition",
    "EXPIRE any-key past",
    "EXPIREAT any-key moment",
    "EXPIREAT any-key moment expire-condition expire-condition",
    "EXPIRETIME any-key",
    "KEYS pattern",
    "MOVE any-key db",
    "OBJECT ENCODING any-key",
    "OBJECT REFCOUNT hash-key",
    "OBJECT FREQ any-key",
    "PERSIST any-key",
    "PEXPIRE any-key long-ms",
    "EXPIRE any-key some-s expire-condition expire-condition",
    "PEXPIREAT any-key moment-ms",
    "PEXPIRETIME any-key",
    "PTTL any-key",
    "RANDOMKEY",
    "RENAME any-key any-key",
    "RENAMENX any-key any-key",
    "SCAN 0 COUNT 1000000",
    "SCAN 0 MATCH pattern COUNT 1000000",
    "SCAN 0 TYPE type COUNT 1000000",
    "TOUCH (any-key)+",
    "TTL any-key",
    "TYPE any-key",
    "UNLINK (any-key)+",
    "PING",
    "PING value",
    "ECHO value",
    "SELECT db",
    "CLIENT GETNAME",
    "CLIENT SETNAME field",
    "CLIENT NO-TOUCH on-off",
    "CLIENT NO-EVICT on-off",
    "COMMAND GETKEYS SET key value",
    "COMMAND GETKEYS MSET (key value)+",
    "COMMAND GETKEYSANDFLAGS COPY key key",
    "DBSIZE",
    "MEMORY USAGE any-key",
    "CONFIG GET maxmemory-policy",
    "NOSUCH value",
    "CONFIG NOSUCH",
];

/// These are run now and then only: they leave little to compare.
const RARE: &[&str] = &["FLUSHDB", "FLUSHALL", "SWAPDB db db", "RESET", "FLUSHDB ASYNC"];

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
    pub fn command(&mut self) -> Words {
        let templates = if self.random.once_in(150) { RARE } else { TEMPLATES };
        let template = *self.random.pick(templates);
        let mut words = self.fill(template);
        if self.random.once_in(SPOILED_ONE_IN) {
            self.spoil(&mut words);
        }
        words
    }

    fn fill(&mut self, template: &str) -> Words {
        let (before, rest) = template.split_once('(').unwrap_or((template, ")+"));
        let (group, after) = rest.split_once(")+").expect("a closed group");
        let mut words = self.fill_words(before);
        if !group.is_empty() {
            for _ in 0..=self.random.below(REPEATS_MAX) {
                words.extend(self.fill_words(group));
            }
        }
        words.extend(self.fill_words(after));
        words
    }

    fn fill_words(&mut self, template: &str) -> Words {
        template.split_whitespace().flat_map(|word| self.words(word)).collect()
    }

    fn spoil(&mut self, words: &mut Words) {
        let index = self.random.below(words.len());
        let junk = self.random.pick(pools::JUNK).to_vec();
        match self.random.below(4) {
            0 if words.len() > 1 && index > 0 => drop(words.remove(index)),
            1 => words.insert(index + 1, junk),
            2 if index > 0 => words[index] = junk,
            _ => {
                let name = words[0].clone();
                words[0] = self.any_case(&name);
            }
        }
    }

    fn any_case(&mut self, word: &[u8]) -> Vec<u8> {
        let mut word = word.to_vec();
        for byte in &mut word {
            if self.random.once_in(2) {
                byte.make_ascii_lowercase();
            }
        }
        word
    }

    /// What a placeholder stands for: mostly one word, sometimes an option of two or none.
    fn words(&mut self, kind: &str) -> Words {
        let pool = match kind {
            "any-key" => *self.random.pick(&[pools::KEYS, pools::NUMBER_KEYS, pools::HASH_KEYS]),
            // Two ends are never the same, so that it does not matter when the clock ticks.
            "some-s" => return vec![self.random.below(1 << 40).to_string().into_bytes()],
            "expiry" => return self.expiry(),
            "value" => return vec![self.value()],
            name => match pools::named(name) {
                Some(pool) => pool,
                None => return vec![name.as_bytes().to_vec()],
            },
        };
        vec![self.random.pick(pool).to_vec()]
    }

    fn expiry(&mut self) -> Words {
        let option = *self.random.pick(pools::EXPIRIES);
        option.split(|byte| *byte == b' ').map(<[u8]>::to_vec).collect()
    }

    fn value(&mut self) -> Vec<u8> {
        match self.random.below(10) {
            0 => Vec::new(),
            1 => self.random.pick(pools::INTEGERS).to_vec(),
            2 => self.random.pick(pools::FLOATS).to_vec(),
            3 => {
                let n = *self.random.pick(pools::VALUE_LENGTHS);
                vec![b'v'; n]
            }
            4 => {
                let n = self.random.below(200);
                self.random.bytes(n)
            }
            _ => self.random.pick(pools::TEXTS).to_vec(),
        }
    }
}
