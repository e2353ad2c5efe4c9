//! Generated commands to Tandem and to the real servers. `TANDEM_SEED` repeats a run,
//! `TANDEM_STREAMS=1000` makes a long one.

use tandem_tests::client::Client;
use tandem_tests::differential::resp::{Known, Pair};
use tandem_tests::differential::{Difference, binary, compare, memcached};
use tandem_tests::generate;
use tandem_tests::generate::resp::{self, Family, Words};
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::process::wait_until;
use tandem_tests::random::Random;
use tandem_tests::server::Tandem;

use crate::differences;

/// Streams per test and commands per stream: with four tests more than 20,000 commands a run.
const N_STREAMS: u64 = 30;
const N_COMMANDS: usize = 400;
/// Frames per stream: 21,000 a run.
const N_FRAMES: usize = 700;

#[test]
fn generated_commands_are_answered_as_by_valkey() {
    family("valkey", Kind::Valkey, resp::BASE, 1);
}

#[test]
fn generated_bitmap_commands_are_answered_as_by_valkey() {
    family("bitmap", Kind::Valkey, resp::BITMAP, 8);
}

#[test]
fn generated_commands_on_fields_that_expire_are_answered_as_by_redis() {
    family("hash-expiry", Kind::Redis, resp::HASH_EXPIRY, 10);
}

#[test]
fn generated_list_commands_are_answered_as_by_valkey() {
    family("list", Kind::Valkey, resp::LIST, 11);
}

#[test]
fn generated_hyperloglog_commands_are_answered_as_by_valkey() {
    family("hyperloglog", Kind::Valkey, resp::HYPERLOGLOG, 9);
}

#[test]
fn generated_scripts_are_answered_as_by_valkey() {
    family("scripts", Kind::Valkey, resp::SCRIPTS, 41);
}

#[test]
fn generated_sorts_are_answered_as_by_valkey() {
    family("sort", Kind::Valkey, resp::SORT, 12);
}

#[test]
fn generated_set_commands_are_answered_as_by_valkey() {
    family("sets", Kind::Valkey, resp::SETS, 9);
}

#[test]
fn generated_pops_from_sets_are_answered_as_by_valkey() {
    family("popped-sets", Kind::Valkey, resp::POPPED_SETS, 14);
}

#[test]
fn generated_stream_commands_are_answered_as_by_valkey() {
    family("stream", Kind::Valkey, resp::STREAM, 10);
}

#[test]
fn generated_geo_commands_are_answered_as_by_valkey() {
    family("geo", Kind::Valkey, resp::GEO, 13);
}

#[test]
fn generated_sorted_set_commands_are_answered_as_by_valkey() {
    family("sorted-sets", Kind::Valkey, resp::SORTED_SETS, 12);
}

