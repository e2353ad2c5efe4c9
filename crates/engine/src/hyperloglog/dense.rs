//! The dense form: registers of six bits, one behind the other from the low end of each byte.

use super::registers::{N_REGISTERS, Registers};

pub(super) const BYTES: usize = N_REGISTERS * REGISTER_BITS / 8;

const REGISTER_BITS: usize = 6;
const MASK: u16 = (1 << REGISTER_BITS) - 1;

pub(super) fn get(body: &[u8], index: usize) -> u8 {
    (pair(body, index) >> shift(index) & MASK) as u8
}

pub(super) fn set(body: &mut [u8], index: usize, rank: u8) {
    let pair = pair(body, index) & !(MASK << shift(index)) | u16::from(rank) << shift(index);
    let [low, high] = pair.to_le_bytes();
    let at = index * REGISTER_BITS / 8;
    body[at] = low;
    // The last register ends with the last byte.
    if let Some(byte) = body.get_mut(at + 1) {
        *byte = high;
    }
}

/// The two bytes that a register lies in.
fn pair(body: &[u8], index: usize) -> u16 {
    let at = index * REGISTER_BITS / 8;
    u16::from_le_bytes([body[at], body.get(at + 1).copied().unwrap_or_default()])
}

fn shift(index: usize) -> usize {
    index * REGISTER_BITS % 8
}

/// Every register: four lie in three bytes.
pub(super) fn unpack(body: &[u8]) -> impl Iterator<Item = u8> {
    body.chunks_exact(3).flat_map(|it| {
        let four = u32::from_le_bytes([it[0], it[1], it[2], 0]);
        [0, 6, 12, 18].map(|shift| (four >> shift) as u8 & MASK as u8)
    })
}

pub(super) fn pack(registers: &Registers) -> Vec<u8> {
    let mut body = vec![0; BYTES];
    for (index, rank) in registers.iter().enumerate().filter(|(_, rank)| *rank != 0) {
        set(&mut body, index, rank);
    }
    body
}
