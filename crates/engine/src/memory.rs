//! Memory for segments and tables, straight from the system: what is freed goes back to it.
//!
//! Segments are blocks of 4 to 256 KiB, carved from reserved chunks and kept in free lists by
//! size. A freed block is handed back page by page (`MADV_DONTNEED`) while its addresses stay
//! reserved, so there are few mappings and freed memory never lingers in the process.
#![expect(unsafe_code, reason = "maps and unmaps memory")]

use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::Arc;

use parking_lot::Mutex;

/// Smallest and largest block, in bytes.
pub(crate) const BLOCK_MIN: usize = 4 << 10;
pub(crate) const BLOCK_MAX: usize = 256 << 10;
const N_CLASSES: usize = (BLOCK_MAX / BLOCK_MIN).trailing_zeros() as usize + 1;

/// Address space reserved at a time. Untouched pages cost nothing; where the system counts
/// reservations strictly, smaller chunks are tried.
const CHUNK_BYTES_MAX: usize = if cfg!(miri) { 1 << 20 } else { 1 << 30 };
const CHUNK_BYTES_MIN: usize = 1 << 20;

/// Freed blocks of one size that keep their pages for the next taker (1 MiB of the largest).
const HOT_BLOCKS_MAX: usize = 4;

/// A source of blocks, shared by the shards of a keyspace. Chunks are released when it drops.
pub(crate) struct Pool {
    state: Mutex<PoolState>,
}

struct PoolState {
    chunks: Vec<Chunk>,
    /// Bytes carved off the last chunk.
    carved: usize,
    free: [FreeList; N_CLASSES],
}

#[derive(Default)]
struct FreeList {
    /// Blocks whose pages are still there.
    hot: Vec<NonNull<u8>>,
    /// Blocks whose pages went back to the system.
    cold: Vec<NonNull<u8>>,
}

struct Chunk {
    start: NonNull<u8>,
    len: usize,
}

// SAFETY: a chunk is plain memory; who may touch which block is settled by `take` and `give`.
unsafe impl Send for PoolState {}

impl Pool {
    pub(crate) fn new() -> Pool {
        let free = std::array::from_fn(|_| FreeList::default());
        Pool { state: Mutex::new(PoolState { chunks: Vec::new(), carved: 0, free }) }
    }

    /// A block of `size` bytes (a power of two, `BLOCK_MIN` to `BLOCK_MAX`). Its content is
    /// arbitrary. Ends the process when the system has no memory left, as any allocation does.
    pub(crate) fn take(&self, size: usize) -> NonNull<u8> {
        let mut state = self.state.lock();
        let list = &mut state.free[class_of(size)];
        if let Some(block) = list.hot.pop().or_else(|| list.cold.pop()) {
            return block;
        }
        state.carve(size)
    }

    /// Gives back a block that `take(size)` returned and that nothing points into any more.
    pub(crate) fn give(&self, block: NonNull<u8>, size: usize) {
        let class = class_of(size);
        let mut state = self.state.lock();
        if state.free[class].hot.len() < HOT_BLOCKS_MAX {
            return state.free[class].hot.push(block);
        }
        drop(state);
        // Before anybody else can take the block: what they write must not be discarded.
        discard(block, size);
        self.state.lock().free[class].cold.push(block);
    }
}

impl PoolState {
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
        if let Some(start) = map(len) {
            return Chunk { start, len };
        }
        len /= 4;
    }
    std::alloc::handle_alloc_error(Layout::new::<[u8; CHUNK_BYTES_MIN]>())
}

/// A zeroed array of `u64`, aligned to a cache line: the memory of a table.
pub(crate) struct Words {
    start: NonNull<u64>,
    len: usize,
    pool: Option<Arc<Pool>>,
}

// SAFETY: plain owned memory.
unsafe impl Send for Words {}

impl Words {
    pub(crate) const EMPTY: Words = Words { start: NonNull::dangling(), len: 0, pool: None };

    /// Small arrays come from the heap, middling ones from the pool (of whose block only the
    /// pages in use are touched), large ones are mapped on their own. Ends the process when the
    /// system has no memory left, as any allocation does.
    pub(crate) fn zeroed(len: usize, pool: &Arc<Pool>) -> Words {
        let layout = Words::layout(len);
        if let Some(size) = Words::block_size(len) {
            let start = pool.take(size);
            // SAFETY: the block is ours and at least that long.
            unsafe { start.write_bytes(0, layout.size()) };
            return Words { start: start.cast(), len, pool: Some(Arc::clone(pool)) };
        }
        let start = if BLOCK_MAX < layout.size() {
            map(layout.size())
        } else {
            // SAFETY: the layout has a size: tables have a bucket at least.
            NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) })
        };
        let start = start.unwrap_or_else(|| std::alloc::handle_alloc_error(layout)).cast();
        Words { start, len, pool: None }
    }

    pub(crate) fn as_slice(&self) -> &[u64] {
        // SAFETY: `len` initialised words that `self` owns.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u64] {
        // SAFETY: `len` initialised words that `self` owns.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.len * size_of::<u64>()
    }

    /// The pool's block for so many words, when they are neither too few nor too many.
    fn block_size(len: usize) -> Option<usize> {
        let bytes = len * size_of::<u64>();
        (BLOCK_MIN..=BLOCK_MAX).contains(&bytes).then(|| bytes.next_power_of_two())
    }

    fn layout(len: usize) -> Layout {
        Layout::array::<u64>(len)
            .and_then(|it| it.align_to(64))
            .expect("a table is far smaller than the address space")
    }
}

