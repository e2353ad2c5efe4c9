//! What is compared: every combination of the dimensions that the command line leaves in.

use super::goals;
use crate::load::{BIG, Collection, Footing, Length, Misses, Pace, SMALL, Shape};
use crate::load::{Load, Protocol, Spread, Stored, Wire, Work, Workload};
use crate::process::n_cores;
use crate::servers;

/// How servers and load share the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    /// A server with one worker on core 0, the load on core 1.
    Pinned,
    /// Servers with two workers, wherever the scheduler puts them and the load.
    Shared,
}

/// The dimensions; what is not given has all its values.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Selection {
    /// Only 64-byte values, uniform keys, 50 connections, against Valkey and memcached
    #[arg(long)]
    pub(super) quick: bool,
    /// Only the cells that have goals, and in them the servers that the goals name
    #[arg(long, conflicts_with = "quick")]
    pub(super) goals: bool,
    #[arg(long, value_enum, value_delimiter = ',')]
    mode: Vec<Mode>,
    #[arg(long, value_enum, value_delimiter = ',')]
    protocol: Vec<Protocol>,
    #[arg(long, value_enum, value_delimiter = ',')]
    work: Vec<Work>,
    #[arg(long, value_name = "N", value_delimiter = ',')]
    value_bytes: Vec<usize>,
    /// Elements of each collection, of works about collections
    #[arg(long, value_name = "N", value_delimiter = ',')]
    elements: Vec<u32>,
    #[arg(long, value_enum, value_delimiter = ',')]
    spread: Vec<Spread>,
    #[arg(long, short, value_name = "N", value_delimiter = ',')]
    connections: Vec<usize>,
    #[arg(long, short, value_name = "N", value_delimiter = ',')]
    pipeline: Vec<usize>,
}

/// Servers with one content: they are started and filled once for all cells of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Stage {
    pub(crate) mode: Mode,
    pub(crate) protocol: Protocol,
    pub(crate) content: Content,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Content {
    Strings {
        value_bytes: usize,
    },
    Carts,
    Collections {
        kind: Collection,
        n_elements: u32,
    },
    /// Strings that were written in memcached's binary protocol.
    Frames {
        value_bytes: usize,
    },
}

/// One comparison.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub(crate) struct Cell {
    pub(crate) stage: Stage,
    pub(crate) work: Work,
    pub(crate) spread: Spread,
    pub(crate) n_connections: usize,
    pub(crate) pipeline: usize,
}

