//! Generated RESP commands: templates filled at random, and some of them spoiled.

mod base;
mod bitmap;
mod geo;
mod hash_expiry;
mod hyperloglog;
mod list;
mod scripts;
mod sets;
mod sort;
mod sorted_sets;
mod stream;

use crate::generate::pools::{self, Pool};
use crate::random::Random;

pub use base::BASE;
pub use bitmap::BITMAP;
pub use geo::GEO;
pub use hash_expiry::HASH_EXPIRY;
pub use hyperloglog::HYPERLOGLOG;
pub use list::LIST;
pub use scripts::SCRIPTS;
pub use sets::{POPPED_SETS, SETS};
pub use sort::SORT;
pub use sorted_sets::SORTED_SETS;
pub use stream::STREAM;

/// A command line as words.
pub type Words = Vec<Vec<u8>>;

/// One in so many commands is spoiled: a word too few, a word too many, a word of junk.
const SPOILED_ONE_IN: usize = 10;

/// Groups of a template repeat at most so often.
const REPEATS_MAX: usize = 3;

/// Of so many commands of a family's stream one goes for any key (`DEL`, `COPY`, `EXPIRE`…) or
/// makes a value of another type.
const OTHERS_ONE_IN: usize = 4;

/// The commands of one type and what they are made of. The streams of a family run against the
/// real servers in a test of their own.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// Upper case stands for itself, lower case for what `words` or the pools make of it;
    /// `(a b)+` repeats.
    pub templates: &'static [&'static [&'static str]],
    /// Keys that hold values of the family: `any-key` picks among them and the others.
    pub keys: &'static [Pool],
    /// What the family's own placeholders stand for. `None` where the pools know the name.
    pub words: fn(&str, &mut Random) -> Option<Words>,
    /// Templates that read a value whole; `key` stands for each key that there is.
    pub contents: &'static [&'static str],
}

/// One in so many commands is one of `RARE`.
const RARE_ONE_IN: usize = 150;

/// These are run now and then only: they leave little to compare.
const RARE: &[&str] = &["FLUSHDB", "FLUSHALL", "SWAPDB db db", "RESET", "FLUSHDB ASYNC"];

/// A seeded source of commands.
#[derive(Debug)]
pub struct Generator {
    random: Random,
    family: Family,
}

impl Generator {
    /// The same seed gives the same commands.
    pub fn new(seed: u64, family: Family) -> Generator {
        Generator { random: Random::new(seed), family }
    }

    /// The source of randomness, for what surrounds the commands.
    pub fn random(&mut self) -> &mut Random {
        &mut self.random
    }

    /// The next command.
    pub fn command(&mut self) -> Words {
        let families = if self.random.once_in(OTHERS_ONE_IN) { BASE } else { self.family };
        let templates = if self.random.once_in(RARE_ONE_IN) { &[RARE] } else { families.templates };
        let template = self.random.pick_among(templates);
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
        if let Some(words) = (self.family.words)(kind, &mut self.random) {
            return words;
        }
        let pool = match kind {
            "any-key" if self.random.once_in(2) => *self.random.pick(self.family.keys),
            "any-key" => *self.random.pick(BASE.keys),
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
