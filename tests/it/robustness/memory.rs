//! Sizes at the limit, and memory that must come back.

use tandem_tests::client::{Client, encode};
use tandem_tests::process::wait_until;
use tandem_tests::server::Tandem;

const MIB: u64 = 1 << 20;

#[test]
fn announced_bytes_take_no_memory_before_they_come() {
    let mut tandem = Tandem::start(&[]);
    let rss_before = tandem.process.rss();
    let mut waiting: Vec<Client> = Vec::new();
    for _ in 0..20 {
        let mut client = tandem.resp();
        client.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\n");
        waiting.push(client);
        let mut client = tandem.resp();
        client.send(b"*1048576\r\n$4\r\nMSET\r\n");
        waiting.push(client);
        let mut client = tandem.memcached();
        client.send(b"set k 0 0 1000000\r\n");
        waiting.push(client);
    }
    tandem.assert_healthy();
    let grown = tandem.process.rss().saturating_sub(rss_before) / MIB;
    assert!(grown < 64, "60 promises took {grown} MiB");
}

#[test]
fn strings_end_at_the_longest_that_is_allowed() {
    let tandem = Tandem::start(&[]);
    let mut client = tandem.resp();
    let too_long = "ERR string exceeds maximum allowed size (proto-max-bulk-len)";
    assert_eq!(client.run("SETRANGE k 536870912 x").text(), too_long);
    assert_eq!(client.run("EXISTS k").integer(), Some(0));

    client.run("CONFIG SET proto-max-bulk-len 1mb");
    let value = vec![b'x'; 1 << 20];
    assert_eq!(client.command(&[b"SET", &b"k"[..], &value]).text(), "OK");
    assert_eq!(client.run("APPEND k y").text(), too_long);
    assert_eq!(client.run("SETRANGE k 1048576 y").text(), too_long);
    assert_eq!(client.run("SETRANGE k 1048575 y").integer(), Some(1 << 20));
    client.send(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1048577\r\n");
    assert_eq!(client.value().0.text(), "ERR Protocol error: invalid bulk length");
    assert_eq!(client.try_value(), None, "and the connection is closed");
    assert_eq!(tandem.resp().run("STRLEN k").integer(), Some(1 << 20));
}

#[test]
fn the_longest_string_has_half_a_gigabyte() {
    let mut tandem = Tandem::start(&[]);
    let mut client = tandem.resp();
    let rss_before = tandem.process.rss();
    assert_eq!(client.run("SETRANGE k 536870911 x").integer(), Some(512 << 20));
    assert_eq!(client.run("STRLEN k").integer(), Some(512 << 20));
    assert_eq!(client.run("GETRANGE k -2 -1").bytes(), b"\0x");
    assert!(client.run("APPEND k y").is_error());
    assert_eq!(client.run("DEL k").integer(), Some(1));
    wait_until("the memory is given back", || tandem.process.rss() < rss_before + 32 * MIB);
    tandem.assert_healthy();
}

#[test]
fn a_value_of_a_hundred_megabytes_goes_in_and_out_and_leaves_nothing() {
    let mut tandem = Tandem::start(&[]);
    let mut client = tandem.resp();
    let rss_before = tandem.process.rss();
    let value: Vec<u8> = (0..100 << 20).map(|n: u32| n.to_le_bytes()[1]).collect();
    client.send(&encode(&[b"SET", &b"big"[..], &value]));
    assert_eq!(client.value().0.text(), "OK");
    client.send(b"GET big\r\n");
    assert_eq!(client.until(b"\r\n").unwrap(), b"$104857600\r\n");
    assert!(client.take(value.len()) == value, "every byte is where it was");
    client.until(b"\r\n").unwrap();
    assert_eq!(client.run("DEL big").integer(), Some(1));
    drop(client);
    wait_until("the memory is given back", || tandem.process.rss() < rss_before + 32 * MIB);
    tandem.assert_healthy();
}

#[test]
fn replies_that_nobody_reads_do_not_pile_up() {
    let mut tandem = Tandem::start(&[]);
    let mut client = tandem.resp();
    client.command(&[b"SET", &b"k"[..], &vec![b'x'; 1 << 20]]);
    let rss_before = tandem.process.rss();
    let mut lazy = tandem.resp();
    lazy.send(&b"GET k\r\n".repeat(1000));
    for _ in 0..100 {
        client.run("PING");
    }
    let grown = tandem.process.rss().saturating_sub(rss_before) / MIB;
    assert!(grown < 100, "a thousand replies of 1 MiB wait in {grown} MiB");
    for _ in 0..1000 {
        assert_eq!(lazy.until(b"\r\n").unwrap(), b"$1048576\r\n");
        lazy.take((1 << 20) + 2);
    }
    tandem.assert_healthy();
}

#[test]
fn flushed_memory_is_given_back() {
    let mut tandem = Tandem::start(&["--memcached-maxmemory", "1gb"]);
    let rss_before = tandem.process.rss();
    let value = "v".repeat(1000);
    let mut client = tandem.resp();
    for chunk in 0..100 {
        let commands: Vec<Vec<u8>> =
            (0..1000).map(|n| encode(&["SET", &format!("key:{chunk}:{n}"), &value])).collect();
        client.send(&commands.concat());
        for _ in 0..1000 {
            client.value();
        }
    }
    let mut memcached = tandem.memcached();
    for chunk in 0..100 {
        let lines: Vec<String> = (0..1000)
            .map(|n| format!("set key:{chunk}:{n} 0 0 1000 noreply\r\n{value}\r\n"))
            .collect();
        memcached.send(lines.concat().as_bytes());
    }
    assert_eq!(memcached.line("verbosity 0"), "OK");
    assert_eq!(client.run("DBSIZE").integer(), Some(100_000));
    let rss_full = tandem.process.rss();
    assert!(rss_full > rss_before + 190 * MIB, "200 MB of values are held somewhere");
    client.run("FLUSHALL");
    assert_eq!(memcached.line("flush_all"), "OK");
    wait_until("the memory is given back", || tandem.process.rss() < rss_before + 40 * MIB);
    tandem.assert_healthy();
}

#[test]
fn what_takes_long_to_free_is_freed_beside_the_workers() {
    let mut tandem = Tandem::start(&[]);
    let mut client = tandem.resp();
    let mut count = |name: &str| {
        let info = client.run("INFO memory").text();
        let line = info.lines().find_map(|it| it.strip_prefix(name)?.strip_prefix(':'));
        line.expect("a line of INFO").parse::<u64>().expect("a number")
    };
    let mut other = tandem.resp();
    let mut fill = |keys: &[&str]| {
        for key in keys {
            let fields = (0..50_000).map(|it| format!("field:{it}"));
            let words = ["HSET", key].map(str::to_owned).into_iter();
            let words: Vec<String> =
                words.chain(fields.flat_map(|it| [it, "value".to_owned()])).collect();
            assert_eq!(other.command(&words).integer(), Some(50_000));
        }
        other.run("HSET small field value");
    };
    let used_before = count("used_memory");
    fill(&["deleted", "overwritten", "expired", "flushed"]);
    let mut writer = tandem.resp();
    for line in ["DEL deleted small", "SET overwritten now", "PEXPIRE expired 1"] {
        assert!(!writer.run(line).is_error());
    }
    wait_until("three values are freed", || count("lazyfreed_objects") == 3);
    assert_eq!(count("lazyfree_pending_objects"), 0);
    // With all keys of the database, whatever they hold.
    writer.run("FLUSHALL");
    assert!(count("used_memory") < used_before + MIB, "the accounts do not wait");
    wait_until("the database is freed", || count("lazyfreed_objects") == 5);
    writer.run("CONFIG RESETSTAT");
    assert_eq!(count("lazyfreed_objects"), 0);
    tandem.assert_healthy();
}
