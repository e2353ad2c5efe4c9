//! MEMORY: where the bytes are.

use tandem_engine::KeyspaceStats;

use crate::dispatch::{ClientCtx, Ctx};
use crate::error::Error;
use crate::keys::{Access, KeySpec, Keys};
use crate::reply::{Answer, Reply};
use crate::server::{Server, Usage};
use crate::spec::{Flags, Spec, plain, read};

const SPECIAL: &[&str] =
    &["nondeterministic_output", "request_policy:all_shards", "response_policy:special"];
const TO_SHARDS: &[&str] = &["request_policy:all_shards", "response_policy:all_succeeded"];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    plain("doctor", "", doctor).tips(SPECIAL)
        .doc("4.0.0", "O(1)", "Says what looks wrong about the memory."),
    plain("help", "", help).flags(&[Flags::LOADING, Flags::STALE])
        .doc("4.0.0", "O(1)", "Lists the subcommands."),
    plain("malloc-stats", "", malloc_stats).flags(&[Flags::LOADING]).tips(SPECIAL)
        .doc("4.0.0", "Depends on the allocator.", "Shows the allocator's own report."),
    plain("purge", "", purge).flags(&[Flags::LOADING]).tips(TO_SHARDS)
        .doc("4.0.0", "Depends on the allocator.", "Gives unused memory back to the system."),
    plain("stats", "", stats).tips(SPECIAL)
        .doc("4.0.0", "O(1)", "Tells what the memory is used for."),
    read("usage", "key [SAMPLES count]", Keys::SECOND, usage)
        .keyed(&[KeySpec::new(Keys::SECOND, Access::RO)])
        .doc("4.0.0", "O(1)", "Tells how many bytes a key costs."),
];

/// Everything that INFO and MEMORY say about memory, from one look.
pub(super) struct Memory {
    pub(super) keyspace: KeyspaceStats,
    pub(super) process: Usage,
}

impl Memory {
    pub(super) fn of(server: &Server) -> Memory {
        Memory { keyspace: server.keyspace.stats(), process: server.host.usage() }
    }

    /// The engine settles its total in steps of some size; below one the parts tell more.
    pub(super) fn used_bytes(&self) -> u64 {
        let parts = self.keyspace.item_bytes + self.keyspace.table_bytes;
        self.keyspace.used_bytes.max(parts)
    }

    pub(super) fn peak_bytes(&self) -> u64 {
        self.keyspace.peak_bytes.max(self.used_bytes())
    }

    /// What is not keys and values: headers, tables, room in segments.
    pub(super) fn overhead_bytes(&self) -> u64 {
        self.used_bytes().saturating_sub(self.keyspace.payload_bytes)
    }

    pub(super) fn dataset_percent(&self) -> f64 {
        percent(self.keyspace.payload_bytes, self.used_bytes())
    }

    pub(super) fn peak_percent(&self) -> f64 {
        percent(self.used_bytes(), self.peak_bytes())
    }

    /// What the system sees for each byte that we count.
    pub(super) fn fragmentation(&self) -> f64 {
        ratio(self.process.rss_bytes, self.used_bytes())
    }
}

pub(super) fn ratio(a: u64, b: u64) -> f64 {
    if b == 0 { 0.0 } else { a as f64 / b as f64 }
}

fn percent(part: u64, whole: u64) -> f64 {
    ratio(part, whole) * 100.0
}

/// `a - b` where either may be the larger.
pub(super) fn difference(a: u64, b: u64) -> i64 {
    a as i64 - b as i64
}

fn doctor(cx: &mut ClientCtx<'_>) -> Answer {
    let memory = Memory::of(cx.server);
    let mut findings = Vec::new();
    if memory.used_bytes() < SMALL_BYTES {
        findings
            .push("The keyspace holds so little that there is nothing to diagnose.".to_string());
    } else {
        if memory.fragmentation() > FRAGMENTATION_HIGH {
            findings.push(format!(
                "The process holds {:.2} times the memory of the keyspace. MEMORY PURGE gives \
                 back what the allocator keeps.",
                memory.fragmentation()
            ));
        }
        if memory.peak_percent() < PEAK_PERCENT_LOW {
            findings.push(format!(
                "The peak was much higher than now ({:.0} % of it is in use).",
                memory.peak_percent()
            ));
        }
        if memory.keyspace.dead_bytes * 4 > memory.used_bytes() {
            findings.push(
                "More than a quarter of the segments is dead bytes that wait for compaction."
                    .to_string(),
            );
        }
    }
    if findings.is_empty() {
        findings.push("Nothing looks wrong about this server's memory.".to_string());
    }
    Ok(cx.reply.verbatim("txt", &(findings.join("\n") + "\n")))
}

fn help(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.help("MEMORY", HELP))
}

fn malloc_stats(cx: &mut ClientCtx<'_>) -> Answer {
    Ok(cx.reply.verbatim("txt", &cx.server.host.allocator_report()))
}

