//! Subscribers behind sockets: the order of messages, those who do not read, and a comparison with
//! Valkey.

use std::thread;

use tandem_tests::client::{Client, encode};
use tandem_tests::oracle::{Kind, Oracle};
use tandem_tests::random::Random;
use tandem_tests::server::Tandem;
use tandem_tests::value::Value;
use tandem_tests::words::split;

const N_PUBLISHERS: usize = 4;
const N_MESSAGES: usize = 2000;

#[test]
fn all_see_the_messages_of_a_channel_in_one_order() {
    let tandem = Tandem::start(&["--threads", "2"]);
    let listeners: Vec<_> = (0..6)
        .map(|nth| {
            let mut client = tandem.resp();
            client.command(&["HELLO", if nth % 2 == 0 { "2" } else { "3" }]);
            client.run(if nth % 3 == 0 { "PSUBSCRIBE n*" } else { "SUBSCRIBE news" });
            thread::spawn(move || {
                let last = |value: Value| value.elements().last().expect("a payload").text();
                (0..N_PUBLISHERS * N_MESSAGES).map(|_| last(client.value().0)).collect::<Vec<_>>()
            })
        })
        .collect();
    let publishers: Vec<_> = (0..N_PUBLISHERS)
        .map(|nth| {
            let mut client = tandem.resp();
            thread::spawn(move || {
                for block in 0..N_MESSAGES / 20 {
                    let line = |at| encode(&["PUBLISH", "news", &format!("{nth} {at:05}")]);
                    let lines: Vec<u8> = (block * 20..block * 20 + 20).flat_map(line).collect();
                    client.send(&lines);
                    for _ in 0..20 {
                        assert_eq!(client.value().0.integer(), Some(6));
                    }
                }
            })
        })
        .collect();
    for publisher in publishers {
        publisher.join().unwrap();
    }
    let heard: Vec<Vec<String>> = listeners.into_iter().map(|it| it.join().unwrap()).collect();
    assert!(heard.iter().all(|it| *it == heard[0]), "two subscribers saw different orders");
    for nth in 0..N_PUBLISHERS {
        let own = heard[0].iter().filter(|it| it.starts_with(&nth.to_string()));
        assert!(own.is_sorted(), "the messages of one publisher keep their order");
    }
}

#[test]
fn a_subscriber_that_does_not_read_is_cut_off() {
    let tandem = Tandem::start(&["--threads", "1"]);
    let mut control = tandem.resp();
    let limit = ["CONFIG", "SET", "client-output-buffer-limit", "pubsub 1mb 0 0"];
    assert_eq!(control.command(&limit).text(), "OK");
    let mut reader = tandem.resp();
    let mut slow = tandem.resp();
    reader.run("SUBSCRIBE news");
    slow.run("SUBSCRIBE news");
    let payload = "x".repeat(100_000);
    // The kernel's buffers take some megabytes.
    let n_sent = (1..=2000).find(|_| {
        let n_heard = control.command(&["PUBLISH", "news", &payload]).integer();
        reader.value();
        n_heard == Some(1)
    });
    assert!(n_sent.is_some(), "the slow one got 200 MB");
    let stats = control.run("INFO stats").text();
    assert!(stats.contains("client_output_buffer_limit_disconnections:1"), "{stats}");
    let (_, metrics) = tandem.http("/metrics");
    let count = "redis_client_output_buffer_limit_disconnections_total 1";
    assert!(metrics.contains(count), "{metrics}");
    assert!(slow.rest().len() < n_sent.unwrap_or_default() * 100_000, "it is closed");
}

#[test]
fn a_subscriber_that_is_slow_for_too_long_is_cut_off() {
    let tandem = Tandem::start(&["--threads", "1"]);
    let mut control = tandem.resp();
    let limit = ["CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 100kb 1"];
    assert_eq!(control.command(&limit).text(), "OK");
    let mut slow = tandem.resp();
    slow.run("SUBSCRIBE news");
    let payload = "x".repeat(1_000_000);
    for _ in 0..20 {
        control.command(&["PUBLISH", "news", &payload]);
    }
    while control.run("PUBSUB NUMSUB news").elements()[1].integer() == Some(1) {
        thread::yield_now();
    }
    let stats = control.run("INFO stats").text();
    assert!(stats.contains("client_output_buffer_limit_disconnections:1"), "{stats}");
}

const LINES: &[&str] = &[
    "SUBSCRIBE a",
    "SUBSCRIBE b c",
    "SUBSCRIBE a",
    "PSUBSCRIBE ?",
    "PSUBSCRIBE [ab] *",
    "SSUBSCRIBE a",
    "SSUBSCRIBE s a",
    "UNSUBSCRIBE a",
    "UNSUBSCRIBE b c",
    "PUNSUBSCRIBE ? *",
    "PUNSUBSCRIBE [ab]",
    "SUNSUBSCRIBE a s",
    "PUBLISH a 1",
    "PUBLISH a 2",
    "PUBLISH b 3",
    "PUBLISH cc 4",
    "SPUBLISH a 5",
    "SPUBLISH s 6",
    "PUBSUB NUMSUB a b c",
    "PUBSUB SHARDNUMSUB a s",
    "PUBSUB NUMPAT",
    "PING",
    "PING x y",
    "SET k v",
    "GET k",
    "RESET",
    "HELLO 3",
    "SUBSCRIBE",
];

/// What each of some clients hears on one of them sending a line, in order of the alphabet: a
/// client's patterns have no order of their own in Valkey.
fn hear(clients: &mut [Client], sender: usize, line: &str, step: usize) -> Vec<Vec<Vec<u8>>> {
    clients[sender].send(&encode(&split(line)));
    let token = format!("step {step}");
    let mut heard: Vec<Vec<Vec<u8>>> = vec![Vec::new(); clients.len()];
    // The others are asked when the line is done: workers wait for none but their own clients.
    for nth in std::iter::once(sender).chain(0..clients.len()) {
        clients[nth].send(&encode(&["PING", &token]));
        loop {
            let (_, bytes) = clients[nth].value();
            let is_end = bytes.windows(token.len()).any(|it| it == token.as_bytes());
            // HELLO's answer has the client's number.
            if !bytes.windows(6).any(|it| it == b"server") {
                heard[nth].push(bytes);
            }
            if is_end {
                break;
            }
        }
    }
    for each in &mut heard {
        each.sort();
    }
    heard
}

#[test]
fn subscribers_hear_what_those_of_valkey_hear() {
    let seed = Random::seed("TANDEM_PUBSUB_SEED", 6);
    for threads in ["1", "2"] {
        let oracle = Oracle::start(Kind::Valkey, &[]).unwrap();
        let tandem = Tandem::start(&["--threads", threads]);
        let mut random = Random::new(seed);
        let mut ours: Vec<Client> = (0..5).map(|_| tandem.resp()).collect();
        let mut theirs: Vec<Client> = (0..5).map(|_| Client::connect(oracle.port)).collect();
        for step in 0..1500 {
            let (sender, line) = (random.below(5), *random.pick(LINES));
            if line == "HELLO 3" && !random.once_in(4) {
                continue;
            }
            let heard = hear(&mut ours, sender, line, step);
            let expected = hear(&mut theirs, sender, line, step);
            let shown = |all: &[Vec<Vec<u8>>]| {
                all.iter().map(|it| String::from_utf8_lossy(&it.concat()).into_owned()).collect()
            };
            let (heard, expected): (Vec<String>, Vec<String>) = (shown(&heard), shown(&expected));
            assert_eq!(heard, expected, "seed {seed}, step {step}: client {sender} says {line}");
        }
    }
}
