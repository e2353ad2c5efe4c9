//! The packed form of a sorted set: one run of bytes without pointers, in order.
//!
//! A count of members (u16, little endian), then each as `[lengths][score][member]`. The lengths
//! are one number, LEB128: the member's, and in the lower four bits the score's. Of a score the
//! bytes up to its last that is not zero are kept, the highest first: few for small whole numbers.

use std::ops::Range;

use crate::packed::same;
use crate::sorted_set::Cut;

/// Largest packed form. Beyond it a walk costs more than a tree, and a copy for each edit too.
pub(super) const BYTES_MAX: usize = 60_000;

const COUNT_BYTES: usize = 2;
/// Bytes of the lengths up to `BYTES_MAX`.
const LENGTHS_BYTES_MAX: usize = 3;
const SCORE_BYTES: usize = 8;

/// Where a member lies.
#[derive(Clone, Copy, Debug)]
pub(super) struct PackedMember {
    start: usize,
    score_start: usize,
    member_start: usize,
    end: usize,
}

impl PackedMember {
    /// The member whose lengths begin at `start`.
    #[inline]
    fn at(bytes: &[u8], start: usize) -> PackedMember {
        let first = usize::from(bytes[start]);
        let (score_start, lengths) =
            if first < 0x80 { (start + 1, first) } else { long_lengths(bytes, start) };
        let member_start = score_start + (lengths & 0xf);
        PackedMember { start, score_start, member_start, end: member_start + (lengths >> 4) }
    }

    #[inline]
    fn member<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        &bytes[self.member_start..self.end]
    }

    #[inline]
    pub(super) fn score(&self, bytes: &[u8]) -> f64 {
        let n_bytes = self.member_start - self.score_start;
        // Nearly always eight bytes can be read, of which those behind the score do not count.
        if let Some(eight) = bytes[self.score_start..].first_chunk() {
            let kept = !u64::MAX.checked_shr(8 * n_bytes as u32).unwrap_or(0);
            return f64::from_bits(u64::from_be_bytes(*eight) & kept);
        }
        let mut bits = [0; SCORE_BYTES];
        bits[..n_bytes].copy_from_slice(&bytes[self.score_start..self.member_start]);
        f64::from_bits(u64::from_be_bytes(bits))
    }
}

#[cold]
fn long_lengths(bytes: &[u8], start: usize) -> (usize, usize) {
    let (mut at, mut lengths, mut shift) = (start, 0, 0);
    loop {
        let byte = bytes[at];
        at += 1;
        lengths |= usize::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 || shift == 7 * LENGTHS_BYTES_MAX {
            return (at, lengths);
        }
    }
}

pub(super) fn len(bytes: &[u8]) -> usize {
    usize::from(u16::from_le_bytes([bytes[0], bytes[1]]))
}

pub(super) fn clear(bytes: &mut Vec<u8>) {
    bytes.clear();
    bytes.extend_from_slice(&[0; COUNT_BYTES]);
}

/// A member and its rank.
pub(super) fn find(bytes: &[u8], member: &[u8]) -> Option<(usize, PackedMember)> {
    walk(bytes).enumerate().find(|(_, it)| same(it.member(bytes), member))
}

/// How many members lie before a cut.
pub(super) fn position(bytes: &[u8], cut: Cut<'_>) -> usize {
    walk(bytes).take_while(|it| cut.is_behind(it.score(bytes), || it.member(bytes))).count()
}

/// The ranks between two cuts, or the first `n_max` of them.
pub(super) fn between(bytes: &[u8], low: Cut<'_>, high: Cut<'_>, n_max: usize) -> Range<usize> {
    let is_behind =
        |cut: Cut<'_>, it: &PackedMember| cut.is_behind(it.score(bytes), || it.member(bytes));
    let mut members = walk(bytes);
    let (mut start, mut n) = (0, 0);
    for it in members.by_ref() {
        if !is_behind(low, &it) {
            n = usize::from(n_max > 0 && is_behind(high, &it));
            break;
        }
        start += 1;
    }
    if n > 0 {
        n += members.take(n_max - 1).take_while(|it| is_behind(high, it)).count();
    }
    start..start + n
}

/// `n` members from a rank on.
pub(super) fn rising(bytes: &[u8], rank: usize, n: usize) -> Rising<'_> {
    let next = walk(bytes).nth(rank).map_or(bytes.len(), |it| it.start);
    Rising { bytes, next, n_left: n }
}

/// `n` members from the one in front of a rank downwards.
pub(super) fn falling(bytes: &[u8], end: usize, n: usize) -> Falling<'_> {
    let starts = walk(bytes).take(end).skip(end - n).map(|it| it.start as u16).collect();
    Falling { bytes, starts }
}

