//! Blocks of memory for segments and tables.
//!
//! Blocks of 4 to 256 KiB are carved from reserved chunks and kept in free lists by size. Who
//! gives a block back pays nothing: upkeep hands its pages to the system (`MADV_DONTNEED`) piece
//! by piece, while its addresses stay reserved. So there are few mappings, and freed memory
//! leaves the process within a tick of upkeep.
#![expect(unsafe_code, reason = "carves and discards memory")]

use std::alloc::Layout;
use std::collections::VecDeque;
use std::ptr::NonNull;

use parking_lot::Mutex;

use crate::memory::{Pages, discard, map, unmap};

/// Smallest and largest block, in bytes.
pub(crate) const BLOCK_MIN: usize = 4 << 10;
pub(crate) const BLOCK_MAX: usize = 256 << 10;
const N_CLASSES: usize = (BLOCK_MAX / BLOCK_MIN).trailing_zeros() as usize + 1;

/// Address space reserved at a time. Untouched pages cost nothing; where the system counts
/// reservations strictly, smaller chunks are tried.
const CHUNK_BYTES_MAX: usize = if cfg!(miri) { 1 << 20 } else { 1 << 30 };
const CHUNK_BYTES_MIN: usize = 1 << 20;

/// Freed blocks of one size that upkeep leaves their pages for the next taker (1 MiB of the
/// largest).
const HOT_BLOCKS_MAX: usize = 4;

/// Bytes discarded between two looks at the caller's patience: a page costs 0.1 to 2 microseconds.
const DISCARD_STEP: usize = 32 << 10;

/// A source of blocks, shared by the shards of a keyspace. Chunks are released when it drops.
pub(crate) struct Pool {
    state: Mutex<PoolState>,
}

#[derive(Default)]
struct PoolState {
    chunks: Vec<Chunk>,
    /// Bytes carved off the last chunk.
    carved: usize,
    free: [FreeList; N_CLASSES],
    /// Blocks of which upkeep has discarded a part.
    half_cold: Vec<Discarding>,
}

#[derive(Default)]
struct FreeList {
    /// Blocks whose pages are still there; the last was given back last.
    hot: VecDeque<NonNull<u8>>,
    /// Blocks whose pages went back to the system.
    cold: Vec<NonNull<u8>>,
}

/// A free block and how much of it has been discarded, from the front.
struct Discarding {
    block: NonNull<u8>,
    size: usize,
    done: usize,
}

struct Chunk {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: a chunk is plain memory; who may touch which block is settled by `take` and `give`.
unsafe impl Send for PoolState {}

impl Pool {
    pub(crate) fn new() -> Pool {
        Pool { state: Mutex::default() }
    }

    /// A block of `size` bytes (a power of two, `BLOCK_MIN` to `BLOCK_MAX`). Its content is
    /// arbitrary. Ends the process when the system has no memory left, as any allocation does.
    pub(crate) fn take(&self, size: usize) -> NonNull<u8> {
        let mut state = self.state.lock();
        let list = &mut state.free[class_of(size)];
        if let Some(block) = list.hot.pop_back().or_else(|| list.cold.pop()) {
            return block;
        }
        state.carve(size)
    }

    /// Gives back a block that `take(size)` returned and that nothing points into any more.
    pub(crate) fn give(&self, block: NonNull<u8>, size: usize) {
        self.state.lock().free[class_of(size)].hot.push_back(block);
    }

    /// Hands pages of free blocks back to the system until few free blocks have theirs (true) or
    /// `keep_going` says no (false).
    pub(crate) fn discard(&self, keep_going: &mut dyn FnMut() -> bool) -> bool {
        loop {
            let Some(mut spare) = self.state.lock().take_spare() else { return true };
            let step = DISCARD_STEP.min(spare.size - spare.done);
            // SAFETY: within the block, which nobody else can take meanwhile.
            discard(unsafe { spare.block.add(spare.done) }, step);
            spare.done += step;
            self.state.lock().put_spare(spare);
            if !keep_going() {
                return false;
            }
        }
    }
}

impl PoolState {
    /// The free block to discard next, off the lists.
    fn take_spare(&mut self) -> Option<Discarding> {
        self.half_cold.pop().or_else(|| {
            let (class, list) =
                self.free.iter_mut().enumerate().find(|(_, it)| HOT_BLOCKS_MAX < it.hot.len())?;
            let block = list.hot.pop_front()?;
            Some(Discarding { block, size: BLOCK_MIN << class, done: 0 })
        })
    }

