//! Very many connections, and connections at the limit.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tandem_tests::client::Client;
use tandem_tests::process::{ScratchFile, scratch, wait_until};
use tandem_tests::server::Tandem;

const N_CONNECTIONS: u64 = 10_000;

/// Descriptors beside the connections: files, pipes, the other tests of this process.
const SPARE_DESCRIPTORS: u64 = 4_000;

#[test]
fn ten_thousand_connections_are_served_and_their_memory_comes_back() {
    if let Err(reason) = raise_descriptor_limit(N_CONNECTIONS + SPARE_DESCRIPTORS) {
        println!("left out: this machine does not allow 10,000 connections: {reason}");
        return;
    }
    let mut tandem = Tandem::start(&[]);
    let mut control = tandem.resp();
    control.run("CONFIG SET maxclients 11000");
    let rss_before = tandem.process.rss();

    let mut clients: Vec<Client> = (0..N_CONNECTIONS).map(|_| tandem.resp()).collect();
    for client in &mut clients {
        client.send(b"*1\r\n$4\r\nPING\r\n");
    }
    for client in &mut clients {
        assert_eq!(client.value().1, b"+PONG\r\n");
    }
    assert_eq!(connected(&mut control), N_CONNECTIONS + 1);
    let rss_per_client = tandem.process.rss().saturating_sub(rss_before) / N_CONNECTIONS;
    assert!(rss_per_client < 8 << 10, "an idle connection takes {rss_per_client} bytes");
    let (status, metrics) = tandem.http("/metrics");
    assert_eq!(status, 200);
    assert!(metrics.contains("redis_connected_clients 10001"), "all are counted");

    drop(clients);
    wait_until("all have left", || connected(&mut control) == 1);
    let slack = 40 << 20;
    wait_until("memory is near where it was", || tandem.process.rss() < rss_before + slack);
    tandem.assert_healthy();
}

#[test]
fn connections_over_the_limit_are_told_so() {
    let tandem = Tandem::start(&[]);
    let mut first = tandem.resp();
    wait_until("those who asked for the port have left", || connected(&mut first) == 1);
    first.run("CONFIG SET maxclients 2");
    // One who asked for the port may be let in only now, to be gone at once.
    let mut second = None;
    wait_until("the second is let in", || {
        second = answered(&tandem);
        second.is_some()
    });
    let mut third = tandem.resp();
    assert_eq!(third.rest(), b"-ERR max number of clients reached\r\n");
    drop(second);
    wait_until("there is room again", || answered(&tandem).is_some());
}

/// A new connection, unless it is turned away.
fn answered(tandem: &Tandem) -> Option<Client> {
    let mut client = tandem.resp();
    client.send(b"PING\r\n");
    let (value, _) = client.try_value()?;
    (value.to_string() == "PONG").then_some(client)
}

#[test]
fn an_idle_client_is_closed_after_the_timeout() {
    let tandem = Tandem::start(&[]);
    let mut control = tandem.resp();
    let mut idle = tandem.resp();
    idle.run("PING");
    control.run("CONFIG SET timeout 1");
    wait_until("the idle one is gone", || {
        control.run("PING");
        connected(&mut control) == 1
    });
    assert_eq!(idle.try_value(), None);
}

#[test]
fn unix_sockets_serve_like_ports() {
    use std::io::{Read as _, Write as _};
    use std::os::unix::net::UnixStream;
    let path = scratch().join("resp.sock");
    let line = format!("unixsocket {}\n", path.display());
    let conf = ScratchFile::new("unix.conf", &line);
    let _tandem = Tandem::start(&["--redis-conf", conf.name()]);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"PING\r\n").unwrap();
    let mut answer = [0; 7];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"+PONG\r\n");
}

fn connected(control: &mut Client) -> u64 {
    let info = control.run("INFO clients").text();
    let line = info.lines().find_map(|line| line.strip_prefix("connected_clients:"));
    line.and_then(|it| it.parse().ok()).expect("a count of clients")
}

fn raise_descriptor_limit(wanted: u64) -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    let maximum = limit.maximum.map(|maximum| maximum.max(wanted));
    setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum })
        .or_else(|_| {
            let limit = Rlimit { current: Some(wanted), maximum: limit.maximum };
            setrlimit(Resource::Nofile, limit)
        })
        .map_err(|error| format!("RLIMIT_NOFILE is {:?}: {error}", limit.maximum))
}
