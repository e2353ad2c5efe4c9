//! What to ask next: the mix of operations and the choice of keys.

use std::sync::Arc;

use fastrand::Rng;

use super::collections::{Collection, Does, SMALL, Shape};
use super::varied;
use super::wire::{CART_FIELDS, Many, Op, Protocol, Stored, Wire};
use crate::zipf::zipf_draws;

/// What a run asks for.
#[derive(Clone, Debug)]
pub(crate) enum Workload {
    /// Writes every key once, in order: `first..first + n_keys`.
    Fill { first: u32, n_keys: u32 },
    /// Writes every cart once, in order.
    FillCarts { n_keys: u32 },
    /// `gets` reads, then `sets` writes, over `n_keys` keys.
    Mix { gets: u32, sets: u32, keys: Keys },
    /// Writes new keys in order until there are `n_keys`, with `gets` reads of old ones after
    /// each write.
    Grow { gets: u32, n_keys: u32 },
    /// Adds to a field of a cart.
    CartIncrement { keys: Keys },
    /// Writes the first keys once, in order, in frames of the binary protocol.
    FillFrames { n_keys: u32 },
    /// Writes all elements of the first collections once, in order.
    FillCollections { shape: Shape, n_keys: u32 },
    /// Does one thing to collections; pops what it pushed.
    Collections { shape: Shape, does: Does, keys: Keys },
    /// Does one thing to one key after another, or to those in a row from it on.
    Each { op: Op, keys: Keys },
    /// All commands of `varied` in turn.
    Varied { n_commands: u32, keys: Keys },
}

/// How keys are chosen among the first n.
#[derive(Clone, Debug)]
pub(crate) enum Keys {
    Uniform(u32),
    /// Draws made beforehand.
    Zipf(Arc<[u32]>),
}

impl Keys {
    /// The same choice for the first of many keys: it leaves room for the others.
    pub(crate) fn firsts(self, many: Many) -> Keys {
        let n_others = many.span();
        match self {
            Keys::Uniform(n_keys) => Keys::Uniform(n_keys.saturating_sub(n_others).max(1)),
            Keys::Zipf(draws) => {
                Keys::Zipf(draws.iter().map(|it| it.saturating_sub(n_others)).collect())
            }
        }
    }
}

/// The name of a choice of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Spread {
    Uniform,
    Zipf,
}

impl Spread {
    pub(crate) fn keys(self, n_keys: u32) -> Keys {
        match self {
            Spread::Uniform => Keys::Uniform(n_keys),
            Spread::Zipf => Keys::Zipf(zipf_draws(n_keys, 1)),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Spread::Uniform => "uniform",
            Spread::Zipf => "zipf",
        }
    }
}

/// What clients do, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Work {
    /// GETs and SETs of strings.
    Strings,
    /// The same by `mg` and `ms`; memcached's alone.
    Meta,
    /// Gets of a hundred keys; memcached's alone.
    MultiGet,
    /// EVAL of a rate limiter.
    RateLimiter,
    /// Ten SETs in MULTI and EXEC.
    Transaction,
    /// HINCRBY on fields of carts.
    CartIncrement,
    /// HGETALL of carts.
    CartRead,
    /// Gets in memcached's binary protocol.
    BinaryGet,
    /// Ten quiet gets and a no-op in memcached's binary protocol.
    BinaryMultiGet,
    /// LPUSH and RPOP on lists, in turn.
    ListPushPop,
    /// SADD of members that are there.
    SetAdd,
    /// SISMEMBER.
    SetHas,
    /// ZADD of members that are there, with new scores.
    SortedSetAdd,
    /// ZRANGE of ten members by rank.
    SortedSetRange,
    /// ZRANGE of ten members by score.
    SortedSetRangeByScore,
    /// ZRANK.
    SortedSetRank,
    /// XADD to streams that are trimmed roughly.
    StreamAdd,
    /// All kinds of commands in turn, some of whose keys expire; replies are only looked at for
    /// errors.
    Varied,
}

