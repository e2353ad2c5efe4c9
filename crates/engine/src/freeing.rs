//! What would take long to free is let go of: it goes to a thread of its own. A page that goes
//! back to the system and an allocation that goes back to its heap both cost time, and a big value
//! has thousands of one or millions of the other.
//!
//! The accounts of its keyspace have lost it by then. Resident memory follows as the thread gets
//! on.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use bytes::{Bytes, BytesMut};
use parking_lot::{Condvar, Mutex};

use crate::index::Index;
use crate::item::BoxedValue;
use crate::memory::discard_piecewise;
use crate::segment::Segments;

/// Something to free.
enum Garbage {
    Bytes(Bytes),
    Value(BoxedValue),
    /// What the shards of an emptied database held.
    Shards(Vec<(Index, Segments)>),
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Load {
    pub(crate) n_bytes: usize,
    /// Values that keys had.
    pub(crate) n_objects: usize,
}

/// What waits to be freed.
struct Waiting {
    garbage: Vec<(Garbage, Load)>,
    /// Of all that waits and of what is being freed.
    load: Load,
    n_freed: u64,
}

/// How far the freeing has got.
#[derive(Clone, Copy, Debug)]
pub struct Freeing {
    /// Values that wait or are being freed, and their bytes, with those of buffers.
    pub n_pending: usize,
    pub pending_bytes: usize,
    /// Values that the thread has freed, since `reset_freed`.
    pub n_freed: u64,
}

/// Drops bytes: on the thread that runs `free_let_go` when they are many and nobody else holds
/// them.
pub fn let_go(bytes: Bytes) {
    let_go_counted(bytes, 0);
}

fn let_go_counted(bytes: Bytes, n_objects: usize) {
    let n_bytes = bytes.len();
    if LET_GO_BYTES_MIN <= n_bytes && bytes.is_unique() {
        hand_over(Garbage::Bytes(bytes), Load { n_bytes, n_objects });
    }
}

/// The same for a buffer, whatever is in it.
pub fn let_go_buffer(buffer: BytesMut) {
    let n_bytes = buffer.capacity();
    if LET_GO_BYTES_MIN <= n_bytes {
        hand_over(Garbage::Bytes(buffer.freeze()), Load { n_bytes, n_objects: 0 });
    }
}

/// The same for a key's value.
pub(crate) fn let_go_value(value: BoxedValue) {
    match value {
        BoxedValue::String(it) => let_go_counted(it, 1),
        BoxedValue::Packed(..) => {}
        collection => {
            let n_bytes = collection.heap_bytes();
            if LET_GO_PARTS_BYTES_MIN <= n_bytes {
                hand_over(Garbage::Value(collection), Load { n_bytes, n_objects: 1 });
            }
        }
    }
}

/// The same for the contents of shards.
pub(crate) fn let_go_shards(shards: Vec<(Index, Segments)>, load: Load) {
    if LET_GO_BYTES_MIN <= load.n_bytes {
        hand_over(Garbage::Shards(shards), load);
    }
}

fn hand_over(garbage: Garbage, load: Load) {
    if FREES_HERE.get() {
        return free(garbage);
    }
    if !HAS_THREAD.load(Relaxed) {
        return;
    }
    let mut waiting = WAITING.lock();
    // Whoever lets go of more than the thread can free does it alone, or memory would not follow.
    if waiting.load.n_bytes == 0 || waiting.load.n_bytes + load.n_bytes <= WAITING_BYTES_MAX {
        waiting.garbage.push((garbage, load));
        waiting.load.n_bytes += load.n_bytes;
        waiting.load.n_objects += load.n_objects;
        drop(waiting);
        MORE.notify_one();
    } else {
        // Not under the lock.
        drop(waiting);
        drop(garbage);
    }
}

/// Frees what is let go of, for ever. The process starts a thread for it.
pub fn free_let_go() {
    FREES_HERE.set(true);
    HAS_THREAD.store(true, Relaxed);
    loop {
        let (garbage, load) = next();
        free(garbage);
        let mut waiting = WAITING.lock();
        waiting.load.n_bytes -= load.n_bytes;
        waiting.load.n_objects -= load.n_objects;
        waiting.n_freed += load.n_objects as u64;
    }
}

fn next() -> (Garbage, Load) {
    let mut waiting = WAITING.lock();
    loop {
        match waiting.garbage.pop() {
            Some(next) => return next,
            None => MORE.wait(&mut waiting),
        }
    }
}

/// Big strings go in pieces: the kernel may not interrupt itself for a worker on the same core.
fn free(garbage: Garbage) {
    match garbage {
        Garbage::Bytes(bytes) => {
            if let Ok(mut own) = bytes.try_into_mut() {
                discard_piecewise(&mut own, std::thread::yield_now);
            }
        }
        Garbage::Value(value) => drop(value),
        Garbage::Shards(shards) => drop(shards),
    }
}

/// How far the freeing has got.
pub fn freeing() -> Freeing {
    let waiting = WAITING.lock();
    let Load { n_bytes, n_objects } = waiting.load;
    Freeing { n_pending: n_objects, pending_bytes: n_bytes, n_freed: waiting.n_freed }
}

/// Starts the count of freed values anew.
pub fn reset_freed() {
    WAITING.lock().n_freed = 0;
}

static WAITING: Mutex<Waiting> = Mutex::new(Waiting {
    garbage: Vec::new(),
    load: Load { n_bytes: 0, n_objects: 0 },
    n_freed: 0,
});
static MORE: Condvar = Condvar::new();
static HAS_THREAD: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// What a value holds is let go of when the value is freed: that need not wait again.
    static FREES_HERE: Cell<bool> = const { Cell::new(false) };
}

