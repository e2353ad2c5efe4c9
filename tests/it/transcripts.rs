//! Tests about the transcripts themselves: that they are true, and that they leave nothing out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tandem_memcached::{COMMANDS, OPCODES, Support};
use tandem_resp::Table;
use tandem_tests::frame;
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::peers::SocketPeer;
use tandem_tests::transcript::{self, Dialect, Found};

#[test]
fn every_resp_transcript_is_what_valkey_answers() {
    let arguments = ["--enable-debug-command", "yes"];
    replay("resp", "check", Dialect::Resp, || Oracle::start(Kind::Valkey, &arguments).unwrap());
}

#[test]
fn every_transcript_of_what_redis_alone_has_is_what_redis_answers() {
    let start = || Oracle::start(Kind::Redis, &[]).unwrap();
    replay("resp", "check_redis", Dialect::Resp, start);
}

#[test]
fn every_memcached_transcript_is_what_memcached_answers() {
    replay("memcached", "check", Dialect::Memcached, || {
        Oracle::start(Kind::Memcached, &[]).unwrap()
    });
}

#[test]
fn every_binary_transcript_is_what_memcached_answers() {
    replay("binary", "check", Dialect::Binary, || Oracle::start(Kind::Memcached, &[]).unwrap());
}

#[test]
fn every_row_of_the_resp_table_occurs_in_a_transcript() {
    let seen = names_in("resp", b"|");
    let missing: Vec<&str> =
        Table::get().docs().map(|it| it.name).filter(|name| !seen.contains(*name)).collect();
    assert!(missing.is_empty(), "no transcript runs {missing:?}");
}

#[test]
fn every_complete_memcached_command_occurs_in_a_transcript() {
    let seen = names_in("memcached", b" ");
    let complete = COMMANDS.iter().filter(|it| matches!(it.support, Support::Complete));
    let missing: Vec<&str> =
        complete.map(|it| it.name).filter(|name| !seen.contains(*name)).collect();
    assert!(missing.is_empty(), "no transcript runs {missing:?}");
}

#[test]
fn every_complete_opcode_occurs_in_a_transcript() {
    let seen = names_in("binary", b" ");
    let complete = OPCODES.iter().filter(|it| it.support == Support::Complete);
    let codes = complete.flat_map(|it| [Some(it.code), it.quiet]).flatten();
    let missing: Vec<String> = codes.map(frame::name).filter(|it| !seen.contains(it)).collect();
    assert!(missing.is_empty(), "no transcript runs {missing:?}");
}

/// The first word of each command in lower case, and the first two joined by `separator`.
fn names_in(folder: &str, separator: &[u8]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for found in transcript::find_all(&source(folder)) {
        for mut words in transcript::commands(&found.text) {
            words.truncate(2);
            for word in &mut words {
                word.make_ascii_lowercase();
            }
            names.insert(String::from_utf8_lossy(&words.join(separator)).into_owned());
            names.extend(words.first().map(|it| String::from_utf8_lossy(it).into_owned()));
        }
    }
    names
}

fn replay(folder: &str, checker: &str, dialect: Dialect, start: impl Fn() -> Oracle) {
    let transcripts = transcript::find_all(&source(folder));
    let shared: Vec<&Found> = transcripts.iter().filter(|it| it.checker == checker).collect();
    assert!(shared.len() > 5, "the transcripts of {folder} are found");
    let mut differences = Vec::new();
    for found in shared {
        // A server each: statistics, ids and settings are part of what is compared.
        let oracle = start();
        let mut peer = SocketPeer::new(oracle.port, dialect);
        if let Err(difference) = transcript::compare(&found.text, dialect, &mut peer) {
            differences.push(format!("{}: {difference}", found.file));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn source(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("it").join(folder)
}
