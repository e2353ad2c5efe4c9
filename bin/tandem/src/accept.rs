//! Takes in connections, turns away those that may not come in, hands the others to workers.

use std::io::{self, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::protocol::FrontEnd;
use crate::socket::{self, Accepted, Listener};
use crate::worker::{Job, Place, Pool};

/// A front end's door: what its listeners share.
#[derive(Clone)]
pub(crate) struct Door<F> {
    pub(crate) front: F,
    pub(crate) pool: Arc<Pool>,
    pub(crate) n_taken: Arc<AtomicUsize>,
    pub(crate) job: fn(Accepted, Place) -> Job,
}

impl AsRawFd for Listener {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl<F: FrontEnd> Door<F> {
    /// Accepts until the task is aborted; the listener closes with it.
    pub(crate) async fn keep(self, listener: Listener) {
        let address = listener.address.to_string();
        let listener = match watched(listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%address, %error, "cannot listen"),
        };
        loop {
            let Ok(mut ready) = listener.readable().await else { return };
            for _ in 0..ACCEPTS_MAX {
                match ready.try_io(|it| socket::accept(it.get_ref())) {
                    Ok(Ok(accepted)) => self.take_in(accepted),
                    Ok(Err(error)) if is_the_clients(&error) => {}
                    Ok(Err(error)) => {
                        // Out of descriptors or memory: the connection stays in the backlog, and
                        // trying again at once would only burn the core.
                        tracing::error!(front_end = F::NAME, %error, "cannot accept");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                        break;
                    }
                    Err(_would_block) => break,
                }
            }
            tokio::task::yield_now().await;
        }
    }

    fn take_in(&self, accepted: Accepted) {
        if let Some(words) = self.front.refusal(&accepted.peer) {
            return self.turn_away(&accepted, words);
        }
        match Place::take(&self.n_taken, self.front.connections_max()) {
            Some(place) => self.pool.assign((self.job)(accepted, place)),
            None => self.turn_away(&accepted, self.front.too_many()),
        }
    }

    fn turn_away(&self, accepted: &Accepted, words: &[u8]) {
        self.front.count_rejected();
        // The socket's buffer is empty, so the words fit; if not, the client sees a plain close.
        let _ = (&accepted.socket).write(words);
    }
}

#[expect(
    deprecated,
    reason = "its successor is unsafe for types that could change their descriptor; a listener \
        owns one socket for life"
)]
fn watched(listener: Listener) -> io::Result<AsyncFd<Listener>> {
    AsyncFd::with_interest(listener, Interest::READABLE)
}

/// True for what a client did between its connecting and our accepting.
fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// Connections accepted in a row before the other listeners have their turn.
const ACCEPTS_MAX: usize = 256;

/// How long to wait when the process is out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
