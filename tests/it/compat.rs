//! COMPAT.md is written from the command tables, so that it cannot promise what they lack.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs};

use tandem_memcached::{COMMANDS, OPCODES, Support};
use tandem_resp::Table;
use tandem_tests::oracle::{Kind, Oracle};

use crate::differences::MEMCACHED_WORDS;
use crate::newer::NEWER;

#[test]
fn compat_md_says_what_the_tables_say() {
    let wanted = document();
    if env::var("TANDEM_COMPAT").is_ok_and(|it| it == "write") {
        fs::write(path(), wanted).unwrap();
        return;
    }
    let found = fs::read_to_string(path()).unwrap_or_default();
    assert!(found == wanted, "COMPAT.md is stale: run cargo xtask compat");
}

/// The list that COMPAT.md counts against is the real server's own.
#[test]
fn the_list_of_commands_is_that_of_valkey() {
    let valkey = Oracle::start(Kind::Valkey, &[]).unwrap();
    let reply = valkey.ask(b"COMMAND LIST\r\n").unwrap();
    // `$3`, `get`, `$3`, `set`, ...
    let mut theirs: Vec<&str> = reply.lines().skip(1).skip(1).step_by(2).collect();
    let mut ours: Vec<&str> = valkey_commands().map(|(_, name)| name).collect();
    theirs.sort_unstable();
    ours.sort_unstable();
    assert_eq!(ours, theirs);
}

/// Family and name of every command of the Valkey that we follow; `client|list` is a subcommand.
fn valkey_commands() -> impl Iterator<Item = (&'static str, &'static str)> {
    include_str!("../data/valkey-commands.txt").lines().filter_map(|it| it.split_once(' '))
}

fn document() -> String {
    [vec![INTRODUCTION.to_owned()], resp(), memcached()].concat().join("\n") + "\n"
}

fn resp() -> Vec<String> {
    let ours: BTreeMap<&str, &str> = Table::get().docs().map(|it| (it.name, it.syntax)).collect();
    let mut families: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (family, name) in valkey_commands() {
        families.entry(family).or_default().push(name);
    }
    let all: Vec<&str> = families.values().flatten().copied().collect();
    let top: Vec<&str> = all.iter().copied().filter(|it| !it.contains('|')).collect();
    let n_ours = top.iter().filter(|it| ours.contains_key(**it)).count();
    let mut lines = vec![
        "## Redis and Valkey (RESP)\n".to_owned(),
        format!(
            "{n_ours} of Valkey 8.1's {} commands, with every option they have there.",
            top.len()
        ),
        "The others answer as unknown commands do.".to_owned(),
    ];
    lines.extend(families.iter().flat_map(|(family, names)| section(family, names, &ours)));
    let beyond: Vec<String> = ours.keys().filter(|it| !all.contains(it)).map(code).collect();
    if !beyond.is_empty() {
        lines.push(format!("\n### Beyond Valkey\n\n{}", beyond.join(", ")));
    }
    lines.push(RESP_NOTES.to_owned());
    lines
}

fn section(family: &str, names: &[&str], ours: &BTreeMap<&str, &str>) -> Vec<String> {
    let (here, missing): (Vec<&str>, Vec<&str>) =
        names.iter().partition(|it| ours.contains_key(*it));
    let mut lines = vec![format!("\n### {family}: {} of {}\n", here.len(), names.len())];
    if !here.is_empty() {
        lines.push("| command | arguments |\n|---|---|".to_owned());
    }
    lines.extend(here.iter().map(|name| format!("| {} | {} |", code(name), cell(ours[name]))));
    if !missing.is_empty() {
        let gap = if here.is_empty() { "" } else { "\n" };
        let missing: Vec<String> = missing.iter().map(code).collect();
        lines.push(format!("{gap}Not yet: {}", missing.join(", ")));
    }
    lines
}