fn purge(cx: &mut ClientCtx<'_>) -> Answer {
    cx.server.host.purge();
    Ok(cx.reply.ok())
}

/// `key [SAMPLES count]`: the engine knows the exact size, so nothing is sampled.
fn usage(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    while !cx.args.is_done() {
        if !cx.args.option("SAMPLES") || cx.args.integer()? < 0 {
            return Err(Error::Syntax);
        }
    }
    Ok(match cx.db.peek(key) {
        Some(item) => cx.reply.count(item.total_bytes()),
        None => cx.reply.null(),
    })
}

enum Figure {
    Bytes(u64),
    Signed(i64),
    Ratio(f64),
}

fn stats(cx: &mut ClientCtx<'_>) -> Answer {
    let memory = Memory::of(cx.server);
    let before = counted(cx.server, &memory);
    let after = measured(&memory);
    let answered = cx.reply.map_header(before.len() + after.len());
    figures(&mut cx.reply, before);
    figures(&mut cx.reply, after);
    Ok(answered)
}

fn figures(reply: &mut Reply<'_>, figures: Vec<(&str, Figure)>) {
    for (name, figure) in figures {
        reply.text(name);
        match figure {
            Figure::Bytes(n) => reply.int(n as i64),
            Figure::Signed(n) => reply.int(n),
            Figure::Ratio(it) => reply.double(&it.to_string()),
        };
    }
}

fn counted(server: &Server, memory: &Memory) -> Vec<(&'static str, Figure)> {
    vec![
        ("peak.allocated", Figure::Bytes(memory.peak_bytes())),
        ("total.allocated", Figure::Bytes(memory.used_bytes())),
        ("startup.allocated", Figure::Bytes(0)),
        ("replication.backlog", Figure::Bytes(0)),
        ("clients.slaves", Figure::Bytes(0)),
        ("clients.normal", Figure::Bytes(0)),
        ("cluster.links", Figure::Bytes(0)),
        ("aof.buffer", Figure::Bytes(0)),
        ("lua.caches", Figure::Bytes(server.scripts.figures().text_bytes)),
        ("functions.caches", Figure::Bytes(server.scripts.functions.figures().bytes)),
    ]
}

fn measured(memory: &Memory) -> Vec<(&'static str, Figure)> {
    let Memory { keyspace, process } = memory;
    let per_key = memory.used_bytes().checked_div(keyspace.n_items).unwrap_or_default();
    let (allocated, active, resident) =
        (process.allocated_bytes, process.allocator_active_bytes, process.allocator_resident_bytes);
    vec![
        ("overhead.db.hashtable.lut", Figure::Bytes(keyspace.table_bytes)),
        ("overhead.db.hashtable.rehashing", Figure::Bytes(0)),
        ("overhead.total", Figure::Bytes(memory.overhead_bytes())),
        ("db.dict.rehashing.count", Figure::Bytes(0)),
        ("keys.count", Figure::Bytes(keyspace.n_items)),
        ("keys.bytes-per-key", Figure::Bytes(per_key)),
        ("dataset.bytes", Figure::Bytes(keyspace.payload_bytes)),
        ("dataset.percentage", Figure::Ratio(memory.dataset_percent())),
        ("peak.percentage", Figure::Ratio(memory.peak_percent())),
        ("allocator.allocated", Figure::Bytes(allocated)),
        ("allocator.active", Figure::Bytes(active)),
        ("allocator.resident", Figure::Bytes(resident)),
        ("allocator.muzzy", Figure::Bytes(0)),
        ("allocator-fragmentation.ratio", Figure::Ratio(ratio(active, allocated))),
        ("allocator-fragmentation.bytes", Figure::Signed(difference(active, allocated))),
        ("allocator-rss.ratio", Figure::Ratio(ratio(resident, active))),
        ("allocator-rss.bytes", Figure::Signed(difference(resident, active))),
        ("rss-overhead.ratio", Figure::Ratio(ratio(process.rss_bytes, resident))),
        ("rss-overhead.bytes", Figure::Signed(difference(process.rss_bytes, resident))),
        ("fragmentation", Figure::Ratio(memory.fragmentation())),
        ("fragmentation.bytes", Figure::Signed(difference(process.rss_bytes, memory.used_bytes()))),
    ]
}

/// Below this a process's own few megabytes drown every ratio.
const SMALL_BYTES: u64 = 32 << 20;

/// The design's promise is that RSS stays within 10 % of the budget.
const FRAGMENTATION_HIGH: f64 = 1.25;

const PEAK_PERCENT_LOW: f64 = 66.0;

const HELP: &[&str] = &[
    "DOCTOR",
    "    Say what looks wrong about the memory.",
    "MALLOC-STATS",
    "    Show the allocator's own report.",
    "PURGE",
    "    Give unused memory back to the system.",
    "STATS",
    "    Tell what the memory is used for.",
    "USAGE <key> [SAMPLES <count>]",
    "    Tell how many bytes a key costs. The figure is exact: nothing is sampled.",
];
