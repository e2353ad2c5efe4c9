//! Memory straight from the system, and the arrays that tables are made of.
#![expect(unsafe_code, reason = "maps and unmaps memory")]

use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::pool::{BLOCK_MAX, BLOCK_MIN, Pool};

/// A zeroed array of `u64`, aligned to a cache line: the memory of a table.
pub(crate) struct Words {
    start: NonNull<u64>,
    len: usize,
    pool: Arc<Pool>,
}

// SAFETY: plain owned memory.
unsafe impl Send for Words {}

impl Words {
    pub(crate) fn empty(pool: Arc<Pool>) -> Words {
        Words { start: NonNull::dangling(), len: 0, pool }
    }

    /// Small arrays come from the heap, middling ones from the pool (of whose block only the
    /// pages in use are touched), large ones are mapped on their own. Ends the process when the
    /// system has no memory left, as any allocation does.
    pub(crate) fn zeroed(len: usize, pool: &Arc<Pool>) -> Words {
        let layout = Words::layout(len);
        if let Some(size) = Words::block_size(len) {
            let start = pool.take(size);
            // SAFETY: the block is ours and at least that long.
            unsafe { start.write_bytes(0, layout.size()) };
            return Words { start: start.cast(), len, pool: Arc::clone(pool) };
        }
        let start = if BLOCK_MAX < layout.size() {
            map(layout.size(), Pages::Now)
        } else {
            // SAFETY: the layout has a size: tables have a bucket at least.
            NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) })
        };
        let start = start.unwrap_or_else(|| std::alloc::handle_alloc_error(layout)).cast();
        Words { start, len, pool: Arc::clone(pool) }
    }

    pub(crate) fn as_slice(&self) -> &[u64] {
        // SAFETY: `len` initialised words that `self` owns.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr(), self.len) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [u64] {
        // SAFETY: `len` initialised words that `self` owns.
        unsafe { std::slice::from_raw_parts_mut(self.start.as_ptr(), self.len) }
    }

    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
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
        if let Some(size) = Words::block_size(self.len) {
            return self.pool.give(self.start.cast(), size);
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

/// When a mapping gets its pages: all of them in one call cost far less than one fault each.
#[derive(PartialEq)]
pub(crate) enum Pages {
    Now,
    WhenTouched,
}

#[cfg(not(miri))]
pub(crate) fn map(len: usize, pages: Pages) -> Option<NonNull<u8>> {
    use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};
    let mut flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
    flags.set(MapFlags::POPULATE, pages == Pages::Now);
    // SAFETY: a new anonymous mapping aliases nothing.
    let start = unsafe {
        mmap_anonymous(std::ptr::null_mut(), len, ProtFlags::READ | ProtFlags::WRITE, flags)
    };
    NonNull::new(start.ok()?.cast())
}

#[cfg(not(miri))]
pub(crate) fn unmap(start: NonNull<u8>, len: usize) {
    // SAFETY: the caller owns the mapping and nothing points into it.
    let done = unsafe { rustix::mm::munmap(start.as_ptr().cast(), len) };
    debug_assert!(done.is_ok(), "a mapping of ours can be unmapped");
}

#[cfg(not(miri))]
pub(crate) fn discard(start: NonNull<u8>, len: usize) {
    // SAFETY: the block is free: nobody reads what is dropped here.
    let done = unsafe {
        rustix::mm::madvise(start.as_ptr().cast(), len, rustix::mm::Advice::LinuxDontNeed)
    };
    debug_assert!(done.is_ok(), "a block of ours can be discarded");
}

/// Hands back, a few at a time, the pages that lie wholly inside a buffer whose content nobody
/// needs any more.
pub(crate) fn discard_piecewise(buffer: &mut [u8], mut pause: impl FnMut()) {
    let head = buffer.as_ptr().align_offset(PAGE_BYTES_MAX).min(buffer.len());
    let n_bytes = (buffer.len() - head) / PAGE_BYTES_MAX * PAGE_BYTES_MAX;
    for piece in buffer[head..head + n_bytes].chunks_mut(DISCARD_BYTES) {
        discard(NonNull::from(&mut *piece).cast(), piece.len());
        pause();
    }
}

/// The biggest pages that processors of ours have.
const PAGE_BYTES_MAX: usize = 64 << 10;

/// So many pages of the usual size go back in a few dozen microseconds.
const DISCARD_BYTES: usize = 256 << 10;

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

/// Maps big values on their own. By itself the C library stops doing that once the first of them
/// was freed, and then frees and grows its heaps by megabytes under their locks.
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
pub fn tune_heap() {
    unsafe extern "C" {
        fn mallopt(parameter: std::ffi::c_int, value: std::ffi::c_int) -> std::ffi::c_int;
    }
    for (parameter, value) in HEAP_SETTINGS {
        // SAFETY: the C library's own function, with parameters from its header.
        unsafe { mallopt(parameter, value) };
    }
}

/// `M_MMAP_THRESHOLD`: bigger allocations are mapped. `M_TRIM_THRESHOLD`: a heap that has more
/// than this free at its end gives it back; twice the other, as the C library itself has it.
#[cfg(all(target_os = "linux", target_env = "gnu", not(miri)))]
const HEAP_SETTINGS: [(std::ffi::c_int, std::ffi::c_int); 2] = [(-3, 1 << 20), (-1, 2 << 20)];

/// Other allocators are left as they are.
#[cfg(not(all(target_os = "linux", target_env = "gnu", not(miri))))]
pub fn tune_heap() {}

// Miri knows no mmap: the heap stands in.

#[cfg(miri)]
pub(crate) fn map(len: usize, _: Pages) -> Option<NonNull<u8>> {
    let layout = Layout::from_size_align(len, 4096).ok()?;
    // SAFETY: the layout has a size.
    NonNull::new(unsafe { std::alloc::alloc_zeroed(layout) })
}

#[cfg(miri)]
pub(crate) fn unmap(start: NonNull<u8>, len: usize) {
    let layout = Layout::from_size_align(len, 4096).expect("as in map");
    // SAFETY: allocated in `map` with this layout.
    unsafe { std::alloc::dealloc(start.as_ptr(), layout) };
}

#[cfg(miri)]
pub(crate) fn discard(_: NonNull<u8>, _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

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
