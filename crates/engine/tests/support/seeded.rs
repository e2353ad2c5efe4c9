//! Random tests that can be repeated: each runs over a range of seeds and names the one it fails
//! with. `TANDEM_SEED=n` runs one seed, `TANDEM_SEEDS=n` that many.

/// Runs a test with `n_seeds` seeds, each in turn, or as the environment says.
pub(crate) fn for_seeds(n_seeds: u64, mut test: impl FnMut(&mut Random)) {
    let number = |name| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let seeds = match (number("TANDEM_SEED"), number("TANDEM_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, n) => 0..n.unwrap_or(if cfg!(miri) { 1 } else { n_seeds }),
    };
    for seed in seeds {
        let _named = NameOnPanic(seed);
        test(&mut Random::new(seed));
    }
}

struct NameOnPanic(u64);

impl Drop for NameOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed with seed {0}: TANDEM_SEED={0} repeats it", self.0);
        }
    }
}

/// Numbers from a seed.
#[derive(Clone)]
pub(crate) struct Random(fastrand::Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Random {
        Random(fastrand::Rng::with_seed(seed))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end)
    }

    /// True once in `n` times.
    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Up to `len_max` bytes; short ones are more frequent.
    pub(crate) fn bytes(&mut self, len_max: usize) -> Vec<u8> {
        let bound = self.below(len_max + 1);
        let len = self.below(bound + 1);
        (0..len).map(|_| self.next() as u8).collect()
    }
}
