//! Tests about the transcripts themselves: that they are true, and that they leave nothing out.

use std::path::{Path, PathBuf};

use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::peers::SocketPeer;
use tandem_tests::transcript::{self, Dialect, Found};

#[test]
fn every_resp_transcript_is_what_valkey_answers() {
    let arguments = ["--enable-debug-command", "yes"];
    replay("resp", Dialect::Resp, || Oracle::start(Kind::Valkey, &arguments).unwrap());
}

#[test]
fn every_memcached_transcript_is_what_memcached_answers() {
    replay("memcached", Dialect::Memcached, || Oracle::start(Kind::Memcached, &[]).unwrap());
}

fn replay(folder: &str, dialect: Dialect, start: impl Fn() -> Oracle) {
    let transcripts = transcript::find_all(&source(folder));
    let shared: Vec<&Found> = transcripts.iter().filter(|it| it.checker == "check").collect();
    assert!(shared.len() > 10, "the transcripts of {folder} are found");
    let mut differences = Vec::new();
    for found in shared {
        println!("{}: {}", found.file, found.text.lines().next().unwrap_or_default());
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
