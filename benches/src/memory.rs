//! `tandem-bench memory`: what an item costs beside its key and value.

use std::fmt::Write;

use anyhow::{Context, Result, ensure};

use crate::clock::{epoch_ms, pause_ms};
use crate::control::Control;
use crate::load::{Keys, Length, Load, Protocol, Stored, Wire, Work, Workload};
use crate::process::rss_bytes;
use crate::progress::Bar;
use crate::results::Kept;
use crate::servers::{Footing, Places, Recipe, Server};
use crate::shapes::{self, Shape};

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct MemoryOptions {
    #[command(flatten)]
    places: Places,
    #[command(flatten)]
    kept: Kept,
    #[arg(long, default_value_t = 1_000_000)]
    items: u32,
    #[arg(long, value_delimiter = ',', default_values_t = [32, 100, 512, 1024])]
    value_bytes: Vec<usize>,
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = PROTOCOLS)]
    protocol: Vec<Protocol>,
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = VARIANTS)]
    variant: Vec<Variant>,
    /// Collections to keep, beside strings
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Shape::ALL)]
    shape: Vec<Shape>,
}

/// What is kept beside the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Variant {
    Plain,
    /// A time to live of a day.
    Ttl,
    /// memcached's client flags.
    Flags,
}

/// One line of the table.
#[derive(serde::Serialize)]
struct Row {
    server: String,
    protocol: Protocol,
    variant: Variant,
    /// Bytes for each item beside its key and value, by value size.
    overhead: Vec<(usize, f64)>,
}

impl MemoryOptions {
    pub(crate) fn run(self) -> Result<()> {
        let mut rows = Vec::new();
        for protocol in &self.protocol {
            let recipes = self.places.recipes(*protocol)?;
            for variant in self.variants(*protocol) {
                for recipe in &recipes {
                    rows.push(self.row(recipe, variant)?);
                }
            }
        }
        let text = self.table(&rows) + &self.shapes()?;
        println!("{text}");
        self.kept.keep("memory", "txt", text.as_bytes())?;
        self.kept.keep("memory", "json", &serde_json::to_vec_pretty(&rows)?)
    }

    /// The collections' table: RESP's servers, one line each.
    fn shapes(&self) -> Result<String> {
        if self.shape.is_empty() || !self.protocol.contains(&Protocol::Resp) {
            return Ok(String::new());
        }
        let mut text = String::from("\nBytes of resident memory for each collection.\n\n");
        let _ = write!(text, "{:<22}", "");
        for shape in &self.shape {
            let _ = write!(text, "{:>10}", format!("{shape:?}"));
        }
        for recipe in self.places.recipes(Protocol::Resp)? {
            let _ = write!(text, "\n{:<22}", recipe.name);
            for shape in &self.shape {
                let server = recipe.start(Footing::for_items(self.items, COLLECTION_BYTES))?;
                let bytes = shapes::bytes_each(&server, *shape, self.items)
                    .with_context(|| format!("{} with {shape:?}", recipe.name))?;
                let _ = write!(text, "{bytes:>10.1}");
            }
        }
        Ok(text + "\n")
    }

    fn variants(&self, protocol: Protocol) -> Vec<Variant> {
        let is_possible = |it: &Variant| *it != Variant::Flags || protocol == Protocol::Memcached;
        self.variant.iter().copied().filter(is_possible).collect()
    }

    fn row(&self, recipe: &Recipe, variant: Variant) -> Result<Row> {
        let bar = Bar::steps(self.value_bytes.len() as u64);
        let mut overhead = Vec::new();
        for value_bytes in &self.value_bytes {
            bar.say(format!("{} {variant:?} {value_bytes} B", recipe.name));
            let bytes = self
                .overhead(recipe, variant, *value_bytes)
                .with_context(|| format!("{} with {value_bytes}-byte values", recipe.name))?;
            overhead.push((*value_bytes, bytes));
            bar.step();
        }
        Ok(Row { server: recipe.name.clone(), protocol: recipe.protocol, variant, overhead })
    }

    fn overhead(&self, recipe: &Recipe, variant: Variant, value_bytes: usize) -> Result<f64> {
        let server = recipe.start(Footing::for_items(self.items, value_bytes))?;
        let stored = Stored {
            value_bytes,
            expire_at_ms: (variant == Variant::Ttl).then(|| epoch_ms() + DAY_MS),
            client_flags: if variant == Variant::Flags { 7 } else { 0 },
        };
        let wire = Wire::new(server.protocol, stored);
        let fill = Load::fill(server.address, wire, Work::Strings.preload(self.items));
        // The same traffic on one key first: buffers are not what is measured here.
        let one_key = Workload::Mix { gets: 0, sets: 1, keys: Keys::Uniform(1) };
        let length = Length::Requests(u64::from(self.items / 10));
        Load { workload: one_key, length, ..fill.clone() }.run(&mut ())?;
        let before = settled_rss_bytes(&server)?;
        fill.run(&mut ())?;
        let n_items = Control::connect(server.protocol, server.address)?.n_items()?;
        ensure!(n_items == u64::from(self.items), "it holds {n_items} items of {}", self.items);
        let grown = settled_rss_bytes(&server)? as f64 - before as f64;
        Ok(grown / f64::from(self.items) - (KEY_BYTES + value_bytes) as f64)
    }

    fn table(&self, rows: &[Row]) -> String {
        let mut text = format!(
            "Bytes for each item beside its {KEY_BYTES}-byte key and its value: growth of resident \
             memory over {} items.\n\n{:<22}{:<11}{:<7}",
            self.items, "", "protocol", "with"
        );
        for value_bytes in &self.value_bytes {
            let _ = write!(text, "{:>8}", format!("{value_bytes} B"));
        }
        for row in rows {
            let variant = format!("{:?}", row.variant).to_ascii_lowercase();
            let protocol = row.protocol.name();
            let _ = write!(text, "\n{:<22}{protocol:<11}{variant:<7}", row.server);
            for (_, bytes) in &row.overhead {
                let _ = write!(text, "{bytes:>8.1}");
            }
        }
        text + "\n"
    }
}

/// Resident memory once it has stopped moving.
pub(crate) fn settled_rss_bytes(server: &Server) -> Result<u64> {
    let mut last = rss_bytes(server.pid())?;
    for _ in 0..SETTLE_TRIES {
        pause_ms(SETTLE_MS);
        let now = rss_bytes(server.pid())?;
        if now.abs_diff(last) < SETTLED_BYTES {
            return Ok(now);
        }
        last = now;
    }
    Ok(last)
}

const PROTOCOLS: [Protocol; 2] = [Protocol::Resp, Protocol::Memcached];
const VARIANTS: [Variant; 3] = [Variant::Plain, Variant::Ttl, Variant::Flags];
const KEY_BYTES: usize = 16;
/// What a collection takes at most, about, for each item that was asked for.
const COLLECTION_BYTES: usize = 1000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Servers rehash and compact in the background: ten seconds are enough for a million items.
const SETTLE_TRIES: u32 = 20;
const SETTLE_MS: u64 = 500;
/// A tenth of a byte for each of a million items.
const SETTLED_BYTES: u64 = 100_000;
