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

/// What the table says of a command.
pub(crate) fn known(server: Kind, words: &Words) -> Known {
    let matches = |row: &&Row| {
        row.server == server
            && row.command.len() <= words.len()
            && row.command.iter().zip(words).all(|(name, word)| is(word, name))
            && row.with.is_none_or(|with| words.iter().any(|word| is(word, with)))
    };
    TABLE.iter().find(matches).map_or(Known::Same, |row| row.known)
}

fn is(word: &[u8], name: &str) -> bool {
    word.eq_ignore_ascii_case(name.as_bytes())
}