impl Selection {
    /// All cells, those of one stage one after another.
    pub(crate) fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for stage in self.stages() {
            for work in self.works(stage.protocol, stage.content) {
                for spread in or(&self.spread, self.quick_or(&[Spread::Uniform], &SPREADS)) {
                    for n_connections in or(&self.connections, self.quick_or(&[50], &[50, 200])) {
                        for pipeline in or(&self.pipeline, pipelines(work)) {
                            cells.push(Cell { stage, work, spread, n_connections, pipeline });
                        }
                    }
                }
            }
        }
        cells.retain(|it| self.is_worth_it(*it));
        if self.goals {
            cells.retain(|it| !goals::of(*it).is_empty());
        }
        cells
    }

    /// Whether a server that only some goals name is left out of a stage.
    pub(super) fn leaves_out(&self, stage: Stage, server: &str) -> bool {
        let is_about_all_peers = matches!(stage.content, Content::Strings { value_bytes: 4096 });
        let is_narrow = self.quick || self.goals && !is_about_all_peers;
        is_narrow && server.starts_with("redis")
    }

    fn stages(&self) -> Vec<Stage> {
        let mut stages = Vec::new();
        let modes = self.quick_or(&[Mode::Pinned], &[Mode::Pinned, Mode::Shared]);
        for mode in or(&self.mode, modes) {
            for protocol in or(&self.protocol, &[Protocol::Resp, Protocol::Memcached]) {
                for content in self.contents(protocol) {
                    stages.push(Stage { mode, protocol, content });
                }
            }
        }
        stages
    }

    fn contents(&self, protocol: Protocol) -> Vec<Content> {
        let sizes = or(&self.value_bytes, self.quick_or(&[64], &[64, 512, 4096]));
        let frames = Content::Frames { value_bytes: sizes[0] };
        let all = sizes.into_iter().map(|value_bytes| Content::Strings { value_bytes });
        all.chain((protocol == Protocol::Resp).then_some(Content::Carts))
            .chain((protocol == Protocol::Memcached).then_some(frames))
            .chain(self.collections())
            .filter(|it| !self.works(protocol, *it).is_empty())
            .collect()
    }

    fn collections(&self) -> impl Iterator<Item = Content> {
        KINDS.into_iter().flat_map(|kind| {
            let sizes = or(&self.elements, &[SMALL, BIG]);
            sizes.into_iter().map(move |n_elements| Content::Collections { kind, n_elements })
        })
    }

    fn works(&self, protocol: Protocol, content: Content) -> Vec<Work> {
        let mut all =
            vec![Work::Strings, Work::CartIncrement, Work::CartRead, Work::BinaryMultiGet];
        // They cost what the classic ones do: the whole table need not show both.
        if self.goals {
            all.extend([Work::Meta, Work::MultiGet, Work::RateLimiter, Work::Transaction]);
            all.extend(SORTED_SET_WORKS);
        }
        let mut works = or(&self.work, self.quick_or(&[Work::Strings], &all));
        works.retain(|it| it.is_about_carts() == matches!(content, Content::Carts));
        works.retain(|it| it.collection() == content.collection());
        works.retain(|it| it.is_about_frames() == matches!(content, Content::Frames { .. }));
        works.retain(|it| it.is_for(protocol));
        works
    }

    /// With the load on the same cores, with carts and with meta commands, one value of the other
    /// dimensions says it all, unless more were asked for.
    fn is_worth_it(&self, cell: Cell) -> bool {
        let is_plain = cell.stage.mode == Mode::Pinned && cell.work == Work::Strings;
        is_plain
            || (!self.spread.is_empty() || cell.spread == Spread::Uniform)
                && (!self.connections.is_empty() || cell.n_connections == 50)
    }

    fn quick_or<'a, T>(&self, quick: &'a [T], full: &'a [T]) -> &'a [T] {
        if self.quick { quick } else { full }
    }
}

fn or<T: Copy>(given: &[T], default: &[T]) -> Vec<T> {
    if given.is_empty() { default.to_vec() } else { given.to_vec() }
}

fn pipelines(work: Work) -> &'static [usize] {
    match work {
        Work::Strings => &[1, 16, 100],
        Work::BinaryGet | Work::BinaryMultiGet => &[1, 16],
        _ => &[16],
    }
}

impl Content {
    fn collection(self) -> Option<Collection> {
        if let Content::Collections { kind, .. } = self { Some(kind) } else { None }
    }
}

impl Stage {
    pub(crate) fn wire(self) -> Wire {
        Wire::new(self.protocol, self.stored())
    }

    fn stored(self) -> Stored {
        let value_bytes = match self.content {
            Content::Strings { value_bytes } | Content::Frames { value_bytes } => value_bytes,
            Content::Carts | Content::Collections { .. } => 0,
        };
        Stored { value_bytes, ..Stored::default() }
    }

    /// How its servers run.
    pub(crate) fn footing(self, n_keys: u32) -> servers::Footing {
        let (n_threads, core) = match self.mode {
            Mode::Pinned => (1, Some(0)),
            Mode::Shared => (2, None),
        };
        let value_bytes = match self.content {
            Content::Strings { value_bytes } | Content::Frames { value_bytes } => value_bytes,
            Content::Carts | Content::Collections { .. } => self.bytes_per_key() as usize,
        };
        servers::Footing { n_threads, core, ..servers::Footing::for_items(n_keys, value_bytes) }
    }

