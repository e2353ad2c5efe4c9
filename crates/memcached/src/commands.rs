//! The commands of memcached 1.6.45 and what becomes of them here. COMPAT.md lists this table.

/// How far a command is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// Every argument, limit and word.
    Complete,
    /// Answered with `ERROR`: it steers a part of memcached that does not exist here.
    Never,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// As clients write it; also the metrics label.
    pub name: &'static str,
    pub syntax: &'static str,
    pub support: Support,
    pub summary: &'static str,
}

const fn command(
    name: &'static str,
    syntax: &'static str,
    support: Support,
    summary: &'static str,
) -> Command {
    Command { name, syntax, support, summary }
}

use Support::{Complete, Never};

/// Every command, in the order of `Verb` and then those that are not served.
#[rustfmt::skip]
pub const COMMANDS: &[Command] = &[
    command("get", "<key>*", Complete, "Reads values."),
    command("gets", "<key>*", Complete, "Reads values with their CAS numbers."),
    command("gat", "<exptime> <key>*", Complete, "Reads values and sets their expiry."),
    command("gats", "<exptime> <key>*", Complete, "Reads values with CAS, sets their expiry."),
    command("set", "<key> <flags> <exptime> <bytes> [noreply]", Complete, "Stores a value."),
    command("add", "<key> <flags> <exptime> <bytes> [noreply]", Complete, "Stores a new key."),
    command("replace", "<key> <flags> <exptime> <bytes> [noreply]", Complete, "Stores an old key."),
    command("append", "<key> <flags> <exptime> <bytes> [noreply]", Complete, "Adds at the end."),
    command("prepend", "<key> <flags> <exptime> <bytes> [noreply]", Complete, "Adds in front."),
    command("cas", "<key> <flags> <exptime> <bytes> <cas> [noreply]", Complete,
        "Stores over an unchanged value."),
    command("delete", "<key> [noreply]", Complete, "Removes a key."),
    command("incr", "<key> <delta> [noreply]", Complete, "Adds to a number, wrapping at 2^64."),
    command("decr", "<key> <delta> [noreply]", Complete, "Subtracts from a number, down to 0."),
    command("touch", "<key> <exptime> [noreply]", Complete, "Sets the expiry."),
    command("flush_all", "[delay] [noreply]", Complete, "Removes every key, now or later."),
    command("version", "", Complete, "Tells the version."),
    command("verbosity", "<level> [noreply]", Complete, "Sets the verbosity."),
    command("quit", "", Complete, "Closes the connection."),
    command("stats", "[settings|items|slabs|sizes|conns|reset|detail|cachedump]", Complete,
        "Tells and resets statistics."),
    command("cache_memlimit", "<megabytes> [noreply]", Complete, "Sets the memory limit."),
    command("shutdown", "[graceful]", Complete, "Ends the server, where it is enabled (-A)."),
    command("lru_crawler", "crawl|metadump|mgdump|enable|disable|sleep|tocrawl", Complete,
        "Removes expired items now, dumps keys."),
    command("lru", "tune|mode|temp_ttl", Complete, "Tunes how `stats items` sorts items by use."),
    command("slabs", "reassign|automove", Complete, "Told that there are no slabs."),
    command("config", "get cluster", Complete, "Tells the nodes of the cluster (ElastiCache)."),
    command("watch", "<class>*", Complete, "Streams events."),
    command("mg", "<key> <flag>*", Complete, "Meta get."),
    command("ms", "<key> <bytes> <flag>*", Complete, "Meta set."),
    command("md", "<key> <flag>*", Complete, "Meta delete."),
    command("ma", "<key> <flag>*", Complete, "Meta arithmetic."),
    command("mn", "", Complete, "Meta no-op."),
    command("me", "<key> [b]", Complete, "Meta debug."),
    command("refresh_certs", "[noreply]", Complete, "Loads TLS certificates again."),
    command("extstore", "<option> <value>", Never, "Tunes memcached's storage on disk."),
];

