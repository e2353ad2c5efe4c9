//! Keyspace events, compared with those of the real servers: what is told after each command of
//! generated streams.

use std::collections::BTreeMap;

use tandem_tests::client::{Client, encode};
use tandem_tests::differential::resp::Known;
use tandem_tests::generate::resp::{self, Family, Words};
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::random::Random;
use tandem_tests::server::Tandem;
use tandem_tests::words::quoted;

use crate::differences;

const N_COMMANDS: usize = 2500;

#[test]
fn events_of_strings_and_hashes_are_those_of_valkey() {
    family("event-base", Kind::Valkey, resp::BASE, 1);
}

#[test]
fn events_of_bitmaps_are_those_of_valkey() {
    family("event-bitmap", Kind::Valkey, resp::BITMAP, 2);
}

#[test]
fn events_of_lists_are_those_of_valkey() {
    family("event-list", Kind::Valkey, resp::LIST, 3);
}

#[test]
fn events_of_sets_are_those_of_valkey() {
    family("event-sets", Kind::Valkey, resp::SETS, 4);
}

#[test]
fn events_of_sorted_sets_are_those_of_valkey() {
    family("event-sorted-sets", Kind::Valkey, resp::SORTED_SETS, 5);
}

#[test]
fn events_of_streams_are_those_of_valkey() {
    family("event-stream", Kind::Valkey, resp::STREAM, 6);
}

#[test]
fn events_of_hyperloglogs_are_those_of_valkey() {
    family("event-hyperloglog", Kind::Valkey, resp::HYPERLOGLOG, 7);
}

#[test]
fn events_of_sorts_and_places_are_those_of_valkey() {
    family("event-sort", Kind::Valkey, resp::SORT, 8);
    family("event-geo", Kind::Valkey, resp::GEO, 9);
}

#[test]
fn events_of_fields_that_expire_are_those_of_redis() {
    family("event-hash-expiry", Kind::Redis, resp::HASH_EXPIRY, 10);
}

/// One who runs commands, and one who hears what they do.
struct Side {
    client: Client,
    listener: Client,
}

impl Side {
    fn new(port: u16) -> Side {
        let [mut client, mut listener] = [0, 1].map(|_| Client::connect(port));
        client.run("FLUSHALL");
        client.run("CONFIG SET notify-keyspace-events KEAmn");
        listener.run("PSUBSCRIBE __key*");
        listener.run("SUBSCRIBE step");
        Side { client, listener }
    }

    /// The events of a command, in their order.
    fn hear(&mut self, command: &Words) -> Vec<String> {
        self.client.send(&encode(command));
        self.client.send(&encode(&["PUBLISH", "step", ""]));
        self.client.try_value();
        self.client.try_value();
        let mut heard = Vec::new();
        loop {
            let words = self.listener.value().0.elements().to_vec();
            match &words[..] {
                [_, channel, _] if channel.bytes() == b"step" => return heard,
                [_, _, channel, payload] => {
                    heard.push(format!("{} {}", channel.text(), quoted(payload.bytes())));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

fn family(name: &str, kind: Kind, family: Family, default_seed: u64) {
    let seed = Random::seed(name, default_seed);
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(kind, &[]).expect("`cargo xtask test` installs the real servers");
    let [mut ours, mut theirs] = [tandem.resp_port, oracle.port].map(Side::new);
    let mut generator = resp::Generator::new(seed, family);
    let mut wrong: BTreeMap<String, String> = BTreeMap::new();
    let mut n_events = 0;
    for step in 0..N_COMMANDS {
        let command = generator.command();
        if differences::known(kind, &command) == Known::NotSent || is_left_out(&command) {
            continue;
        }
        let [mut heard, mut expected] = [&mut ours, &mut theirs].map(|it| it.hear(&command));
        if misses_otherwise(&command) {
            heard.retain(|it| !it.contains("keymiss"));
            expected.retain(|it| !it.contains("keymiss"));
        }
        n_events += expected.len();
        let is_redis_only = kind == Kind::Redis && differs_from_redis(&command, &expected);
        if heard != expected && !is_redis_only {
            let line: Vec<String> = command.iter().map(|it| quoted(it)).collect();
            let said = format!(
                "step {step}\n  > {}\n  ours:   {heard:?}\n  theirs: {expected:?}",
                line.join(" ")
            );
            wrong.entry(line[0].to_ascii_uppercase()).or_insert(said);
        }
    }
    println!("{n_events} events compared");
    let said: Vec<String> = wrong.into_values().collect();
    assert!(said.is_empty(), "seed {seed}\n{}", said.join("\n"));
}

/// Commands that look up absent keys more often than Valkey does, or less: it counts what it looks
/// up before a command is refused, or stops at the first key that decides, and some lookups twice.
fn misses_otherwise(command: &Words) -> bool {
    let name = String::from_utf8_lossy(&command[0]).to_ascii_uppercase();
    let names =
        ["HEXPIRETIME", "HGETEX", "HPEXPIRETIME", "HPTTL", "HTTL", "LCS", "OBJECT", "PFDEBUG"];
    let kinds = ["SDIFF", "SINTER", "SUNION", "GEOADD", "ZADD", "ZDIFF", "ZINTER", "ZUNION", "X"];
    names.contains(&&*name) || kinds.iter().any(|it| name.starts_with(it))
}

/// A time that has passed makes a key expire in Valkey, and deletes it in Redis; and we do not
/// store first what has no time to live.
fn differs_from_redis(command: &Words, expected: &[String]) -> bool {
    let name = String::from_utf8_lossy(&command[0]).to_ascii_uppercase();
    let ends = ["EXPIRE", "EXPIREAT", "PEXPIRE", "PEXPIREAT", "GETEX", "SET", "HSETEX"];
    ends.contains(&&*name) && expected.iter().any(|it| it.contains("del"))
}

/// What is taken at random, and what leaves a connection that is not what it was.
fn is_left_out(command: &Words) -> bool {
    let left_out = ["SPOP", "RESET", "QUIT", "CLIENT", "SUBSCRIBE", "MULTI", "DEBUG"];
    let name = command[0].to_ascii_uppercase();
    left_out.iter().any(|it| it.as_bytes() == name)
}

/// The sweep and evictions have no command that asks for them.
#[test]
fn what_expires_or_is_evicted_by_itself_is_told() {
    let tandem = Tandem::start(&["--threads", "2"]);
    let mut side = Side::new(tandem.resp_port);
    side.client.run("SET soon x PX 20");
    let next = |listener: &mut Client| listener.value().0.elements().last().unwrap().text();
    let heard: Vec<String> = (0..8).map(|_| next(&mut side.listener)).collect();
    assert_eq!(heard, ["new", "soon", "set", "soon", "expire", "soon", "expired", "soon"]);
    let settings = "CONFIG SET notify-keyspace-events Ee maxmemory-policy allkeys-lru";
    assert_eq!(side.client.run(settings).text(), "OK");
    side.client.command(&["SET", "big", &"x".repeat(100_000)]);
    side.client.run("CONFIG SET maxmemory 1");
    assert_eq!(next(&mut side.listener), "big");
}
