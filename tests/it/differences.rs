//! What differs from the real servers on purpose, and why. Everything that is not in this table
//! must be the same.

use tandem_tests::differential::resp::Known;
use tandem_tests::generate::resp::Words;
use tandem_tests::oracle::Kind;

/// A command of a RESP server that is answered otherwise.
struct Row {
    server: Kind,
    /// Its first words, in upper case.
    command: &'static [&'static str],
    /// A further word that it must have.
    with: Option<&'static str>,
    known: Known,
    #[expect(dead_code, reason = "read by people")]
    reason: &'static str,
}

const TABLE: &[Row] = &[
    Row {
        server: Kind::Valkey,
        command: &["CLIENT", "SETNAME"],
        with: Some("\0"),
        known: Known::NotSent,
        reason: "Valkey ends names at a NUL, we refuse it like other special characters",
    },
    Row {
        server: Kind::Valkey,
        command: &["CONFIG", "GET"],
        with: Some("*"),
        known: Known::OtherAnswer,
        reason: "our settings are not all of theirs; transcripts check those that are",
    },
    Row {
        server: Kind::Valkey,
        command: &["LSET"],
        with: Some("9223372036854775807"),
        known: Known::NotSent,
        reason: "Valkey cuts the index off at 32 bits and sets the last element",
    },
    Row {
        server: Kind::Valkey,
        command: &["SCAN"],
        with: Some("-9223372036854775809"),
        known: Known::OtherAnswer,
        reason: "a cursor that no server has given; Valkey lets negative ones wrap around",
    },
    Row {
        server: Kind::Valkey,
        command: &["HSCAN"],
        with: Some("-9223372036854775809"),
        known: Known::OtherAnswer,
        reason: "a cursor that no server has given; Valkey lets negative ones wrap around",
    },
    Row {
        server: Kind::Valkey,
        command: &["COMMAND"],
        with: Some("1e400"),
        known: Known::OtherAnswer,
        reason: "Valkey finds the keys behind a count that its commands then refuse",
    },
    Row {
        server: Kind::Valkey,
        command: &["ZSCAN"],
        with: Some("-9223372036854775809"),
        known: Known::OtherAnswer,
        reason: "a cursor that no server has given; Valkey lets negative ones wrap around",
    },
    Row {
        server: Kind::Valkey,
        command: &["ZSCAN"],
        with: Some("9223372036854775808"),
        known: Known::OtherAnswer,
        reason: "a cursor that no server has given",
    },
    Row {
        server: Kind::Valkey,
        command: &["SCAN"],
        with: Some("9223372036854775808"),
        known: Known::OtherAnswer,
        reason: "a cursor that no server has given",
    },
    Row {
        server: Kind::Valkey,
        command: &["HSCAN"],
        with: Some("9223372036854775808"),
        known: Known::OtherAnswer,
        reason: "a cursor that no server has given",
    },
    Row {
        server: Kind::Valkey,
        command: &["SCAN"],
        with: Some("\0"),
        known: Known::OtherAnswer,
        reason: "Valkey's error echoes a name up to its first NUL",
    },
    Row {
        server: Kind::Redis,
        command: &["SET"],
        with: Some("IFEQ"),
        known: Known::NotSent,
        reason: "Valkey 8.1 has it, Redis 8.0 has not",
    },
    Row {
        server: Kind::Redis,
        command: &["SCAN"],
        with: Some("TYPE"),
        known: Known::OtherAnswer,
        reason: "Valkey refuses types that it does not know, Redis finds nothing of them",
    },
    Row {
        server: Kind::Redis,
        command: &["COMMAND"],
        with: None,
        known: Known::OtherAnswer,
        reason: "the table is Valkey's",
    },
    Row {
        server: Kind::Redis,
        command: &["OBJECT", "REFCOUNT"],
        with: None,
        known: Known::OtherAnswer,
        reason: "Redis shares small numbers between keys",
    },
    Row {
        server: Kind::Redis,
        command: &["DBSIZE"],
        with: None,
        known: Known::OtherAnswer,
        reason: "Redis counts keys that were stored with an end in the past, Valkey drops them",
    },
    Row {
        server: Kind::Redis,
        command: &["MEMORY"],
        with: None,
        known: Known::OtherAnswer,
        reason: "Redis weighs keys that were stored with an end in the past, Valkey drops them",
    },
];

