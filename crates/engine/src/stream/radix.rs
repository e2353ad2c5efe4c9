//! How many nodes a radix tree over ids has, as XINFO tells of Valkey's.
//!
//! Its tree joins what does not branch: a leaf for each key, a node where keys part, and one for
//! each run of bytes in between.

use super::id::StreamId;

const KEY_BYTES: usize = 16;

/// Counts the nodes for keys in ascending order.
pub(super) fn n_nodes(mut keys: impl Iterator<Item = StreamId>) -> usize {
    let Some(mut previous) = keys.next() else { return 1 };
    // How deep the open forks lie, from the root to the last key.
    let mut forks: Vec<usize> = Vec::new();
    let mut n_nodes = 1;
    for key in keys {
        let depth = n_common_bytes(previous, key);
        let (child, n_runs) = close(&mut forks, depth);
        n_nodes += 1 + n_runs + run(child, depth);
        if forks.last() != Some(&depth) {
            forks.push(depth);
            n_nodes += 1;
        }
        previous = key;
    }
    let (root, n_runs) = close(&mut forks, 0);
    n_nodes + n_runs + if forks.is_empty() { usize::from(root > 0) } else { run(root, 0) }
}

/// Leaves the forks deeper than `depth`. What hangs below them now, and the runs on the way.
fn close(forks: &mut Vec<usize>, depth: usize) -> (usize, usize) {
    let (mut child, mut n_runs) = (KEY_BYTES, 0);
    while let Some(fork) = forks.pop_if(|it| *it > depth) {
        n_runs += run(child, fork);
        child = fork;
    }
    (child, n_runs)
}

/// The node between a fork and what is below it, if more than the forking byte lies there.
fn run(child: usize, fork: usize) -> usize {
    usize::from(child > fork + 1)
}

fn n_common_bytes(a: StreamId, b: StreamId) -> usize {
    let (a, b) = (a.to_bytes(), b.to_bytes());
    a.iter().zip(&b).take_while(|(a, b)| a == b).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figures are Valkey's.
    #[test]
    fn trees_have_the_nodes_of_valkey() {
        let count =
            |keys: &[(u64, u64)]| n_nodes(keys.iter().map(|(ms, seq)| StreamId::new(*ms, *seq)));
        assert_eq!(count(&[]), 1);
        assert_eq!(count(&[(1, 0)]), 2);
        assert_eq!(count(&[(1, 0), (1, 1)]), 4);
    }
}
