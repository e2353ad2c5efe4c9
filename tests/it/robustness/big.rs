//! Values of kilobytes to megabytes come and go in pieces, and nobody else waits for them.

use tandem_tests::client::{Client, encode};
use tandem_tests::server::Tandem;

/// Up to what fits a batch, one read, and many turns.
const VALUE_BYTES: [usize; 3] = [16 << 10, 1 << 20, 10 << 20];

/// Odd, so that heads, values and line ends are cut anywhere.
const PIECES_BYTES: [usize; 4] = [7, 100_003, 1, 300_007];

/// No two places of it look alike.
fn value(n_bytes: usize) -> Vec<u8> {
    (0..n_bytes).map(|at| (at * 31 + at / 251) as u8).collect()
}

/// Sends in odd pieces; another connection is answered after each.
fn send_beside(client: &mut Client, bytes: &[u8], mut other: impl FnMut()) {
    let mut left = bytes;
    for n_bytes in PIECES_BYTES.iter().cycle() {
        let (now, later) = left.split_at(left.len().min(*n_bytes));
        client.send(now);
        other();
        if later.is_empty() {
            return;
        }
        left = later;
    }
}

#[test]
fn big_resp_values_come_and_go_while_others_are_answered() {
    let mut tandem = Tandem::start(&["--threads", "1"]);
    let (mut client, mut other) = (tandem.resp(), tandem.resp());
    other.run("SET small value");
    for n_bytes in VALUE_BYTES {
        let value = value(n_bytes);
        for _ in 0..2 {
            let set = encode(&[b"SET", b"big", &value[..]]);
            send_beside(&mut client, &set, || {
                assert_eq!(other.run("GET small").to_string(), "\"value\"");
            });
            assert_eq!(client.value().0.to_string(), "OK");
            client.send(&encode(&["GET", "big"]));
            let expected = [format!("${n_bytes}\r\n").as_bytes(), &value, b"\r\n"].concat();
            let begin = client.take(1);
            // It goes out whole, though it is gone.
            assert_eq!(other.run("DEL big").to_string(), "1");
            let all = [begin, client.take(expected.len() - 1)].concat();
            assert!(all == expected, "{n_bytes} bytes");
        }
    }
    tandem.assert_healthy();
}

#[test]
fn big_memcached_values_come_and_go_while_others_are_answered() {
    let arguments = ["--threads", "1", "--memcached-maxmemory", "256mb"];
    let mut tandem = Tandem::start_with(&arguments, |command| {
        command.env("TANDEM_MEMCACHED_MAX_ITEM_SIZE", "16m");
    });
    let (mut client, mut other) = (tandem.memcached(), tandem.memcached());
    for n_bytes in VALUE_BYTES {
        let value = value(n_bytes);
        for _ in 0..2 {
            let set = [format!("set big 0 0 {n_bytes}\r\n").as_bytes(), &value, b"\r\n"].concat();
            send_beside(&mut client, &set, || {
                assert!(other.line("version").starts_with("VERSION "));
            });
            assert_eq!(client.until(b"\r\n").as_deref(), Some(&b"STORED\r\n"[..]));
            client.send(b"get big\r\n");
            assert!(other.line("version").starts_with("VERSION "));
            let head = format!("VALUE big 0 {n_bytes}\r\n");
            let expected = [head.as_bytes(), &value, b"\r\nEND\r\n"].concat();
            assert!(client.take(expected.len()) == expected, "{n_bytes} bytes");
        }
    }
    tandem.assert_healthy();
}

/// An application that does not look at errors never learns that its value is not kept, and its old
/// value is gone: whoever runs the server has to learn it.
#[test]
fn a_value_too_large_is_told_in_the_log_and_the_metrics() {
    let tandem = Tandem::start_with(&[], |command| {
        command.env("TANDEM_MEMCACHED_MAX_ITEM_SIZE", "2m");
    });
    let value = value(3 << 20);
    let mut client = tandem.memcached();
    assert_eq!(client.line("set page:1 0 0 1\r\nx"), "STORED");
    for _ in 0..2 {
        let head = format!("set page:1 0 0 {}", value.len());
        client.send(&[head.as_bytes(), b"\r\n", &value, b"\r\n"].concat());
        let answer = client.until(b"\r\n").unwrap();
        assert_eq!(answer, b"SERVER_ERROR object too large for cache\r\n");
    }
    assert_eq!(client.line("get page:1"), "END");
    let log = tandem.process.log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains("too large")).collect();
    let [told] = told[..] else { panic!("not one line: {told:?}") };
    for part in [" WARN ", "prefix=\"page\"", "value_bytes=3145728", "item_bytes_max=2097152"] {
        assert!(told.contains(part), "{told}");
    }
    let metrics = tandem.http("/metrics").1;
    for line in
        ["tandem_store_too_large_total{prefix=\"page\"} 2", "memcached_item_too_large_total 2"]
    {
        assert!(metrics.lines().any(|it| it == line), "{line} in\n{metrics}");
    }
}