/// Lines that memcached 1.6.45, which we follow, answers in other words than the 1.6.38 that the
/// tests have: the line, the words of 1.6.38 and ours.
pub(crate) const MEMCACHED_WORDS: &[(&str, &str, &str)] = &[
    ("\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("f\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("get\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("gets\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("gat\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("set k\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("set k 0 0\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("incr k\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("touch k\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("delete\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("verbosity\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("gat 4102444800 k\r\n", "END", "CLIENT_ERROR invalid exptime argument"),
    ("shutdown\r\n", "ERROR: shutdown not enabled", "SERVER_ERROR: shutdown not enabled"),
    ("flush_all 1 2 3\r\n", "ERROR", "OK"),
    ("version\r\n", "VERSION 1.6.38", "VERSION 1.6.45"),
    ("mg\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("ms\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("md\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    ("ma\r\n", "ERROR", "CLIENT_ERROR bad command line format"),
    (
        "md k v t f c h l k q u O1 N1 R1 T1 E1 C1 D1 J1 x\r\n",
        "CLIENT_ERROR options flags too long",
        "CLIENT_ERROR options flags are too long",
    ),
    (
        "ma k v t f c h l k q u O1 N1 R1 T1 E1 C1 D1 J1 x\r\n",
        "CLIENT_ERROR options flags too long",
        "CLIENT_ERROR options flags are too long",
    ),
    (
        "ms k 1 v t f c h l k q u O1 N1 R1 T1 E1 C1 D1 J1\r\n",
        "CLIENT_ERROR options flags too long",
        "CLIENT_ERROR options flags are too long",
    ),
    (
        "delete k 5\r\n",
        "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]",
        "NOT_FOUND",
    ),
];

/// What the table says of a command.
pub(crate) fn known(server: Kind, words: &Words) -> Known {
    let matches = |row: &&Row| {
        stands_for(server, row.server)
            && row.command.len() <= words.len()
            && row.command.iter().zip(words).all(|(name, word)| is(word, name))
            && row.with.is_none_or(|with| words.iter().any(|word| is(word, with)))
    };
    TABLE.iter().find(matches).map_or(Known::Same, |row| row.known)
}

/// What differs from Valkey differs from Redis too.
fn stands_for(server: Kind, row: Kind) -> bool {
    row == server || (row == Kind::Valkey && server == Kind::Redis)
}

fn is(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}

/// Commands that neither Valkey 8.1 nor Redis 8.0 has, and where they come from.
pub(crate) const BEYOND_VALKEY: &[(&str, &str)] =
    &[("delifeq", "Valkey 9.0"), ("msetex", "Valkey 9.1 and Redis 8.4")];

/// Commands whose arguments COMMAND DOCS does not describe as Valkey does, and why.
pub(crate) const COMMAND_DOCS_KNOWN: &[(&str, &str)] = &[
    ("client|kill", "Valkey marks the filters of a list of filters as optional once more"),
    ("debug", "Valkey describes none of its arguments"),
    ("quit", "Valkey does not say that it takes and ignores arguments"),
];

/// Beginnings of INFO fields that cannot be filled truthfully here: jemalloc's own counts, a single
/// event loop's cycles, growing reply buffers and the compiler of C.
pub(crate) const INFO_MISSING: &[&str] = &[
    "Memory/allocator_",
    "Memory/rss_overhead_",
    "Server/gcc_version",
    "Stats/eventloop_",
    "Stats/instantaneous_eventloop_",
    "Stats/reply_buffer_",
    "Stats/expired_stale_perc",
    "Stats/expired_time_cap_reached_count",
    "Stats/expire_cycle_cpu_milliseconds",
];

/// Settings whose defaults are not Valkey's, and why.
pub(crate) const CONFIG_KNOWN: &[(&str, &str)] = &[
    ("port", "each has its own"),
    ("dir", "each has its own"),
    ("syslog-ident", "each has its own name"),
];

/// Beginnings of memcached's statistics that nothing here could be counted for: its storage on
/// disk and the moving of memory between slab classes.
pub(crate) const STATS_MISSING: &[&str] = &["ext_", "slab_automove_freeratio"];

/// Statistics that memcached itself does not have, and why they are here.
pub(crate) const STATS_EXTRA: &[(&str, &str)] = &[
    ("cmd_config_get", "ElastiCache's"),
    ("cmd_config_set", "ElastiCache's"),
    ("curr_config", "ElastiCache's"),
    ("config_max", "ElastiCache's"),
    ("config_size_max", "ElastiCache's"),
];
