//! Distributions of keys.

use std::sync::Arc;

/// Draws of a Zipf distribution made beforehand: drawing takes 50 ns and would cost the load
/// generator more than the request itself.
pub(crate) fn zipf_draws(n_keys: u32, seed: u64) -> Arc<[u32]> {
    let zipf = Zipf::new(n_keys);
    let mut random = fastrand::Rng::with_seed(seed);
    (0..DRAWS).map(|_| scattered(zipf.rank(random.f64()), n_keys)).collect()
}

/// The generator of Gray et al., "Quickly generating billion-record synthetic databases" (1994).
struct Zipf {
    n: f64,
    alpha: f64,
    eta: f64,
    zeta: f64,
}

impl Zipf {
    fn new(n_keys: u32) -> Zipf {
        let zeta = |n: u32| (1..=n).map(|it| f64::from(it).powf(-SKEW)).sum::<f64>();
        let (n, all) = (f64::from(n_keys), zeta(n_keys));
        let eta = (1.0 - (2.0 / n).powf(1.0 - SKEW)) / (1.0 - zeta(2) / all);
        Zipf { n, alpha: 1.0 / (1.0 - SKEW), eta, zeta: all }
    }

    /// The rank (0 is the most popular) that a number in 0..1 stands for.
    fn rank(&self, unit: f64) -> u32 {
        let scaled = unit * self.zeta;
        if scaled < 1.0 {
            return 0;
        }
        if scaled < 1.0 + 0.5f64.powf(SKEW) {
            return 1;
        }
        let rank = self.n * (self.eta * unit - self.eta + 1.0).powf(self.alpha);
        (rank as u32).min(self.n as u32 - 1)
    }
}

/// Spreads the popular ranks over the keys, so that they were not loaded one after another.
fn scattered(rank: u32, n_keys: u32) -> u32 {
    // A prime above 2^31: it shares no divisor with any number of keys that fits below it.
    ((u64::from(rank) * 2_654_435_761) % u64::from(n_keys)) as u32
}

/// The exponent that YCSB and most papers use.
const SKEW: f64 = 0.99;
/// 16 MB of draws, read in order: enough that no run notices the repetition.
const DRAWS: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zipf_gives_the_first_rank_its_share() {
        let n_keys = 1000;
        let zipf = Zipf::new(n_keys);
        let mut random = fastrand::Rng::with_seed(7);
        let n_draws = 100_000;
        let first = (0..n_draws).filter(|_| zipf.rank(random.f64()) == 0).count();
        let share = first as f64 / f64::from(n_draws);
        assert!((share - 1.0 / zipf.zeta).abs() < 0.01, "share of the first rank: {share}");
    }

    #[test]
    fn scattering_keeps_ranks_apart() {
        let n_keys = 1000;
        let mut seen: Vec<u32> = (0..n_keys).map(|rank| scattered(rank, n_keys)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), n_keys as usize);
    }
}