/// Bytes in one piece are freed in a few dozen microseconds when they are fewer.
const LET_GO_BYTES_MIN: usize = 1 << 20;

/// The same for a collection, which has an allocation every 64 bytes at worst: a few hundred of
/// them take some ten microseconds, a few times of what it takes to wake the thread.
const LET_GO_PARTS_BYTES_MIN: usize = 16 << 10;

/// A value as big as Redis allows fits in beside others. One that is bigger waits alone.
const WAITING_BYTES_MAX: usize = 1 << 30;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Hash, Keyspace, KeyspaceOptions};

    const NOW: u64 = 1_700_000_000_000;

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
        let load = Load { n_bytes: LET_GO_BYTES_MIN, n_objects: 1 };
        hand_over(Garbage::Bytes(owned()), load);
        assert_eq!(seen.recv().unwrap(), here, "nobody else is there");
        std::thread::spawn(free_let_go);
        while !HAS_THREAD.load(Relaxed) {
            std::thread::yield_now();
        }
        hand_over(Garbage::Bytes(owned()), load);
        assert_ne!(seen.recv().unwrap(), here);
        let before = Bytes::from(vec![7; 3 * LET_GO_BYTES_MIN]);
        free(Garbage::Bytes(before.clone()));
        assert!(before.iter().all(|it| *it == 7), "somebody holds it");
        free(Garbage::Bytes(before));
        collections_and_databases_go_the_same_way();
    }

    /// In one test with the thread's start, as a process has one.
    fn collections_and_databases_go_the_same_way() {
        let options = KeyspaceOptions { n_shards: 4, n_databases: 1, ..KeyspaceOptions::default() };
        let keyspace = Keyspace::new(options);
        let fill = |name: &[u8], n_fields: usize| {
            let key = keyspace.key(0, name);
            let mut view = keyspace.view(key, NOW);
            let mut hash = view.edit_or_create::<Hash>(key).unwrap();
            for n in 0..n_fields {
                hash.set(&n.to_le_bytes(), b"value");
            }
        };
        let freed_later = |n_wanted: u64| {
            while freeing().n_freed < n_wanted {
                std::thread::yield_now();
            }
        };
        let (few, many) = (150, 20_000);
        freed_later(1);
        fill(b"few", few);
        fill(b"many", many);
        for name in [&b"few"[..], b"many"] {
            let key = keyspace.key(0, name);
            assert!(keyspace.view(key, NOW).remove(key));
        }
        // The accounts do not wait for the thread.
        assert_eq!(keyspace.stats().payload_bytes, 0);
        freed_later(2);
        fill(b"one", many);
        fill(b"other", many);
        keyspace.flush(0);
        assert_eq!(keyspace.used_bytes(), 0);
        freed_later(4);
        assert_eq!(freeing().n_freed, 4, "a few fields are freed at once");
    }
}