/// Length of the packed form with one more member.
pub(super) fn len_bytes_with(bytes: &[u8], member: &[u8], score: f64) -> usize {
    let n_score = score_bytes(score).1;
    let lengths = member.len() << 4 | n_score;
    let n_lengths = if lengths < 0x80 { 1 } else { 1 + (lengths.ilog2() as usize) / 7 };
    bytes.len() + n_lengths + n_score + member.len()
}

/// Adds a member that is not there yet.
pub(super) fn insert(bytes: &mut Vec<u8>, member: &[u8], score: f64) {
    let cut = Cut::BeforeEntry(score, member);
    let behind = walk(bytes).find(|it| !cut.is_behind(it.score(bytes), || it.member(bytes)));
    let start = behind.map_or(bytes.len(), |it| it.start);
    let (score, n_score) = score_bytes(score);
    let (lengths, n_lengths) = lengths_bytes(member.len() << 4 | n_score);
    let parts = [&lengths[..n_lengths], &score[..n_score], member];
    let old_len = bytes.len();
    bytes.resize(old_len + n_lengths + n_score + member.len(), 0);
    bytes.copy_within(start..old_len, start + n_lengths + n_score + member.len());
    let mut at = start;
    for part in parts {
        bytes[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    }
    let n_members = len(bytes) + 1;
    set_len(bytes, n_members);
}

/// Takes out a member.
pub(super) fn remove(bytes: &mut Vec<u8>, it: PackedMember) {
    bytes.drain(it.start..it.end);
    let n_members = len(bytes) - 1;
    set_len(bytes, n_members);
}

/// Takes out the members of these ranks, which are below `len`.
pub(super) fn remove_range(bytes: &mut Vec<u8>, ranks: Range<usize>) {
    let mut gone = walk(bytes).skip(ranks.start).take(ranks.len()).map(|it| (it.start, it.end));
    let Some((start, first_end)) = gone.next() else { return };
    let end = gone.last().map_or(first_end, |(_, end)| end);
    bytes.drain(start..end);
    let n_members = len(bytes) - ranks.len();
    set_len(bytes, n_members);
}

/// The members in order, as places.
fn walk(bytes: &[u8]) -> impl Iterator<Item = PackedMember> + '_ {
    let mut start = COUNT_BYTES;
    std::iter::from_fn(move || {
        if start == bytes.len() {
            return None;
        }
        let it = PackedMember::at(bytes, start);
        start = it.end;
        Some(it)
    })
}

fn score_bytes(score: f64) -> ([u8; SCORE_BYTES], usize) {
    let bits = score.to_bits();
    (bits.to_be_bytes(), SCORE_BYTES - bits.trailing_zeros() as usize / 8)
}

fn lengths_bytes(mut lengths: usize) -> ([u8; LENGTHS_BYTES_MAX], usize) {
    let (mut bytes, mut n_bytes) = ([0; LENGTHS_BYTES_MAX], 1);
    while lengths >= 0x80 {
        bytes[n_bytes - 1] = lengths as u8 | 0x80;
        lengths >>= 7;
        n_bytes += 1;
    }
    bytes[n_bytes - 1] = lengths as u8;
    (bytes, n_bytes)
}

fn set_len(bytes: &mut [u8], len: usize) {
    let len = u16::try_from(len).expect("the byte limit keeps the count below 2^16");
    bytes[..COUNT_BYTES].copy_from_slice(&len.to_le_bytes());
}

/// Members in order.
#[derive(Clone)]
pub(super) struct Rising<'a> {
    bytes: &'a [u8],
    next: usize,
    n_left: usize,
}

impl<'a> Iterator for Rising<'a> {
    type Item = (&'a [u8], f64);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.n_left = self.n_left.checked_sub(1)?;
        let it = PackedMember::at(self.bytes, self.next);
        self.next = it.end;
        Some((it.member(self.bytes), it.score(self.bytes)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.n_left, Some(self.n_left))
    }
}

/// Members in falling order: they have lengths in front alone, so that their places were noted.
#[derive(Clone)]
pub(super) struct Falling<'a> {
    bytes: &'a [u8],
    starts: Vec<u16>,
}

impl<'a> Iterator for Falling<'a> {
    type Item = (&'a [u8], f64);

    fn next(&mut self) -> Option<Self::Item> {
        let it = PackedMember::at(self.bytes, usize::from(self.starts.pop()?));
        Some((it.member(self.bytes), it.score(self.bytes)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.starts.len(), Some(self.starts.len()))
    }
}
