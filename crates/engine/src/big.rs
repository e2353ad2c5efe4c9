//! Big values on their way in and out of memory. A page that is touched for the first time costs
//! its fault and one that goes back costs its return: what has thousands of them comes in piece by
//! piece, and goes on a thread of its own.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bytes::{Bytes, BytesMut};
use parking_lot::{Condvar, Mutex};

use crate::memory::discard_piecewise;

/// What waits to be freed.
struct Waiting {
    /// Each with its bytes in memory.
    values: Vec<(Bytes, usize)>,
    /// Of all of them and of the one that is being freed.
    n_bytes: usize,
}

/// A copy of `bytes` with exactly this much room behind it. The room takes no memory before it is
/// written to, so a client may announce what it likes. There is less room when the system does not
/// have the address space.
pub fn with_room(bytes: &[u8], room: usize) -> BytesMut {
    let mut buffer = Vec::new();
    if buffer.try_reserve_exact(bytes.len().saturating_add(room)).is_err() {
        let less = room.min(bytes.len().max(LESS_ROOM_BYTES));
        buffer = Vec::with_capacity(bytes.len() + less);
    }
    buffer.extend_from_slice(bytes);
    // The way through `Bytes` moves nothing.
    BytesMut::from(Bytes::from(buffer))
}

/// Drops a value: on the thread that runs `free_let_go` when it is big and nobody else holds it.
pub fn let_go(value: Bytes) {
    if LET_GO_BYTES_MIN <= value.len() && value.is_unique() {
        let n_bytes = value.len();
        hand_over(value, n_bytes);
    }
}

/// The same for a buffer, whatever is in it.
pub fn let_go_buffer(buffer: BytesMut) {
    let n_bytes = buffer.capacity();
    if LET_GO_BYTES_MIN <= n_bytes {
        hand_over(buffer.freeze(), n_bytes);
    }
}

fn hand_over(value: Bytes, n_bytes: usize) {
    if !HAS_THREAD.load(Relaxed) {
        return;
    }
    let mut waiting = WAITING.lock();
    // Whoever lets go of more than the thread can free does it alone, or memory would not follow.
    if waiting.n_bytes == 0 || waiting.n_bytes + n_bytes <= WAITING_BYTES_MAX {
        waiting.values.push((value, n_bytes));
        waiting.n_bytes += n_bytes;
        drop(waiting);
        MORE.notify_one();
    }
}

/// Frees what is let go of, for ever. The process starts a thread for it.
pub fn free_let_go() {
    HAS_THREAD.store(true, Relaxed);
    loop {
        let (value, n_bytes) = next_let_go();
        free(value);
        WAITING.lock().n_bytes -= n_bytes;
    }
}

fn next_let_go() -> (Bytes, usize) {
    let mut waiting = WAITING.lock();
    loop {
        match waiting.values.pop() {
            Some(next) => return next,
            None => MORE.wait(&mut waiting),
        }
    }
}

/// Frees a value in pieces: the kernel may not interrupt itself for a worker on the same core.
fn free(value: Bytes) {
    if let Ok(mut own) = value.try_into_mut() {
        discard_piecewise(&mut own, std::thread::yield_now);
    }
}

static WAITING: Mutex<Waiting> = Mutex::new(Waiting { values: Vec::new(), n_bytes: 0 });
static MORE: Condvar = Condvar::new();
static HAS_THREAD: AtomicBool = AtomicBool::new(false);

/// Values of this size are freed in a few dozen microseconds; bigger ones go to the thread.
const LET_GO_BYTES_MIN: usize = 1 << 20;

/// A value as big as Redis allows fits in beside others.
const WAITING_BYTES_MAX: usize = 1 << 30;

/// What a buffer grows by when its value does not fit into the address space.
const LESS_ROOM_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_exact_and_holds_what_was_there() {
        for (bytes, room) in [(&b""[..], 0), (b"", 10), (b"abc", 0), (b"abc", 5 << 20)] {
            let mut buffer = with_room(bytes, room);
            assert_eq!((&buffer[..], buffer.capacity()), (bytes, bytes.len() + room));
            let start = buffer.as_ptr();
            buffer.extend_from_slice(&vec![b'x'; room]);
            assert_eq!(buffer.freeze().as_ptr(), start, "nothing was moved");
        }
    }

    #[test]
    fn room_that_the_address_space_does_not_have_is_less() {
        let buffer = with_room(b"abc", usize::MAX / 4);
        assert_eq!((&buffer[..], buffer.capacity()), (&b"abc"[..], 3 + LESS_ROOM_BYTES));
    }

    #[test]
    #[cfg_attr(miri, ignore = "the thread never ends")]
    fn what_is_let_go_of_is_freed_elsewhere_within_limits() {
        struct Owner(Vec<u8>, std::sync::mpsc::Sender<std::thread::ThreadId>);
        impl AsRef<[u8]> for Owner {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }
        impl Drop for Owner {
            fn drop(&mut self) {
                let _ = self.1.send(std::thread::current().id());
            }
        }
        let (freed, seen) = std::sync::mpsc::channel();
        let owned = || Bytes::from_owner(Owner(vec![0; LET_GO_BYTES_MIN], freed.clone()));
        let here = std::thread::current().id();
        hand_over(owned(), LET_GO_BYTES_MIN);
        assert_eq!(seen.recv().unwrap(), here, "nobody else is there");
        std::thread::spawn(free_let_go);
        while !HAS_THREAD.load(Relaxed) {
            std::thread::yield_now();
        }
        hand_over(owned(), LET_GO_BYTES_MIN);
        assert_ne!(seen.recv().unwrap(), here);
        let before = Bytes::from(vec![7; 3 * LET_GO_BYTES_MIN]);
        free(before.clone());
        assert!(before.iter().all(|it| *it == 7), "somebody holds it");
        free(before);
    }
}