impl Work {
    /// What has to be written before `n_keys` keys can be worked on.
    pub(crate) fn preload(self, n_keys: u32) -> Workload {
        if let Some(kind) = self.collection() {
            return Workload::FillCollections { shape: Shape { kind, n_elements: SMALL }, n_keys };
        }
        match self {
            Work::CartIncrement | Work::CartRead => Workload::FillCarts { n_keys },
            Work::BinaryGet | Work::BinaryMultiGet => Workload::FillFrames { n_keys },
            _ => Workload::Fill { first: 0, n_keys },
        }
    }

    /// The work on keys that are there; strings are read ten times as often as written.
    pub(crate) fn workload(self, protocol: Protocol, keys: Keys) -> Workload {
        match self {
            Work::CartIncrement => Workload::CartIncrement { keys },
            Work::CartRead => Workload::Each { op: Op::CartRead, keys },
            Work::MultiGet => {
                let many = Many::HUNDRED;
                Workload::Each { op: Op::GetMany(many), keys: keys.firsts(many) }
            }
            Work::RateLimiter => Workload::Each { op: Op::RateLimit, keys },
            Work::Transaction => {
                Workload::Each { op: Op::Transaction, keys: keys.firsts(Many::PAGE) }
            }
            Work::BinaryGet => Workload::Each { op: Op::FrameGet, keys },
            Work::BinaryMultiGet => {
                Workload::Each { op: Op::FrameGets, keys: keys.firsts(Many::PAGE) }
            }
            Work::Varied => {
                let n_commands = varied::n_commands(protocol);
                Workload::Varied { n_commands, keys: keys.firsts(Many::PAGE) }
            }
            other => match other.collection() {
                Some(kind) => other.on(Shape { kind, n_elements: SMALL }, keys),
                None => Workload::Mix { gets: 10, sets: 1, keys },
            },
        }
    }

    /// The work on collections of a shape.
    pub(crate) fn on(self, shape: Shape, keys: Keys) -> Workload {
        Workload::Collections { shape, does: self.does(), keys }
    }

    /// How requests of this work look.
    pub(crate) fn wire(self, protocol: Protocol, stored: Stored) -> Wire {
        if self == Work::Meta { Wire::meta(stored) } else { Wire::new(protocol, stored) }
    }

    /// Whether clients of a protocol can do it.
    pub(crate) fn is_for(self, protocol: Protocol) -> bool {
        match self {
            Work::Meta | Work::MultiGet | Work::BinaryGet | Work::BinaryMultiGet => {
                protocol == Protocol::Memcached
            }
            Work::Strings | Work::Varied => true,
            _ => protocol == Protocol::Resp,
        }
    }

    pub(crate) fn is_about_carts(self) -> bool {
        matches!(self, Work::CartIncrement | Work::CartRead)
    }

    pub(crate) fn is_about_frames(self) -> bool {
        matches!(self, Work::BinaryGet | Work::BinaryMultiGet)
    }
}

/// The requests of one thread.
pub(crate) struct Source {
    workload: Workload,
    random: Rng,
    /// Place in the cycle of gets and sets.
    turn: u32,
    /// The next key of an ordered workload, and the distance to the one after it; or the last
    /// list that was pushed to.
    next_key: u32,
    step: u32,
    draw: usize,
}

/// One request to come.
pub(crate) struct Ask {
    pub(crate) op: Op,
    pub(crate) key: u32,
    pub(crate) field: u32,
}

impl Source {
    pub(crate) fn new(workload: Workload, thread: u32, n_threads: u32) -> Source {
        let mut random = Rng::with_seed(u64::from(thread) + 1);
        let draw = match &workload {
            Workload::Mix { keys: Keys::Zipf(draws), .. }
            | Workload::Each { keys: Keys::Zipf(draws), .. } => random.u32(..draws.len() as u32),
            _ => 0,
        };
        let first = if let Workload::Fill { first, .. } = workload { first } else { 0 };
        Source {
            workload,
            random,
            turn: 0,
            next_key: first + thread,
            step: n_threads,
            draw: draw as usize,
        }
    }

