//! What memcached 1.6.45, which we follow, does otherwise than the 1.6.38 that the tests have:
//! whole conversations, written by hand and had with both. Single words are in `differences.rs`;
//! COMPAT.md shows both lists.

use tandem_tests::client::Client;
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::server::Tandem;

/// A conversation, and what is answered.
pub(crate) struct Newer {
    pub(crate) what: &'static str,
    pub(crate) ask: &'static str,
    /// The answers of 1.6.38.
    pub(crate) before: &'static str,
    /// Those of 1.6.45, and ours.
    pub(crate) now: &'static str,
}

/// Ends every conversation: its answer shows that nothing of it was taken for a value.
const END: &str = "mn\r\n";
const END_ANSWER: &str = "MN\r\n";

pub(crate) const NEWER: &[Newer] = &[
    Newer {
        what: "a bad store takes its value with it: no stray `ERROR` follows",
        ask: "set k 0 x 1\r\nx\r\n",
        before: "CLIENT_ERROR bad command line format\r\nERROR\r\n",
        now: "CLIENT_ERROR bad command line format\r\n",
    },
    Newer {
        what: "the same where the flags are no number",
        ask: "set k -1 0 1\r\nx\r\n",
        before: "CLIENT_ERROR bad command line format\r\nERROR\r\n",
        now: "CLIENT_ERROR bad command line format\r\n",
    },
    Newer {
        what: "`noreply` hides that error, and nothing else is answered",
        ask: "set k x 0 1 noreply\r\nx\r\n",
        before: "ERROR\r\n",
        now: "",
    },
    Newer {
        what: "without a length there is no value: the error shows despite `noreply`",
        ask: "set k 0 0 z noreply\r\n",
        before: "",
        now: "CLIENT_ERROR bad command line format\r\n",
    },
    Newer {
        what: "nor with one below 0",
        ask: "set k 0 0 -1 noreply\r\n",
        before: "",
        now: "CLIENT_ERROR bad command line format\r\n",
    },
    Newer {
        what: "`cas` without its number takes the value with it",
        ask: "cas k 0 0 1\r\nx\r\n",
        before: "ERROR\r\nERROR\r\n",
        now: "CLIENT_ERROR bad command line format\r\n",
    },
    Newer {
        what: "words behind a store's own are ignored",
        ask: "set k 0 0 1 a b c\r\nx\r\ncas k 0 0 1 0 a b c\r\nx\r\n",
        before: "ERROR\r\nERROR\r\nERROR\r\nERROR\r\n",
        now: "STORED\r\nEXISTS\r\n",
    },
    Newer {
        what: "and however many words there are behind `delete`",
        ask: "delete a b c\r\ndelete a 1 2 3 4 5 6 7 8 9 a b c d e f g h i j k l m\r\n",
        before: "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\nERROR\r\n",
        now: "NOT_FOUND\r\nNOT_FOUND\r\n",
    },
    Newer {
        what: "and behind `verbosity`",
        ask: "verbosity 1 2 3\r\n",
        before: "ERROR\r\n",
        now: "OK\r\n",
    },
    Newer {
        what: "`gat` needs a key",
        ask: "gat 0\r\n",
        before: "END\r\n",
        now: "CLIENT_ERROR bad command line format\r\n",
    },
    Newer {
        what: "a line of less than four bytes is no command, whatever ends it",
        ask: "mn\n",
        before: "MN\r\n",
        now: "CLIENT_ERROR bad command line format\r\n",
    },
    Newer {
        what: "what is too long of a value is a command as before: a short one has other words",
        ask: "set k 0 0 1\r\nxyz\r\n",
        before: "CLIENT_ERROR bad data chunk\r\nERROR\r\n",
        now: "CLIENT_ERROR bad data chunk\r\nCLIENT_ERROR bad command line format\r\n",
    },
    Newer {
        what: "`mg` with `C` sends no value to whoever has it already",
        ask: "ms k 1 E7\r\nx\r\nmg k v C7\r\nmg k v c C8\r\n",
        before: "HD\r\nVA 1\r\nx\r\nVA 1 c7\r\nx\r\n",
        now: "HD\r\nHD\r\nVA 1 c7\r\nx\r\n",
    },
    Newer {
        what: "an opaque token that is too long makes no item by `N`",
        ask: "mg k v N30 O123456789012345678901234567890123\r\nmg k v\r\n",
        before: "CLIENT_ERROR opaque token too long\r\nVA 0\r\n\r\n",
        now: "CLIENT_ERROR opaque token too long\r\nEN\r\n",
    },
    Newer {
        what: "a number that outgrows its item takes the version that `E` gives",
        ask: "ms k 1\r\n9\r\nma k D99999999999 E700 v\r\nms k 1 C700\r\nx\r\n",
        before: "HD\r\nVA 12\r\n100000000008\r\nEX\r\n",
        now: "HD\r\nVA 12\r\n100000000008\r\nHD\r\n",
    },
    Newer {
        what: "a shutdown that is not allowed is the server's error, whatever its words",
        ask: "shutdown graceful\r\nshutdown x\r\n",
        before: "ERROR: shutdown not enabled\r\nERROR: shutdown not enabled\r\n",
        now: "SERVER_ERROR: shutdown not enabled\r\nSERVER_ERROR: shutdown not enabled\r\n",
    },
];

#[test]
fn conversations_that_newer_memcached_has_otherwise_are_listed_and_so_held() {
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Memcached, &[]).unwrap();
    let wrong: Vec<String> = NEWER
        .iter()
        .map(|it| (it, held(oracle.port, it.ask), held(tandem.memcached_port, it.ask)))
        .filter(|(it, before, now)| before != it.before || now != it.now)
        .map(|(it, before, now)| format!("{:?}: before {before:?}, now {now:?}", it.ask))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is answered to a client of an empty server.
fn held(port: u16, ask: &str) -> String {
    assert_eq!(Client::connect(port).line("flush_all"), "OK");
    let mut client = Client::connect(port);
    client.send([ask, END].concat().as_bytes());
    let answer = client.until(END_ANSWER.as_bytes());
    let mut answer = answer.unwrap_or_else(|| panic!("closed instead of an answer to {ask:?}"));
    // A conversation that holds the end's own command has its answer first.
    if ask.contains("mn\n") && answer == END_ANSWER.as_bytes() {
        answer.extend(client.until(END_ANSWER.as_bytes()).expect("an answer to the end"));
    }
    answer.truncate(answer.len() - END_ANSWER.len());
    String::from_utf8_lossy(&answer).into_owned()
}
