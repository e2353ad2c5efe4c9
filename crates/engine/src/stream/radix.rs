//! How many nodes a radix tree over ids has, as XINFO tells of Valkey's.
//!
//! Its tree joins what does not branch: a leaf for each key, a fork where keys part, and a node for
//! each run of bytes in between. A key that comes or goes changes only what is around the place
//! where it parts from its neighbours, so the count is kept and never taken anew.

use std::collections::BTreeMap;
use std::ops::{Bound, RangeBounds};

use super::id::StreamId;

/// How deep a leaf lies: bytes of a key.
const LEAF: u32 = StreamId::BYTES;

/// By how many nodes a key makes the tree over some others bigger. The tree without keys counts
/// none here.
pub(super) fn n_nodes_of<T>(key: StreamId, others: &BTreeMap<StreamId, T>) -> usize {
    let end = |range: (Bound<StreamId>, Bound<StreamId>)| Ends::of(others, range);
    let before = end((Bound::Unbounded, Bound::Excluded(key))).last;
    let behind = end((Bound::Excluded(key), Bound::Unbounded)).first;
    // The key leaves the tree where it parts from the nearer of its neighbours.
    let Some(depth) = deepest(key, before).max(deepest(key, behind)) else {
        return 1 + run(None, LEAF);
    };
    let (from, to) = key.all_alike(depth);
    let alike = Ends::of(others, (Bound::Included(from), Bound::Included(to)));
    let (first, last) = alike.first.zip(alike.last).expect("a neighbour is alike so far");
    let below = if first == last { LEAF } else { first.n_common_bytes(last) };
    if below == depth {
        // There is a fork already.
        return 1 + run(Some(depth), LEAF);
    }
    let before = end((Bound::Unbounded, Bound::Excluded(first))).last;
    let behind = end((Bound::Excluded(last), Bound::Unbounded)).first;
    let above = deepest(first, before).max(deepest(last, behind));
    // A leaf and a fork, which parts a run in two.
    let runs = run(above, depth) + run(Some(depth), below) + run(Some(depth), LEAF);
    2 + runs - run(above, below)
}

/// The lowest and the highest key of a range.
struct Ends {
    first: Option<StreamId>,
    last: Option<StreamId>,
}

impl Ends {
    fn of<T>(keys: &BTreeMap<StreamId, T>, range: impl RangeBounds<StreamId>) -> Ends {
        let mut range = keys.range(range).map(|(key, _)| *key);
        let first = range.next();
        Ends { first, last: range.next_back().or(first) }
    }
}

fn deepest(key: StreamId, neighbour: Option<StreamId>) -> Option<u32> {
    neighbour.map(|it| key.n_common_bytes(it))
}

/// The node between a fork, or the root, and what is below it: if more than the forking byte lies
/// there.
fn run(above: Option<u32>, below: u32) -> usize {
    usize::from(above.map_or(0, |it| it + 1) < below)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::seeded::for_seeds;

    fn count(keys: &[(u64, u64)]) -> usize {
        let mut tree = BTreeMap::new();
        let mut n_nodes = 0;
        for (ms, seq) in keys {
            let key = StreamId::new(*ms, *seq);
            n_nodes += n_nodes_of(key, &tree);
            tree.insert(key, 0_u8);
        }
        n_nodes
    }

    /// The figures are Valkey's.
    #[test]
    fn trees_have_the_nodes_of_valkey() {
        assert_eq!(count(&[(1, 0)]), 2);
        assert_eq!(count(&[(1, 0), (1, 1)]), 4);
    }

    /// The same from the definition: prefixes are nodes where they are keys, where keys part, and
    /// where a run ends that begins at the root or behind a forking byte.
    fn count_all(keys: &BTreeMap<StreamId, u8>) -> usize {
        let texts: Vec<[u8; 16]> = keys.keys().map(|it| it.to_number().to_be_bytes()).collect();
        let mut forks = BTreeSet::new();
        for pair in texts.windows(2) {
            let depth = pair[0].iter().zip(&pair[1]).take_while(|(a, b)| a == b).count();
            forks.insert(pair[0][..depth].to_vec());
        }
        let leaves = texts.iter().map(|it| it.to_vec());
        let places: Vec<Vec<u8>> = forks.iter().cloned().chain(leaves).collect();
        let n_runs = places.iter().filter(|place| {
            let above = (0..place.len()).rev().find(|it| forks.contains(&place[..*it]));
            above.map_or(0, |it| it + 1) < place.len()
        });
        places.len() + n_runs.count()
    }

    #[test]
    fn what_is_kept_is_what_would_be_counted() {
        for_seeds(30, |random| {
            let (mut tree, mut n_nodes) = (BTreeMap::new(), 0);
            let spread = [3, 300, 100_000][random.below(3)];
            for _ in 0..if cfg!(miri) { 20 } else { 300 } {
                let ms = random.below(spread) as u64 + (1 << random.below(40));
                let key = StreamId::new(ms, [0, 0, 1, 255, 256, u64::MAX][random.below(6)]);
                let is_leaving = random.one_in(3);
                let key = match tree.range(key..).next() {
                    Some((key, _)) if is_leaving => *key,
                    _ => key,
                };
                if tree.remove(&key).is_some() {
                    n_nodes -= n_nodes_of(key, &tree);
                } else {
                    n_nodes += n_nodes_of(key, &tree);
                    tree.insert(key, 0_u8);
                }
                assert_eq!(n_nodes, count_all(&tree));
            }
        });
    }
}