/// Around the numbers at which one way of popping changes to another.
#[test]
fn a_popped_set_has_the_encoding_that_it_has_in_valkey() {
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Valkey, &[]).unwrap();
    let (mut ours, mut theirs) = (tandem.resp(), Client::connect(oracle.port));
    let mut wrong = Vec::new();
    for (n, word) in [(20, ""), (20, "w"), (600, ""), (200, "w"), (600, "a-longer-word-")] {
        let members: Vec<String> = (0..n).map(|it| format!("{word}{it}")).collect();
        let add: Vec<&str> =
            ["SADD", "s"].into_iter().chain(members.iter().map(|it| &**it)).collect();
        for n_popped in [0, 1, n / 2, n * 4 / 5, n * 5 / 6, n * 5 / 6 + 1, n - 2, n - 1, n, n + 1] {
            let answers = [&mut ours, &mut theirs].map(|it| {
                it.command(&add);
                let popped = it.command(&["SPOP", "s", &n_popped.to_string()]);
                let left = (it.run("OBJECT ENCODING s"), it.run("SCARD s"));
                it.run("DEL s");
                (popped.elements().len(), left)
            });
            if answers[0] != answers[1] {
                wrong.push(format!("{n_popped} of {n} {word:?}: {answers:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "ours and theirs differ\n{}", wrong.join("\n"));
}

#[test]
fn generated_commands_are_answered_as_by_redis() {
    family("redis", Kind::Redis, resp::BASE, 3);
}

#[test]
fn generated_commands_are_answered_as_by_memcached() {
    let seed = Random::seed("memcached", 4);
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Memcached, ALONE).unwrap();
    memcached_streams(seed, tandem.memcached_port, oracle.port);
}

/// Without its LRU threads memcached has one list, in the order of use. With them, `flush_all` can
/// leave items: it goes through each list from the latest to the first that is two seconds old, and
/// a read that changes an item's time does not change its place. And while they hold an item, a sum
/// is written into a new one, and what was known of the old one is gone.
const ALONE: &[&str] = &["-o", "no_lru_maintainer,no_lru_crawler"];

/// Items that were read two times and then rested lie in the list of those in use, where the oldest
/// is read again: that is how a flush leaves it. The seconds are those of the server's own clock.
#[test]
fn a_flush_leaves_nothing_in_the_memcached_that_streams_are_compared_with() {
    let oracle = Oracle::start(Kind::Memcached, ALONE).unwrap();
    let mut client = Client::connect(oracle.port);
    for key in 0..10 {
        assert_eq!(client.line(&format!("set k{key} 0 0 0\r\n")), "STORED");
    }
    let keys = "get k0 k1 k2 k3 k4 k5 k6 k7 k8 k9";
    for _ in 0..2 {
        client.send(format!("{keys}\r\n").as_bytes());
        client.until(b"END\r\n").expect("an answer");
    }
    let rested_s = uptime_s(&mut client) + 3;
    wait_until("three seconds have passed", || uptime_s(&mut client) >= rested_s);
    client.send(b"get k6 k7 k8\r\n");
    client.until(b"END\r\n").expect("an answer");
    assert_eq!(client.line("flush_all"), "OK");
    assert_eq!(client.line(keys), "END");
}

fn uptime_s(client: &mut Client) -> u64 {
    client.send(b"stats\r\n");
    let stats = client.until(b"END\r\n").expect("an answer");
    let stats = String::from_utf8_lossy(&stats);
    let line = stats.lines().find_map(|it| it.strip_prefix("STAT uptime "));
    line.and_then(|it| it.parse().ok()).expect("a number")
}

#[test]
fn generated_frames_are_answered_as_by_memcached() {
    let seed = Random::seed("frames", 7);
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Memcached, ALONE).unwrap();
    frame_streams(seed, tandem.memcached_port, oracle.port);
}

#[test]
fn generated_meta_commands_are_answered_as_by_memcached() {
    let seed = Random::seed("meta", 7);
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Memcached, ALONE).unwrap();
    meta_streams(seed, tandem.memcached_port, oracle.port);
}

/// The list of what changed between the two versions of memcached is itself checked on both.
#[test]
fn memcached_answers_otherwise_only_where_the_list_says() {
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(Kind::Memcached, &[]).unwrap();
    let answer = |port: u16, line: &str| {
        let mut client = Client::connect(port);
        client.line(line.trim_ascii_end())
    };
    let wrong: Vec<String> = differences::MEMCACHED_WORDS
        .iter()
        .map(|(line, theirs, ours)| {
            (line, [answer(oracle.port, line), answer(tandem.memcached_port, line)], [theirs, ours])
        })
        .filter(|(_, found, listed)| found[0] != **listed[0] || found[1] != **listed[1])
        .map(|(line, found, listed)| format!("{line:?}: answered {found:?}, listed {listed:?}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What the comparison says of two servers that are the same is the comparison's own fault.
#[test]
fn two_of_the_same_server_answer_alike() {
    let [left, right] = [0, 1].map(|_| Oracle::start(Kind::Valkey, &[]).unwrap());
    resp_streams(5, "3", resp::BASE, [left.port, right.port], &|_| Known::Same);
    let [left, right] = [0, 1].map(|_| Oracle::start(Kind::Memcached, ALONE).unwrap());
    memcached_streams(6, left.port, right.port);
    frame_streams(8, left.port, right.port);
    meta_streams(8, left.port, right.port);
}

fn memcached_streams(seed: u64, our_port: u16, their_port: u16) {
    streams(seed, |seed| {
        let [mut ours, mut theirs] = [our_port, their_port].map(memcached::Side::new);
        let mut generator = generate::memcached::Generator::new(seed);
        let commands: Vec<_> = (0..N_COMMANDS).map(|_| generator.command()).collect();
        compare([&mut ours, &mut theirs], &commands, generator.random())
    });
}

fn frame_streams(seed: u64, our_port: u16, their_port: u16) {
    streams(seed, |seed| {
        let [mut ours, mut theirs] = [our_port, their_port].map(binary::Side::new);
        let mut generator = generate::binary::Generator::new(seed);
        let commands: Vec<_> = (0..N_FRAMES).map(|_| generator.command()).collect();
        compare([&mut ours, &mut theirs], &commands, generator.random())
    });
}

/// As many streams again as of other commands: this is what newer clients speak alone.
fn meta_streams(seed: u64, our_port: u16, their_port: u16) {
    for seed in [seed, seed + 1] {
        streams(seed, |seed| {
            let [mut ours, mut theirs] = [our_port, their_port].map(memcached::Side::new);
            let mut generator = generate::meta::Generator::new(seed);
            let commands: Vec<_> = (0..N_COMMANDS).map(|_| generator.command()).collect();
            compare([&mut ours, &mut theirs], &commands, generator.random())
        });
    }
}

/// A family's streams in both protocols: 24,000 commands a run.
fn family(name: &str, kind: Kind, family: Family, default_seed: u64) {
    let seed = Random::seed(name, default_seed);
    let tandem = Tandem::start(&[]);
    let oracle = Oracle::start(kind, &[]).expect("`cargo xtask test` installs the real servers");
    let known = |words: &Words| differences::known(kind, words);
    for protocol in ["2", "3"] {
        resp_streams(seed, protocol, family, [tandem.resp_port, oracle.port], &known);
    }
}

fn resp_streams(
    seed: u64,
    protocol: &str,
    family: Family,
    ports: [u16; 2],
    known: &dyn Fn(&Words) -> Known,
) {
    streams(seed, |seed| {
        let mut pair = Pair::connect(ports, known);
        for client in [&mut pair.ours, &mut pair.theirs] {
            client.run("FLUSHALL");
            client.command(&["HELLO", protocol]);
        }
        let mut generator = resp::Generator::new(seed, family);
        let commands: Vec<_> = (0..N_COMMANDS).map(|_| generator.command()).collect();
        let n_compared = pair.compare(&commands, generator.random())?;
        Ok(n_compared + pair.compare_contents(family.contents, generator.random())?)
    });
}

/// Runs streams of successive seeds and tells the first difference of each.
fn streams(seed: u64, run: impl Fn(u64) -> Result<usize, Box<Difference>>) {
    let n_streams = match std::env::var("TANDEM_STREAMS") {
        Ok(text) => text.parse().expect("TANDEM_STREAMS is a whole number"),
        Err(_) => N_STREAMS,
    };
    let mut n_compared = 0;
    let mut differences = Vec::new();
    for stream in 0..n_streams {
        let seed = seed * 1_000_003 + stream;
        match run(seed) {
            Ok(n) => n_compared += n,
            Err(difference) => differences.push(format!("stream {stream}, {difference}")),
        }
    }
    println!("{n_compared} answers compared");
    let n_different = differences.len();
    assert!(n_different == 0, "{n_different} of {n_streams} differ\n{}", differences.join("\n"));
}
