//! The sparse form: runs of equal registers. Two bits, or one, tell the kind of a run:
//!
//! ```text
//! 00nnnnnn            n + 1 zeros
//! 01nnnnnn nnnnnnnn   n + 1 zeros
//! 1rrrrrnn            n + 1 registers of rank r + 1
//! ```

use std::ops::DerefMut;

use smallvec::SmallVec;

use super::HEADER_BYTES;
use super::registers::N_REGISTERS;
use crate::error::Error;
use crate::string::Str;

/// Registers of one rank that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// 0 for registers that nothing has raised.
    pub rank: u8,
    pub len: usize,
    /// Written in two bytes, as zeros may be.
    pub is_long: bool,
}

/// What became of a register that was to be raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raised {
    /// It was as high before.
    Not,
    Higher,
    /// The sparse form cannot hold it, or would be too long with it.
    NeedsDense,
}

/// All registers, zero.
pub(super) const EMPTY: [u8; 2] = [0x7F, 0xFF];

const RANK_MAX: u8 = 32;
const RAISED_RUN_MAX: usize = 4;
const SHORT_RUN_MAX: usize = 64;

/// Runs that are looked at for joining after a change: no more can be concerned by it.
const JOINED_MAX: usize = 5;

/// The bytes of runs that take another's place.
type Bytes = SmallVec<[u8; 5]>;

impl Run {
    /// The run that begins a slice.
    fn first(ops: &[u8]) -> Option<Run> {
        let (op, rest) = ops.split_first()?;
        let low = usize::from(op & 0x3F);
        Some(match op >> 6 {
            0 => Run { rank: 0, len: low + 1, is_long: false },
            1 => {
                let next = rest.first().copied().unwrap_or_default();
                Run { rank: 0, len: (low << 8 | usize::from(next)) + 1, is_long: true }
            }
            _ => Run { rank: (op >> 2 & 0x1F) + 1, len: usize::from(op & 3) + 1, is_long: false },
        })
    }

    fn n_bytes(self) -> usize {
        1 + usize::from(self.is_long)
    }

    fn put(self, into: &mut Bytes) {
        let Some(n) = self.len.checked_sub(1) else { return };
        match self.rank {
            0 if self.len <= SHORT_RUN_MAX => into.push(n as u8),
            0 => into.extend([0x40 | (n >> 8) as u8, n as u8]),
            rank => into.push(0x80 | (rank - 1) << 2 | n as u8),
        }
    }
}

/// The runs as they stand. What a client has written need not add up to all registers.
pub(super) fn runs(ops: &[u8]) -> impl Iterator<Item = Run> {
    let mut rest = ops;
    std::iter::from_fn(move || {
        let run = Run::first(rest)?;
        rest = rest.get(run.n_bytes()..).unwrap_or_default();
        Some(run)
    })
}

/// A run found by a register inside it.
struct Place {
    run: Run,
    at: usize,
    /// Where the run before it stands.
    before_at: Option<usize>,
    /// Its first register.
    first: usize,
}

fn find(ops: &[u8], index: usize) -> Option<Place> {
    let (mut at, mut before_at, mut first) = (0, None, 0);
    for run in runs(ops) {
        if index < first + run.len {
            let is_whole = at + run.n_bytes() <= ops.len();
            return is_whole.then_some(Place { run, at, before_at, first });
        }
        before_at = Some(at);
        at += run.n_bytes();
        first += run.len;
    }
    None
}

/// Raises one register of the HyperLogLog in a string to a rank.
pub(super) fn raise(
    string: &mut impl DerefMut<Target = Str>,
    index: usize,
    rank: u8,
    bytes_max: usize,
) -> Result<Raised, Error> {
    if RANK_MAX < rank {
        return Ok(Raised::NeedsDense);
    }
    debug_assert!(index < N_REGISTERS);
    let ops = &string[HEADER_BYTES..];
    let Place { run, at, before_at, first } = find(ops, index).ok_or(Error::CorruptHyperLogLog)?;
    if rank <= run.rank {
        return Ok(Raised::Not);
    }
    let mut split = Bytes::new();
    Run { len: index - first, ..run }.put(&mut split);
    Run { rank, len: 1, is_long: false }.put(&mut split);
    Run { len: first + run.len - 1 - index, ..run }.put(&mut split);
    let longer = split.len().saturating_sub(run.n_bytes());
    if 0 < longer && bytes_max < string.len() + longer {
        return Ok(Raised::NeedsDense);
    }
    let start = HEADER_BYTES + at;
    string.splice(start..start + run.n_bytes(), &split);
    join(string, HEADER_BYTES + before_at.unwrap_or_default());
    Ok(Raised::Higher)
}

/// Joins neighbours of one rank, from the run at `at` on.
fn join(string: &mut impl DerefMut<Target = Str>, mut at: usize) {
    for _ in 0..JOINED_MAX {
        // A long run that is cut off at the end leads beyond it.
        let Some(run) = string.get(at..).and_then(Run::first) else { return };
        let next = Run::first(&string[(at + run.n_bytes()).min(string.len())..]);
        match next.filter(|it| run.rank != 0 && it.rank == run.rank) {
            Some(next) if run.len + next.len <= RAISED_RUN_MAX => {
                let mut joined = Bytes::new();
                Run { len: run.len + next.len, ..run }.put(&mut joined);
                string.splice(at..at + 2, &joined);
            }
            _ => at += run.n_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clients write such bytes with SET.
    #[test]
    fn a_run_that_is_cut_off_is_left_alone() {
        let mut string = Str::default();
        string.append(&[0; HEADER_BYTES]);
        // One register of rank 1, and the first half of a long run.
        string.append(&[0x80, 0x7f]);
        let raised = raise(&mut &mut string, 0, 5, usize::MAX);
        assert!(matches!(raised, Ok(Raised::Higher)));
        assert_eq!(string[HEADER_BYTES..], [0x90, 0x7f]);
    }
}
