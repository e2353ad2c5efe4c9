//! All registers side by side, and what follows from them.

use super::{HyperLogLog, dense, sparse};
use crate::error::Error;

/// The registers of one HyperLogLog or of several joined ones.
pub struct Registers(Box<[u8; N_REGISTERS]>);

pub(super) const N_REGISTERS: usize = 1 << 14;

/// Bits of a hash that do not pick its register: a rank is one more at most.
pub(super) const RANK_BITS: usize = 50;

/// Registers have six bits.
const N_RANKS: usize = 64;

impl Default for Registers {
    fn default() -> Registers {
        Registers(Box::new([0; N_REGISTERS]))
    }
}

impl Registers {
    pub fn iter(&self) -> impl ExactSizeIterator<Item = u8> {
        self.0.iter().copied()
    }

    /// Raises every register to what it is in another.
    pub fn raise(&mut self, with: HyperLogLog<'_>) -> Result<(), Error> {
        if with.is_dense() {
            for (ours, theirs) in self.0.iter_mut().zip(dense::unpack(with.body())) {
                *ours = theirs.max(*ours);
            }
            return Ok(());
        }
        let mut at = 0;
        for run in sparse::runs(with.body()) {
            let ours = self.0.get_mut(at..at + run.len).ok_or(Error::CorruptHyperLogLog)?;
            for it in ours {
                *it = run.rank.max(*it);
            }
            at += run.len;
        }
        if at == N_REGISTERS { Ok(()) } else { Err(Error::CorruptHyperLogLog) }
    }

    /// Otmar Ertl's improved estimate ("New cardinality estimation algorithms for HyperLogLog
    /// sketches", 2017), which needs no corrections for small and large numbers.
    pub fn estimate(&self) -> u64 {
        let mut n_of_rank = [0u32; N_RANKS];
        self.iter().for_each(|rank| n_of_rank[usize::from(rank)] += 1);
        let n = N_REGISTERS as f64;
        let share = |of: u32| f64::from(of) / n;
        let mut sum = n * tau(1.0 - share(n_of_rank[RANK_BITS + 1]));
        for n_registers in n_of_rank[1..=RANK_BITS].iter().rev() {
            sum = (sum + f64::from(*n_registers)) * 0.5;
        }
        sum += n * sigma(share(n_of_rank[0]));
        (ALPHA * n * n / sum).round() as u64
    }
}

/// `x + Σ x^(2^k) 2^(k-1)` over all k from 1.
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut factor, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * factor;
        factor += factor;
        if sum <= before {
            return sum;
        }
    }
}

/// `(1 - x - Σ (1 - x^(2^-k))² 2^-k) / 3` over all k from 1.
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut factor, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        factor *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * factor;
        if before <= sum {
            return sum / 3.0;
        }
    }
}

/// `1 / (2 ln 2)`, the estimate's factor for infinitely many registers.
const ALPHA: f64 = 0.5 / std::f64::consts::LN_2;
