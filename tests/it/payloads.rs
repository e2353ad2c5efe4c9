//! What DUMP writes here is restored by the real servers, and the reverse: with the same contents.

use tandem_tests::client::Client;
use tandem_tests::differential::resp::{Known, Pair};
use tandem_tests::generate::resp::{self, Family};
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::random::Random;
use tandem_tests::server::Tandem;

/// Streams per family and commands per stream.
const N_STREAMS: u64 = 6;
const N_COMMANDS: usize = 300;

const DATABASES: [&str; 3] = ["0", "1", "2"];

#[test]
fn generated_contents_travel_to_valkey_and_back() {
    let families = [
        ("base", resp::BASE),
        ("bitmap", resp::BITMAP),
        ("geo", resp::GEO),
        ("hyperloglog", resp::HYPERLOGLOG),
        ("list", resp::LIST),
        ("sets", resp::SETS),
        ("sorted sets", resp::SORTED_SETS),
        ("streams", resp::STREAM),
    ];
    travel(Kind::Valkey, &families);
}

#[test]
fn generated_contents_travel_to_redis_and_back() {
    let families =
        [("base", resp::BASE), ("fields that expire", resp::HASH_EXPIRY), ("list", resp::LIST)];
    travel(Kind::Redis, &families);
}

/// A key as one server has it.
struct Dumped {
    db: &'static str,
    key: Vec<u8>,
    /// Milliseconds since the epoch; below 0 for never.
    expires_at_ms: i64,
    payload: Vec<u8>,
}

fn travel(kind: Kind, families: &[(&str, Family)]) {
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(kind, &[]).expect("`cargo xtask test` installs the real servers");
    let same = |_: &_| Known::Same;
    let mut pair = Pair::connect([tandem.resp_port, oracle.port], &same);
    let (mut n_payloads, mut n_alike) = (0, 0);
    for (name, family) in families {
        let seed = Random::seed(name, 17);
        for seed in (0..N_STREAMS).map(|it| seed * 1_000_003 + it) {
            let mut generator = resp::Generator::new(seed, *family);
            pair.theirs.run("FLUSHALL");
            for _ in 0..N_COMMANDS {
                let command = generator.command();
                pair.theirs.command(&command);
                // The thresholds by which values are kept.
                if command[0].eq_ignore_ascii_case(b"CONFIG") {
                    pair.ours.command(&command);
                }
            }
            reset(&mut pair);
            let theirs = dumped(&mut pair.theirs);
            restore(&mut [&mut pair.ours, &mut pair.theirs], &theirs);
            let mut compare = |pair: &mut Pair<'_>, step: &str| {
                let compared = pair.compare_contents(family.contents, generator.random());
                compared.unwrap_or_else(|it| panic!("{name}, seed {seed}, {step}: {it}"));
            };
            compare(&mut pair, "what they wrote");
            let ours = dumped(&mut pair.ours);
            restore(&mut [&mut pair.theirs], &ours);
            compare(&mut pair, "what we wrote");
            restore(&mut [&mut pair.ours], &ours);
            compare(&mut pair, "what we wrote and read");
            n_payloads += ours.len();
            n_alike += ours.iter().filter(|it| is_among(it, &theirs)).count();
        }
    }
    println!("{n_payloads} payloads, {n_alike} of their values the same byte for byte");
    assert!(n_payloads > 100 && n_payloads * 6 < n_alike * 10, "{n_alike} of {n_payloads} alike");
}

/// Both connections as they begin.
fn reset(pair: &mut Pair<'_>) {
    for client in [&mut pair.ours, &mut pair.theirs] {
        client.run("SELECT 0");
        client.run("HELLO 2");
    }
}

fn is_among(it: &Dumped, others: &[Dumped]) -> bool {
    let same = |other: &&Dumped| other.db == it.db && other.key == it.key;
    // Behind the value stand the version of the format and a sum.
    let value = |it: &Dumped| it.payload[..it.payload.len() - 10].to_vec();
    others.iter().find(same).is_some_and(|other| value(other) == value(it))
}

fn dumped(client: &mut Client) -> Vec<Dumped> {
    let mut found = Vec::new();
    for db in DATABASES {
        client.command(&["SELECT", db]);
        for key in client.run("KEYS *").elements() {
            let key = key.bytes().to_vec();
            let expires_at = client.command(&[b"PEXPIRETIME", &key[..]]).integer();
            let payload = client.command(&[b"DUMP", &key[..]]).bytes().to_vec();
            let expires_at_ms = expires_at.expect("a time");
            found.push(Dumped { db, key, expires_at_ms, payload });
        }
    }
    found
}

/// Puts the keys in place of all that is there.
fn restore(clients: &mut [&mut Client], dumped: &[Dumped]) {
    for client in clients {
        client.run("FLUSHALL");
        for Dumped { db, key, expires_at_ms, payload } in dumped {
            client.command(&["SELECT", db]);
            let ttl = (*expires_at_ms).max(0).to_string();
            let answer = client.command(&[
                b"RESTORE",
                &key[..],
                ttl.as_bytes(),
                payload,
                b"ABSTTL",
                b"REPLACE",
            ]);
            assert_eq!(answer.text(), "OK", "{} {payload:?}", key.escape_ascii());
        }
    }
}
