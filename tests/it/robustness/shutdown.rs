//! How the server ends.

use tandem_tests::client::Client;
use tandem_tests::process::{ScratchFile, wait_until};
use tandem_tests::server::Tandem;

#[test]
fn sigterm_lets_what_was_read_be_answered() {
    let conf = ScratchFile::new("debug.conf", "enable-debug-command yes\n");
    let mut tandem = Tandem::start(&["--redis-conf", conf.name()]);
    let mut control = tandem.resp();
    let mut client = tandem.resp();
    client.send(b"SET k v\r\n");
    assert_eq!(client.value().0.text(), "OK");
    // One packet, read at once: all of it must be answered.
    client.send(&[&b"DEBUG SLEEP 0.3\r\n"[..], &b"GET k\r\n".repeat(100)].concat());
    wait_until("the pipeline has been read", || {
        bytes_in(&control.run("CLIENT LIST").text()).any(|n_bytes| n_bytes > 700)
    });
    tandem.process.terminate();
    assert_eq!(client.value().0.text(), "OK");
    for _ in 0..100 {
        assert_eq!(client.value().0.text(), "v");
    }
    assert_eq!(client.try_value(), None, "and then the connection is closed");
    assert_eq!(tandem.process.wait().code(), Some(0));
    assert!(Client::try_connect(tandem.resp_port).is_err(), "nobody listens any more");
    assert!(Client::try_connect(tandem.memcached_port).is_err());
}

/// What each client has sent.
fn bytes_in(list: &str) -> impl Iterator<Item = u64> {
    list.split_whitespace().filter_map(|it| it.strip_prefix("tot-net-in=")?.parse().ok())
}

#[test]
fn idle_clients_do_not_keep_the_server_from_ending() {
    let mut tandem = Tandem::start(&[]);
    let mut clients: Vec<Client> = (0..50).map(|_| tandem.resp()).collect();
    clients.extend((0..50).map(|_| tandem.memcached()));
    let mut half_said = tandem.resp();
    half_said.send(b"*2\r\n$3\r\nGET\r\n");
    assert_eq!(tandem.stop().code(), Some(0));
    assert!(!tandem.process.log().contains("panicked"));
}

#[test]
fn the_shutdown_command_ends_the_server() {
    let mut tandem = Tandem::start(&[]);
    let mut client = tandem.resp();
    client.send(b"SHUTDOWN NOSAVE\r\n");
    assert_eq!(client.rest(), b"", "a shutdown has no answer but the end");
    assert_eq!(tandem.process.wait().code(), Some(0));
}

#[test]
fn memcached_clients_may_not_end_the_server_unless_told_so() {
    let mut tandem = Tandem::start(&[]);
    let mut client = tandem.memcached();
    assert_eq!(client.line("shutdown"), "SERVER_ERROR: shutdown not enabled");
    tandem.assert_healthy();
}

#[test]
fn a_taken_port_is_an_error_with_its_name() {
    let tandem = Tandem::start(&[]);
    let output = std::process::Command::new(tandem_tests::server::binary())
        .args(["--resp-port", &tandem.resp_port.to_string(), "--memcached-port", "0"])
        .args(["--admin-port", "0", "--bind", "127.0.0.1"])
        .env_remove("TANDEM_BIN")
        .env_remove("TANDEM_PYTHON")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(said.contains(&tandem.resp_port.to_string()), "{said}");
}
