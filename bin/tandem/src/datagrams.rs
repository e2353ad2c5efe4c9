//! memcached's requests by datagram. All that arrives at one address is served by one worker.

use std::io;
use std::rc::Rc;

use tandem_memcached::Datagrams;
use tokio::net::UdpSocket;

use crate::clock;

/// Answers datagrams until the task is dropped.
pub(crate) async fn serve(socket: Rc<UdpSocket>, mut datagrams: Datagrams) {
    let mut buffer = vec![0; DATAGRAM_BYTES_MAX];
    while socket.readable().await.is_ok() {
        for _ in 0..DATAGRAMS_IN_A_ROW {
            let (n_bytes, from) = match socket.try_recv_from(&mut buffer) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // What became of an earlier answer says nothing of the next request.
                Err(_) => continue,
            };
            if from.port() < PORTS_OF_SERVICES {
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

/// The longest there is.
const DATAGRAM_BYTES_MAX: usize = 64 << 10;

/// Before connections and other tasks of the worker have their turn.
const DATAGRAMS_IN_A_ROW: usize = 64;

/// Ports below are those of services, some of which answer whatever they get, and would our answer.
const PORTS_OF_SERVICES: u16 = 1024;
