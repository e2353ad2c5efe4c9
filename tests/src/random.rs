//! A small seeded generator: streams must be the same on every machine for the same seed.

/// Numbers for choosing test commands.
#[derive(Clone, Debug)]
pub struct Random(fastrand::Rng);

impl Random {
    /// A generator that always gives the same numbers for the same seed.
    pub fn new(seed: u64) -> Random {
        Random(fastrand::Rng::with_seed(seed))
    }

    /// The seed of this run: `TANDEM_SEED` when set, else `default`. Printed so that a failure
    /// can be repeated.
    pub fn seed(name: &str, default: u64) -> u64 {
        let seed = match std::env::var("TANDEM_SEED") {
            Ok(text) => text.parse().expect("TANDEM_SEED is a whole number"),
            Err(_) => default,
        };
        println!("{name}: TANDEM_SEED={seed}");
        seed
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// A number in `0..end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0.usize(..end)
    }

    /// True once in `n` calls on average.
    pub fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// One of `choices`.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len())]
    }

    /// One of all that the groups hold.
    pub fn pick_among<T: Copy>(&mut self, groups: &[&[T]]) -> T {
        let mut at = self.below(groups.iter().map(|it| it.len()).sum());
        for group in groups {
            match group.get(at) {
                Some(found) => return *found,
                None => at -= group.len(),
            }
        }
        unreachable!("the place lies in one of the groups")
    }

    /// `n` arbitrary bytes.
    pub fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.bits() as u8).collect()
    }
}