fn memcached() -> Vec<String> {
    let n_complete = COMMANDS.iter().filter(|it| it.support == Support::Complete).count();
    let version = tandem_memcached::COMPATIBLE_VERSION;
    let mut lines = vec![
        "\n## memcached\n".to_owned(),
        format!("{n_complete} of the {} commands of memcached {version}", COMMANDS.len()),
        "and of ElastiCache (`config`), by the classic text protocol.\n".to_owned(),
        "| command | arguments | |\n|---|---|---|".to_owned(),
    ];
    lines.extend(COMMANDS.iter().map(|command| {
        let support = match command.support {
            Support::Complete => "complete",
            Support::Never => "no such part here",
        };
        format!("| `{}` | {} | {support} |", command.name, cell(command.syntax))
    }));
    lines.push(MEMCACHED_NOTES.to_owned());
    lines.extend(newer());
    lines.push("\n### Binary protocol\n".to_owned());
    lines.push(
        "Recognised by the first byte of a connection. What stands in braces are extras.".into(),
    );
    lines.push("\n| opcode | quiet | name | body | |\n|---|---|---|---|---|".to_owned());
    lines.extend(OPCODES.iter().map(|it| {
        let quiet = it.quiet.map_or(String::new(), |code| format!("`{code:#04x}`"));
        let support = match it.support {
            Support::Complete => "complete",
            Support::Never => "unknown, as to memcached itself",
        };
        format!("| `{:#04x}` | {quiet} | {} | {} | {support} |", it.code, it.name, cell(it.body))
    }));
    lines
}

/// Where 1.6.38, with which every answer is compared, has other words than 1.6.45.
fn newer() -> Vec<String> {
    let mut lines = vec![NEWER_NOTES.to_owned()];
    lines.push("\n| line | 1.6.38 | 1.6.45, and here |\n|---|---|---|".to_owned());
    lines.extend(MEMCACHED_WORDS.iter().map(|(line, before, now)| {
        format!("| {} | {} | {} |", shown(line), shown(before), shown(now))
    }));
    lines.push("\n| change | asked | 1.6.38 | 1.6.45, and here |\n|---|---|---|---|".to_owned());
    lines.extend(NEWER.iter().map(|it| {
        let cells = [it.ask, it.before, it.now].map(shown);
        format!("| {} | {} |", it.what, cells.join(" | "))
    }));
    lines
}

/// Lines of a conversation in a cell; an empty one is a line too.
fn shown(text: &str) -> String {
    if text.is_empty() {
        return "nothing".to_owned();
    }
    let lines = text.strip_suffix("\r\n").unwrap_or(text).split("\r\n");
    let line = |it: &str| if it.is_empty() { "(empty)".to_owned() } else { cell(&bare(it)) };
    lines.map(line).collect::<Vec<_>>().join("<br>")
}

fn bare(text: &str) -> String {
    text.replace('\n', "\\n")
}

/// A command's name as people type it.
fn code(name: &&str) -> String {
    format!("`{}`", name.replace('|', " ").to_ascii_uppercase())
}