impl Drop for Words {
    fn drop(&mut self) {
        let layout = Words::layout(self.len);
        if self.len == 0 {
            return;
        }
        if let (Some(pool), Some(size)) = (&self.pool, Words::block_size(self.len)) {
            return pool.give(self.start.cast(), size);
        }
        if BLOCK_MAX < layout.size() {
            return unmap(self.start.cast(), layout.size());
        }
        // SAFETY: allocated in `zeroed` with this layout.
        unsafe { std::alloc::dealloc(self.start.cast().as_ptr(), layout) };
    }
}

/// Asks the CPU to fetch the line at `at`, which may be any address at all.
#[inline]
pub(crate) fn prefetch(at: *const u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a prefetch never faults.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(at.cast());
    }
    #[cfg(all(target_arch = "aarch64", not(miri)))]
    // SAFETY: a prefetch never faults.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{}]", in(reg) at, options(nostack, readonly));
    }
    let _ = at;
}

#[cfg(not(miri))]
fn map(len: usize) -> Option<NonNull<u8>> {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
    let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    // SAFETY: a new anonymous mapping aliases nothing.
    let start = unsafe {
        mmap_anonymous(std::ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, flags)
    };
    NonNull::new(start.ok()?.cast())
}

#[cfg(not(miri))]
fn unmap(start: NonNull<u8>, len: usize) {
    // SAFETY: the caller owns the mapping and nothing points into it.
    let done = unsafe { rustix::mm::munmap(start.as_ptr().cast(), len) };
    debug_assert!(done.is_ok(), "a mapping of ours can be unmapped");
}

#[cfg(not(miri))]
fn discard(start: NonNull<u8>, len: usize) {
    // SAFETY: the block is free: nobody reads what is dropped here.
    let done = unsafe {
        rustix::mm::madvise(start.as_ptr().cast(), len, rustix::mm::Advice::LinuxDontNeed)
    };
    debug_assert!(done.is_ok(), "a block of ours can be discarded");
}

/// Gives memory that the allocator keeps without need back to the system. Values that leave as
/// shared slices lie on the allocator's heap; after a change of sizes a heap keeps most of its
/// pages, which would put the process far over its budget.
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
pub fn trim_heap() {
    unsafe extern "C" {
        fn malloc_trim(pad: usize) -> std::ffi::c_int;
    }
    // SAFETY: the C library's own function; it locks its heaps and touches only their free parts.
    unsafe { malloc_trim(0) };
}

/// Other allocators give memory back by themselves, or cannot be asked to.
#[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
pub fn trim_heap() {}

// Miri knows no mmap: the heap stands in.

#[cfg(miri)]
fn map(len: usize) -> Option<NonNull<u8>> {
    let layout = Layout::from_size_align(len, 4096).ok()?;
    // SAFETY: the layout has a size.
    NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) })
}

#[cfg(miri)]
fn unmap(start: NonNull<u8>, len: usize) {
    let layout = Layout::from_size_align(len, 4096).expect("as in map");
    // SAFETY: allocated in `map` with this layout.
    unsafe { std::alloc::dealloc(start.as_ptr(), layout) };
}

#[cfg(miri)]
fn discard(_: NonNull<u8>, _: usize) {}

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
            }
        };
        std::thread::scope(|scope| {
            (1..5).for_each(|mark| drop(scope.spawn(move || work(mark))));
        });
    }

    #[test]
    fn words_are_zeroed_and_aligned_at_every_size() {
        let pool = Arc::new(Pool::new());
        for len in [8, BLOCK_MIN / 8, BLOCK_MIN / 8 + 8, BLOCK_MAX / 8 + 8] {
            for _ in 0..2 {
                let mut words = Words::zeroed(len, &pool);
                assert!(words.as_slice().iter().all(|it| *it == 0));
                words.as_mut_slice().fill(7);
                assert_eq!(words.as_slice().as_ptr().addr() % 64, 0);
            }
        }
    }
}