    /// Bytes that a server needs for each key, roughly and rather too many.
    pub(crate) fn bytes_per_key(self) -> u64 {
        match self.content {
            Content::Strings { value_bytes } | Content::Frames { value_bytes } => {
                200 + value_bytes as u64 * 4 / 3
            }
            Content::Carts => 1000,
            Content::Collections { n_elements, .. } => 150 * u64::from(n_elements),
        }
    }

    /// Carts are 20 fields each: a tenth of the keys is as much data. Of collections there are so
    /// many that they have as many elements together.
    pub(crate) fn n_keys(self, n_keys: u32) -> u32 {
        match self.content {
            Content::Strings { .. } | Content::Frames { .. } => n_keys,
            Content::Carts => (n_keys / 10).max(1),
            Content::Collections { n_elements, .. } => (n_keys / n_elements).max(1),
        }
    }

    pub(crate) fn preload(self, n_keys: u32) -> Workload {
        match self.content {
            Content::Strings { .. } => Work::Strings.preload(n_keys),
            Content::Frames { .. } => Work::BinaryGet.preload(n_keys),
            Content::Carts => Work::CartRead.preload(n_keys),
            Content::Collections { kind, n_elements } => {
                Workload::FillCollections { shape: Shape { kind, n_elements }, n_keys }
            }
        }
    }

    pub(crate) fn name(self) -> String {
        let content = match self.content {
            Content::Strings { value_bytes } => format!("{value_bytes} B"),
            Content::Frames { value_bytes } => format!("binary {value_bytes} B"),
            Content::Carts => "carts".into(),
            Content::Collections { kind, n_elements } => format!("{} of {n_elements}", kind.name()),
        };
        let mode = match self.mode {
            Mode::Pinned => "",
            Mode::Shared => ", two workers",
        };
        format!("{} {content}{mode}", self.protocol.name())
    }
}

impl Cell {
    pub(crate) fn name(self) -> String {
        let work = match self.work {
            Work::Strings => "",
            Work::Meta => " mg and ms",
            Work::MultiGet => " get of 100 keys",
            Work::RateLimiter => " EVAL of a rate limiter",
            Work::Transaction => " MULTI of 10 SETs",
            Work::CartIncrement => " HINCRBY",
            Work::CartRead => " HGETALL",
            Work::BinaryGet => " get",
            Work::BinaryMultiGet => " 10 getq and a noop",
            Work::Varied => " varied",
            Work::ListPushPop => " LPUSH RPOP",
            Work::SetAdd => " SADD",
            Work::SetHas => " SISMEMBER",
            Work::SortedSetAdd => " ZADD",
            Work::SortedSetRange => " ZRANGE",
            Work::SortedSetRangeByScore => " ZRANGE BYSCORE",
            Work::SortedSetRank => " ZRANK",
            Work::StreamAdd => " XADD",
        };
        let (stage, spread) = (self.stage.name(), self.spread.name());
        format!("{stage}{work}, {spread}, c{}, p{}", self.n_connections, self.pipeline)
    }

    /// The load of this cell on a server that has been filled.
    pub(crate) fn load(self, address: std::net::SocketAddr, workload: Workload) -> Load {
        Load {
            address,
            wire: self.work.wire(self.stage.protocol, self.stage.stored()),
            workload,
            n_threads: self.n_load_threads(),
            n_connections: self.n_connections,
            pipeline: self.pipeline,
            pace: Pace::Closed,
            length: Length::Whole,
            misses: Misses::Wrong,
            footing: Footing::default(),
        }
    }

    fn n_load_threads(self) -> usize {
        let n_threads = if self.stage.mode == Mode::Shared { 2 } else { 1 };
        n_threads.min(self.n_connections)
    }

    /// Cores that the load could use if it had the machine to itself.
    pub(crate) fn n_load_cores(self) -> usize {
        self.n_load_threads().min(n_cores())
    }

    pub(crate) fn workload(self, n_keys: u32) -> Workload {
        let keys = self.spread.keys(n_keys);
        match self.stage.content {
            Content::Collections { kind, n_elements } => {
                self.work.on(Shape { kind, n_elements }, keys)
            }
            _ => self.work.workload(self.stage.protocol, keys),
        }
    }
}

