//! memcached's requests by datagram. All that arrives at one address is served by one worker.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use tandem_memcached::Datagrams;
use tokio::net::UdpSocket;

use crate::clock;

/// Answers datagrams until the task is dropped.
pub(crate) async fn serve(socket: Rc<UdpSocket>, address: SocketAddr, mut datagrams: Datagrams) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    while socket.readable().await.is_ok() {
        for _ in 0..DATAGRAMS_IN_A_ROW {
            let (n_bytes, from) = match socket.try_recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // What became of an earlier answer says nothing of the next request.
                Err(_) => continue,
            };
            if may_be_a_server(from, address) {
                continue;
            }
            if let Some(answer) = datagrams.answer(&buffer[..n_bytes], clock::now_ms()) {
                // An answer that cannot leave at once is lost, as datagrams may be.
                let _ = socket.try_send_to(answer, from);
            }
        }
        tokio::task::yield_now().await;
    }
}

/// True for whoever would take our answer for a request, and answer that, without end: a server of
/// our own kind, or one of those that answer anything.
fn may_be_a_server(from: SocketAddr, here: SocketAddr) -> bool {
    from.port() == here.port() || from.port() < PORTS_OF_SERVICES
}

/// The longest there is.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;

/// Before connections and other tasks of the worker have their turn.
const DATAGRAMS_IN_A_ROW: usize = 64;

/// Ports below are those of services.
const PORTS_OF_SERVICES: u16 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_not_answered() {
        let at = |port| SocketAddr::from(([203, 0, 113, 1], port));
        for (port, is_client) in [(7, false), (1023, false), (1024, true), (11211, false)] {
            assert_eq!(may_be_a_server(at(port), at(11211)), !is_client, "{port}");
        }
    }
}