    /// The next request; `None` when an ordered workload is through.
    pub(crate) fn next(&mut self) -> Option<Ask> {
        let (random, draw) = (&mut self.random, &mut self.draw);
        let ask = match &self.workload {
            Workload::Fill { first, n_keys } => {
                let end = first + n_keys;
                Ask { op: Op::Set, key: self.in_order(end)?, field: 0 }
            }
            Workload::FillCarts { n_keys } => {
                Ask { op: Op::CartFill, key: self.in_order(*n_keys)?, field: 0 }
            }
            Workload::Mix { gets, sets, keys } => {
                self.turn = if self.turn + 1 >= gets + sets { 0 } else { self.turn + 1 };
                let op = if self.turn < *gets { Op::Get } else { Op::Set };
                Ask { op, key: choose(keys, random, draw), field: 0 }
            }
            Workload::Grow { gets, n_keys } => {
                let (gets, end) = (*gets, *n_keys);
                self.turn = if self.turn >= gets { 0 } else { self.turn + 1 };
                if self.turn > 0 && self.next_key > 0 {
                    let key = self.random.u32(..self.next_key);
                    return Some(Ask { op: Op::Get, key, field: 0 });
                }
                Ask { op: Op::Set, key: self.in_order(end)?, field: 0 }
            }
            Workload::CartIncrement { keys } => {
                let key = choose(keys, random, draw);
                Ask { op: Op::CartIncrement, key, field: random.u32(..CART_FIELDS) }
            }
            Workload::FillFrames { n_keys } => {
                Ask { op: Op::FrameSet, key: self.in_order(*n_keys)?, field: 0 }
            }
            Workload::Each { op, keys } => {
                Ask { op: *op, key: choose(keys, random, draw), field: 0 }
            }
            Workload::FillCollections { shape, n_keys } => {
                let (shape, n_fills) = (*shape, shape.n_fills());
                let nth = self.in_order(n_fills * n_keys)?;
                let op = Op::Collection(shape, Does::Fill);
                Ask { op, key: nth / n_fills, field: nth % n_fills }
            }
            Workload::Collections { shape, does, keys } => {
                self.turn ^= 1;
                let is_pop = shape.kind == Collection::List && self.turn == 0;
                if !is_pop {
                    self.next_key = choose(keys, random, draw);
                }
                let does = if is_pop { Does::Pop } else { *does };
                let op = Op::Collection(*shape, does);
                Ask { op, key: self.next_key, field: random.u32(..) }
            }
            Workload::Varied { n_commands, keys } => {
                self.turn = if self.turn + 1 >= *n_commands { 0 } else { self.turn + 1 };
                Ask { op: Op::Varied, key: choose(keys, random, draw), field: self.turn }
            }
        };
        Some(ask)
    }

    fn in_order(&mut self, end: u32) -> Option<u32> {
        let key = self.next_key;
        self.next_key += self.step;
        (key < end).then_some(key)
    }
}

fn choose(keys: &Keys, random: &mut Rng, draw: &mut usize) -> u32 {
    match keys {
        Keys::Uniform(n_keys) => random.u32(..*n_keys),
        Keys::Zipf(draws) => {
            *draw = if *draw + 1 >= draws.len() { 0 } else { *draw + 1 };
            draws[*draw]
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_of(workload: Workload, n_threads: u32) -> Vec<u32> {
        let sources = (0..n_threads).map(|it| Source::new(workload.clone(), it, n_threads));
        let mut keys: Vec<u32> = sources
            .flat_map(|mut it| std::iter::from_fn(move || it.next()).map(|it| it.key))
            .collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn filling_covers_every_key_once_whatever_the_threads() {
        for n_threads in [1, 3] {
            let keys = keys_of(Workload::Fill { first: 5, n_keys: 10 }, n_threads);
            assert_eq!(keys, (5..15).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_mix_keeps_its_proportion() {
        let keys = Keys::Uniform(100);
        let mut source = Source::new(Workload::Mix { gets: 10, sets: 1, keys }, 0, 1);
        let n_sets = (0..1100).filter_map(|_| source.next()).filter(|it| it.op == Op::Set).count();
        assert_eq!(n_sets, 100);
    }

    #[test]
    fn growing_reads_only_what_was_written_before() {
        let mut source = Source::new(Workload::Grow { gets: 2, n_keys: 50 }, 0, 1);
        let (mut n_written, mut n_read) = (0, 0);
        while let Some(ask) = source.next() {
            if ask.op == Op::Set {
                n_written += 1;
                continue;
            }
            assert!(ask.key < n_written);
            n_read += 1;
        }
        assert_eq!(n_written, 50);
        assert!(n_read >= 98, "{n_read}");
    }
}