const KINDS: [Collection; 4] =
    [Collection::List, Collection::Set, Collection::SortedSet, Collection::Stream];
/// Those with goals.
const SORTED_SET_WORKS: [Work; 4] =
    [Work::SortedSetAdd, Work::SortedSetRange, Work::SortedSetRangeByScore, Work::SortedSetRank];
const SPREADS: [Spread; 2] = [Spread::Uniform, Spread::Zipf];

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        selection: Selection,
    }

    fn cells(line: &str) -> Vec<Cell> {
        Line::parse_from(format!("bench {line}").split_whitespace()).selection.cells()
    }

    #[test]
    fn the_quick_table_is_small() {
        let names: Vec<String> = cells("--quick").into_iter().map(Cell::name).collect();
        let resp = ["RESP 64 B, uniform, c50, p1", "RESP 64 B, uniform, c50, p16"];
        assert_eq!(names[..2], resp);
        assert_eq!(names.len(), 6);
    }

    #[test]
    fn the_goals_have_their_cells_and_no_others() {
        let all = cells("--goals");
        assert!(all.iter().all(|it| !goals::of(*it).is_empty()));
        // Each protocol: 4 for each of two small sizes, 3 of 4 KiB, 2 for two workers; 2 carts.
        // And one of quiet gets, two of meta commands, one of many keys, a script and a
        // transaction; four works on two sizes of sorted sets.
        assert_eq!(all.len(), 2 * (2 * 4 + 3 + 2) + 2 + 1 + 2 + 1 + 2 + 4 * 2);
        let resp = cells("--goals --protocol resp --mode pinned --value-bytes 512 --work strings");
        let names: Vec<String> = resp.into_iter().map(Cell::name).collect();
        let ends = ["c50, p1", "c50, p16", "c50, p100", "c200, p1"];
        assert_eq!(names, ends.map(|end| format!("RESP 512 B, uniform, {end}")));
        assert!(cells("--goals --spread zipf").is_empty());
        assert!(cells("--goals --work varied").is_empty());
    }

    #[test]
    fn redis_takes_part_where_the_best_peer_counts() {
        let leaves_out = |line: &str| {
            let line = Line::parse_from(format!("bench {line}").split_whitespace());
            let stages = line.selection.stages();
            let redis = |it: &Stage| line.selection.leaves_out(*it, "redis-server 8.0.2");
            (stages.len(), stages.iter().filter(|it| redis(it)).count())
        };
        let only = "--mode pinned --protocol resp --work strings";
        assert_eq!(leaves_out(&format!("{only} --goals")), (3, 2));
        assert_eq!(leaves_out(&format!("{only} --quick")), (1, 1));
        assert_eq!(leaves_out(only), (3, 0));
    }

    #[test]
    fn filters_narrow_any_dimension() {
        let carts = cells("--work cart-increment,cart-read --mode pinned");
        assert_eq!(carts.len(), 2);
        let memcached = "--mode pinned --protocol memcached --work strings";
        let one = cells(&format!("{memcached} --value-bytes 7 --spread zipf -c 3 -p 9"));
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].name(), "memcached 7 B, zipf, c3, p9");
        let varied = cells("--work varied --mode pinned --value-bytes 64");
        let names: Vec<String> = varied.into_iter().map(Cell::name).collect();
        let protocols = ["RESP", "memcached"];
        assert_eq!(names, protocols.map(|it| format!("{it} 64 B varied, uniform, c50, p16")));
    }

    #[test]
    fn all_of_it_is_the_product_of_the_dimensions() {
        let pinned = cells("--mode pinned");
        let n_strings = pinned.iter().filter(|it| it.work == Work::Strings).count();
        assert_eq!(n_strings, 2 * 3 * 2 * 2 * 3);
        // Two of carts, two of frames.
        assert_eq!(pinned.len() - n_strings, 2 + 2);
    }
}
