//! Compares the eight hashes of a bucket at once.
#![expect(unsafe_code, reason = "vector instructions")]

/// One bit for each word whose upper half is `wanted`.
#[cfg(target_arch = "x86_64")]
#[inline]
pub(crate) fn equal_upper_halves(words: &[u64; 8], wanted: u32) -> u32 {
    use std::arch::x86_64::{
        _mm_castps_si128, _mm_castsi128_ps, _mm_cmpeq_epi32, _mm_loadu_si128, _mm_movemask_epi8,
        _mm_packs_epi16, _mm_packs_epi32, _mm_set1_epi32, _mm_setzero_si128, _mm_shuffle_ps,
    };
    // SAFETY: every x86-64 processor has SSE2; two words are read at a time, checked by the slice.
    unsafe {
        // The upper halves of two pairs of words, side by side.
        let halves = |at: usize| {
            let pair = |i: usize| _mm_loadu_si128(words[i..i + 2].as_ptr().cast());
            let (low, high) = (_mm_castsi128_ps(pair(at)), _mm_castsi128_ps(pair(at + 2)));
            _mm_castps_si128(_mm_shuffle_ps::<0b11_01_11_01>(low, high))
        };
        let all = _mm_set1_epi32(wanted as i32);
        let (low, high) = (_mm_cmpeq_epi32(halves(0), all), _mm_cmpeq_epi32(halves(4), all));
        let found = _mm_packs_epi32(low, high);
        _mm_movemask_epi8(_mm_packs_epi16(found, _mm_setzero_si128())) as u32
    }
}

/// One bit for each word whose upper half is `wanted`.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(crate) fn equal_upper_halves(words: &[u64; 8], wanted: u32) -> u32 {
    let equal = |i: usize| u32::from((words[i] >> 32) as u32 == wanted) << i;
    (0..words.len()).map(equal).sum()
}
