//! Random picks out of a collection, as HRANDFIELD and SRANDMEMBER make them.

use hashbrown::HashSet;

use crate::error::Error;

/// What a count asks for.
#[derive(Clone, Copy)]
pub(crate) enum Pick {
    /// So many at most, each once.
    Distinct(usize),
    /// Exactly so many, perhaps the same ones.
    Repeating(usize),
}

impl Pick {
    pub(crate) fn of(count: i64) -> Result<Pick, Error> {
        if count == i64::MIN {
            return Err(Error::OutOfRange { min: -i64::MAX, max: i64::MAX });
        }
        if count < -REPEATED_PICKS_MAX {
            return Err(Error::said("ERR value is out of range"));
        }
        let n = count.unsigned_abs() as usize;
        Ok(if count < 0 { Pick::Repeating(n) } else { Pick::Distinct(n) })
    }
}

/// `n` different ones of `len`, or all if there are no more, in no order worth knowing: some of
/// `all` when they are many, else each by its place.
pub(crate) fn distinct<T>(
    (len, n): (usize, usize),
    random: &mut fastrand::Rng,
    all: impl FnOnce() -> Vec<T>,
    at: impl Fn(usize) -> T,
) -> Vec<T> {
    if n < len / MANY_SHARE {
        return few_places(len, n, random).into_iter().map(at).collect();
    }
    let mut picked = all();
    if n < picked.len() {
        // The first steps of a shuffle.
        for at in 0..n {
            let from = at + random.usize(..picked.len() - at);
            picked.swap(at, from);
        }
        picked.truncate(n);
    }
    picked
}

/// Floyd's way to a random subset: one draw for each of its elements.
fn few_places(
    len: usize,
    n: usize,
    random: &mut fastrand::Rng,
) -> HashSet<usize, ahash::RandomState> {
    let mut places = HashSet::with_capacity_and_hasher(n, ahash::RandomState::new());
    for last in len - n..len {
        let place = random.usize(..=last);
        if !places.insert(place) {
            places.insert(last);
        }
    }
    places
}

/// More than one in so many are picked from a list of all: walking it costs less than draws.
const MANY_SHARE: usize = 4;

/// Most picks that one negative count may ask for: the answer is made in one piece.
const REPEATED_PICKS_MAX: i64 = 1 << 24;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_are_different_and_fair() {
        let mut random = fastrand::Rng::with_seed(3);
        for (len, n) in [(10, 1), (40, 9), (40, 10), (40, 39), (40, 40), (40, 50)] {
            let mut n_picked = vec![0_i32; len];
            let n_rounds = 40_000 / len.min(n) as i32 * len as i32 / 10;
            for _ in 0..n_rounds {
                let picked = distinct((len, n), &mut random, || (0..len).collect(), |at| at);
                let mut places = picked.clone();
                places.sort_unstable();
                places.dedup();
                assert_eq!((places.len(), picked.len()), (n.min(len), n.min(len)));
                for at in picked {
                    n_picked[at] += 1;
                }
            }
            // 4,000 of each: 300 are nearly five standard deviations.
            assert!(n_picked.iter().all(|it| (it - 4000).abs() < 300), "{n_picked:?}");
        }
    }
}
