//! Where an element leaves its mark.

use super::registers::{N_REGISTERS, RANK_BITS};

/// The register of an element, and how high the element raises it: the place of the first one
/// among the bits of its hash that do not pick the register.
pub(super) fn place(element: &[u8]) -> (usize, u8) {
    let hash = murmur64a(element, SEED);
    // A one behind the last bit ends the run of zeros.
    let rest = (hash / N_REGISTERS as u64) | (1 << RANK_BITS);
    (hash as usize % N_REGISTERS, rest.trailing_zeros() as u8 + 1)
}

/// Austin Appleby's `MurmurHash64A`, which is in the public domain.
fn murmur64a(bytes: &[u8], seed: u64) -> u64 {
    let mut hash = seed ^ (bytes.len() as u64).wrapping_mul(FACTOR);
    let words = bytes.chunks_exact(8);
    let rest = words.remainder();
    for word in words {
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        hash = (hash ^ stir(word.wrapping_mul(FACTOR))).wrapping_mul(FACTOR);
    }
    if !rest.is_empty() {
        let mut word = [0; 8];
        word[..rest.len()].copy_from_slice(rest);
        hash = (hash ^ u64::from_le_bytes(word)).wrapping_mul(FACTOR);
    }
    let hash = stir(hash);
    hash ^ hash >> SHIFT
}

fn stir(word: u64) -> u64 {
    (word ^ word >> SHIFT).wrapping_mul(FACTOR)
}

const FACTOR: u64 = 0xC6A4_A793_5BD1_E995;
const SHIFT: u32 = 47;

/// Redis's choice: others must find the same registers.
const SEED: u64 = 0xADC8_3B19;