    fn put_spare(&mut self, spare: Discarding) {
        if spare.done < spare.size {
            self.half_cold.push(spare);
        } else {
            self.free[class_of(spare.size)].cold.push(spare.block);
        }
    }

    fn carve(&mut self, size: usize) -> NonNull<u8> {
        let fits = self.chunks.last().is_some_and(|it| self.carved + size <= it.len);
        if !fits {
            self.chunks.push(reserve());
            self.carved = 0;
        }
        let chunk = self.chunks.last().expect("pushed above when there was none");
        // SAFETY: `carved + size` is within the chunk.
        let block = unsafe { chunk.start.add(self.carved) };
        self.carved += size;
        block
    }
}

impl Drop for PoolState {
    fn drop(&mut self) {
        for chunk in &self.chunks {
            unmap(chunk.start, chunk.len);
        }
    }
}

fn class_of(size: usize) -> usize {
    debug_assert!(size.is_power_of_two() && (BLOCK_MIN..=BLOCK_MAX).contains(&size));
    (size / BLOCK_MIN).trailing_zeros() as usize
}

fn reserve() -> Chunk {
    let mut len = CHUNK_BYTES_MAX;
    while CHUNK_BYTES_MIN <= len {
        if let Some(start) = map(len, Pages::WhenTouched) {
            return Chunk { start, len };
        }
        len /= 4;
    }
    std::alloc::handle_alloc_error(Layout::new::<[u8; CHUNK_BYTES_MIN]>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_distinct_and_come_back() {
        let pool = Pool::new();
        let n = HOT_BLOCKS_MAX * 2;
        let blocks: Vec<_> = (0..n).map(|_| pool.take(BLOCK_MIN)).collect();
        for (i, block) in blocks.iter().enumerate() {
            // SAFETY: the block is ours.
            unsafe { block.as_ptr().write_bytes(i as u8, BLOCK_MIN) };
        }
        for (i, block) in blocks.iter().enumerate() {
            // SAFETY: as above; written above.
            assert_eq!(unsafe { block.add(BLOCK_MIN - 1).read() }, i as u8);
        }
        for block in &blocks {
            pool.give(*block, BLOCK_MIN);
        }
        let again: Vec<_> = (0..n).map(|_| pool.take(BLOCK_MIN)).collect();
        assert!(again.iter().all(|it| blocks.contains(it)), "freed blocks are used first");
    }

    #[test]
    fn free_blocks_lose_their_pages_piece_by_piece_and_are_used_again() {
        let pool = Pool::new();
        let n = HOT_BLOCKS_MAX + 3;
        let blocks: Vec<_> = (0..n).map(|_| pool.take(BLOCK_MAX)).collect();
        for block in &blocks {
            pool.give(*block, BLOCK_MAX);
        }
        let mut n_steps = 0;
        let mut one_step = || {
            n_steps += 1;
            false
        };
        while !pool.discard(&mut one_step) {}
        assert_eq!(n_steps, 3 * BLOCK_MAX / DISCARD_STEP);
        let again: Vec<_> = (0..n).map(|_| pool.take(BLOCK_MAX)).collect();
        assert!(again.iter().all(|it| blocks.contains(it)), "all are to be had again");
        assert!(pool.state.lock().half_cold.is_empty());
    }

    /// A block that was given back must not lose what its next owner writes.
    #[test]
    fn blocks_keep_their_content_while_others_give_theirs_back() {
        let pool = Pool::new();
        let n_rounds = if cfg!(miri) { 3 } else { 2000 };
        let work = |mark: u8| {
            for _ in 0..n_rounds {
                let blocks: Vec<_> =
                    (0..HOT_BLOCKS_MAX + 2).map(|_| pool.take(BLOCK_MIN)).collect();
                for block in &blocks {
                    // SAFETY: the block is ours.
                    unsafe { block.as_ptr().write_bytes(mark, BLOCK_MIN) };
                }
                for block in blocks {
                    // SAFETY: as above; written above.
                    assert_eq!(unsafe { block.add(BLOCK_MIN / 2).read() }, mark);
                    pool.give(block, BLOCK_MIN);
                }
                pool.discard(&mut || true);
            }
        };
        std::thread::scope(|scope| {
            (1..5).for_each(|mark| drop(scope.spawn(move || work(mark))));
        });
    }
}