/// Code in a table: a bar would end the cell.
fn cell(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{}`", text.replace('|', "\\|")) }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../COMPAT.md")
}

const RESP_NOTES: &str = "
### What has another meaning than in Valkey

- **Lists.** `list-max-listpack-size` acts as in Valkey: `OBJECT ENCODING` answers the same names at
  the same sizes, reckoned in the bytes that Valkey would need. `list-compress-depth` is kept and
  shown, and nothing is compressed. `LSET` takes an index beyond 32 bits for what it is.
- **Functions.** Each worker runs a library's text for itself: what the library keeps in local
  variables differs from one worker to the next. Names of functions that differ in case alone are
  taken, as in Valkey, and the first of them is called. A library that takes more than half a
  second to load is refused.
- **SORT.** Sorting a small sorted set leaves it a `listpack`; Valkey makes a `skiplist` of it.
  With patterns that name other keys (`BY`, `GET`) a sort sees all of them at one moment: up to 100
  of them are locked one by one, for more the whole database is, and other connections wait.
- **Streams.** `XAUTOCLAIM` takes memory for what it finds: it answers a huge `COUNT` like any
  other, where Valkey says `Insufficient memory`.
- **Freeing.** `FLUSHALL` and `FLUSHDB` do the same with `SYNC` and `ASYNC`, `DEL` the same as
  `UNLINK`, and `lazyfree-lazy-*` are kept and shown: keys are gone at once, and what takes long
  to free is freed beside the workers, however it went.
- **DEBUG.** `QUICKLIST-PACKED-THRESHOLD` checks its size and changes nothing: no answer depends
  on it.
- **Fields that expire** are Redis 8.0's. `OBJECT ENCODING` says `listpackex`, as Redis does, once
  a small hash was told to expire a field, and `listpack` and `hashtable` otherwise. `HLEN` counts
  fields that have expired until they are taken out: of a small hash before anybody looks, of a big
  one in the background. `INFO` has Redis's `subexpiry` while there is something to say, and
  `expired_subkeys`, which counts the fields that time has taken.";

const MEMCACHED_NOTES: &str = "
### What has another meaning than in memcached

- **Classes.** There are no slabs: an item takes the memory that it needs. `stats items`, `stats
  slabs`, `cachedump`, `metadump` and `crawl` speak of the class in which memcached would keep an
  item, by its size there and the classes that `-f`, `-n` and `-I` give, so that dashboards show
  how big items are. `mem_requested` and `size=` are memcached's sizes; `bytes`, `total_malloced`
  and `limit_maxbytes` are what items take here. No chunks are free, and pages are as many as the
  items would fill.
- **Counting.** `stats items`, `stats slabs` and `stats sizes` count all items when somebody asks,
  a few at a time. Of more than 10,000 items a count is good for 10 microseconds for each: of ten
  million, 100 s. `/metrics` tells the last count, counts anew after a scrape, and tells none
  that is ten minutes older than that.
- **Append.** One that would make an item too large answers `NOT_STORED`, as in memcached, and is
  not in `store_too_large`; the log and `tandem_store_too_large_total` tell of it.
- **LRU lists.** There is one order of use, by the second of the last one. Of the items of a
  class, hot are those that nobody has read since they were stored, warm are those that somebody
  has, both as far as `lru tune`'s shares and its factors of the oldest item's age allow, and all
  others are cold: after `lru mode flat` all are. Where `lru temp_ttl` gives short lives a list,
  those in it are the items that expire within so many seconds, whenever they were stored. No item
  moves between lists, and which item gives way does not depend on them. `hits_to_warm` are hits on
  items that had been read before, `evicted_active` are items that had been read within the last
  minute.
- **Crawler.** `lru_crawler crawl` removes all expired items, of every class, before it answers;
  `tocrawl` bounds the items that it looks at. `disable` stops the search for expired items in the
  background too. `crawler_reclaimed` and `crawler_items_checked` count that search as well.
  `sleep` is kept and told.
- **Dumps.** `metadump` and `mgdump` begin with `OK`, as since 1.6.45. `cas=0` says that nobody
  has asked for the item's number yet. A dump asks for none: each item would grow by eight bytes,
  push others out of a full cache, and pay for a new number at every later store. One dump or
  crawl runs at a time, others are answered `BUSY`. What comes behind a dump is answered after
  it.
- **Slabs.** `slabs reassign` and all of `slabs automove` but `automove 0` answer `CLIENT_ERROR
  slab reassignment disabled`.
- **UDP.** Off unless `-U` gives a port, and refused with `-S` and `-Y`, as by memcached: nobody
  could say who he is. Text and binary requests of one datagram are served; those of several are
  dropped, and so is the part of a request that is not whole, both without a word. An answer is
  one datagram of 1400 bytes at most, with those of all commands of the request, so that nobody
  can be flooded in another's name: where it would be more, and where a command takes several
  turns (dumps, `stats items` of many items), `SERVER_ERROR too much for UDP` or the status `Too
  large` takes its place, though what the commands did is done. memcached sends as many datagrams
  as it takes, one at least for each command. `watch` is refused and `quit` not answered. Nor is
  what begins as an answer does (with a capital, a digit or `0x81`), and whoever sends from a
  port below 1024: two servers would answer each other without end. One worker serves an address
  (`num_threads_per_udp`).
- **Watching.** `watch rawcmds` is accepted and there is nothing to hear of it, as in memcached
  1.6.38, which writes no line for a raw command either; nor is there of `sysevents` and the
  proxy's classes.
- **Options.** All letters and `-o` names of memcached are taken, but those of its proxy and what
  is not supported yet; the log says which of them have no effect and why.";

const NEWER_NOTES: &str = "
### What 1.6.45 does otherwise than 1.6.38

Every answer is compared with memcached 1.6.38; where a newer version answers otherwise, the newest
answer is given. Newer ones read commands by the proxy's parser, which makes most of the differences
below; else they mend crashes, the proxy, TLS and storage on disk. Of those, clients see this:

- **Authentication.** With `-Y` every line of a client that has not said who he is, an empty one
  too, is answered `CLIENT_ERROR unauthenticated`; 1.6.38 leaves lines in one packet with it
  unanswered. A token of more than 4096 bytes is `CLIENT_ERROR auth token too long`, and the
  connection closed. Passwords are compared in the same time wherever they differ.
- **Binary.** A body of 2^31 bytes and more is refused like any that is too large, or the
  connection closed where it cannot be skipped; 1.6.38 waits for it.
- **Dumps.** `metadump` and `mgdump` say `OK` first, since 1.6.45.

The tests have both versions of these conversations.";

const INTRODUCTION: &str = "\
# What Tandem answers

Written by `cargo xtask compat` from the command tables of the two front ends; a test fails when it
is stale. What is listed as here is compared with the real servers, reply by reply, in every test
run.
";