/// The commands that are served, by their place in `COMMANDS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Verb {
    Get,
    Gets,
    Gat,
    Gats,
    Set,
    Add,
    Replace,
    Append,
    Prepend,
    Cas,
    Delete,
    Incr,
    Decr,
    Touch,
    FlushAll,
    Version,
    Verbosity,
    Quit,
    Stats,
    CacheMemlimit,
    Shutdown,
    LruCrawler,
    Lru,
    Slabs,
    Config,
    Watch,
    MetaGet,
    MetaSet,
    MetaDelete,
    MetaArithmetic,
    MetaNoop,
    MetaDebug,
    RefreshCerts,
}

impl Verb {
    /// The verb that a command line begins with.
    pub(crate) fn of(name: &[u8]) -> Option<Verb> {
        Some(match name {
            b"get" => Verb::Get,
            b"set" => Verb::Set,
            b"gets" => Verb::Gets,
            b"gat" => Verb::Gat,
            b"gats" => Verb::Gats,
            b"add" => Verb::Add,
            b"replace" => Verb::Replace,
            b"append" => Verb::Append,
            b"prepend" => Verb::Prepend,
            b"cas" => Verb::Cas,
            b"delete" => Verb::Delete,
            b"incr" => Verb::Incr,
            b"decr" => Verb::Decr,
            b"touch" => Verb::Touch,
            b"flush_all" => Verb::FlushAll,
            b"version" => Verb::Version,
            b"verbosity" => Verb::Verbosity,
            b"quit" => Verb::Quit,
            b"stats" => Verb::Stats,
            b"cache_memlimit" => Verb::CacheMemlimit,
            b"shutdown" => Verb::Shutdown,
            b"lru_crawler" => Verb::LruCrawler,
            b"lru" => Verb::Lru,
            b"slabs" => Verb::Slabs,
            b"config" => Verb::Config,
            b"watch" => Verb::Watch,
            b"mg" => Verb::MetaGet,
            b"ms" => Verb::MetaSet,
            b"md" => Verb::MetaDelete,
            b"ma" => Verb::MetaArithmetic,
            b"mn" => Verb::MetaNoop,
            b"me" => Verb::MetaDebug,
            b"refresh_certs" => Verb::RefreshCerts,
            _ => return None,
        })
    }

    /// True for the commands that a value follows.
    pub(crate) fn is_store(self) -> bool {
        (Verb::Set as u8..=Verb::Cas as u8).contains(&(self as u8))
    }

    /// True for the meta commands about a key.
    pub(crate) fn is_meta(self) -> bool {
        let meta = Verb::MetaGet as u8..=Verb::MetaDebug as u8;
        meta.contains(&(self as u8)) && self != Verb::MetaNoop
    }

    /// True for the retrievals that set the expiry of what they read.
    pub(crate) fn sets_expiry(self) -> bool {
        matches!(self, Verb::Gat | Verb::Gats)
    }

    /// True where the answer carries CAS numbers.
    pub(crate) fn tells_cas(self) -> bool {
        matches!(self, Verb::Gets | Verb::Gats)
    }

    /// True for the commands that may go on over many turns: nothing behind them runs before.
    pub(crate) fn may_go_on(self) -> bool {
        matches!(self, Verb::Stats | Verb::LruCrawler)
    }

    /// True for commands that are timed one call in many.
    pub(crate) fn is_fast(self) -> bool {
        let meta = Verb::MetaGet as u8..=Verb::MetaNoop as u8;
        (self as u8) <= Verb::Touch as u8 || meta.contains(&(self as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_and_the_verbs_agree() {
        for (index, command) in COMMANDS.iter().enumerate() {
            let verb = Verb::of(command.name.as_bytes());
            let served = command.support == Support::Complete;
            assert_eq!(verb.map(|it| it as usize), served.then_some(index), "{}", command.name);
        }
    }

    #[test]
    fn summaries_are_sentences() {
        for command in COMMANDS {
            assert!(command.summary.ends_with('.'), "{}", command.name);
            let n = COMMANDS.iter().filter(|it| it.name == command.name).count();
            assert_eq!(n, 1, "{} is there {n} times", command.name);
        }
    }
}
