//! What 16 cores would make of figures that were measured on fewer.
//!
//! A closed network of queues: every core thinks (all of an operation but its lock), then stands
//! in the queue of the shard that its key lies in. Exact mean value analysis (Reiser and
//! Lavenberg, 1980) gives the throughput. It takes holds to vary as exponential ones do, and they
//! vary less: real waits are shorter.

/// What one operation costs on one thread alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) op_ns: f64,
    /// The part of it under a shard's lock.
    pub(super) held_ns: f64,
}

/// What one operation spends on the cache lines that it writes when all of them come from another
/// core.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moves {
    /// As two threads felt it that share a keyspace, beside two that do not.
    pub(super) felt_ns: f64,
    /// When the core stands still for all of their way.
    pub(super) whole_ns: f64,
}

/// The throughput of many cores, beside one core's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// When waits for locks are all that costs.
    pub(super) by_waits: f64,
    /// When lines that move between cores cost as much as two threads felt.
    pub(super) as_felt: f64,
    /// When they cost all of their way.
    pub(super) at_worst: f64,
}

impl Operation {
    pub(super) fn on(self, n_cores: usize, shares: &[f64], moves: Moves) -> Expected {
        // The last to write a line was one of the others, unless it was oneself.
        let by_others = (n_cores - 1) as f64 / n_cores as f64;
        let think_ns = self.op_ns - self.held_ns;
        let times = |moves_ns: f64| {
            let held_ns = self.held_ns + moves_ns * by_others;
            self.op_ns * throughput(n_cores, think_ns, held_ns, shares)
        };
        Expected {
            by_waits: times(0.0),
            as_felt: times(moves.felt_ns),
            at_worst: times(moves.whole_ns),
        }
    }

    /// The share of locks that are found held: one of the others is in the same shard.
    pub(super) fn found_held(self, n_cores: usize, shares: &[f64]) -> f64 {
        (n_cores - 1) as f64 * self.held_ns / self.op_ns * same_shard(shares)
    }
}

/// The chance that two operations meet in one shard.
pub(super) fn same_shard(shares: &[f64]) -> f64 {
    shares.iter().map(|it| it * it).sum()
}

/// Operations per nanosecond of `n_cores` that each think, and then hold one of the shards.
fn throughput(n_cores: usize, think_ns: f64, held_ns: f64, shares: &[f64]) -> f64 {
    let mut queues = vec![0.0; shares.len()];
    let mut per_ns = 0.0;
    for n in 1..=n_cores {
        let stays =
            shares.iter().zip(&queues).map(|(share, queue)| share * held_ns * (1.0 + queue));
        per_ns = n as f64 / (think_ns + stays.sum::<f64>());
        for (share, queue) in shares.iter().zip(&mut queues) {
            *queue = per_ns * share * held_ns * (1.0 + *queue);
        }
    }
    per_ns
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPERATION: Operation = Operation { op_ns: 100.0, held_ns: 50.0 };
    const MOVES: Moves = Moves { felt_ns: 0.0, whole_ns: 160.0 };

    #[test]
    fn many_shards_cost_nothing_and_one_is_the_limit() {
        let times =
            |n_shards: usize| OPERATION.on(16, &vec![1.0 / n_shards as f64; n_shards], MOVES);
        let many = times(4096);
        assert!(many.by_waits > 15.9 && many.as_felt > 15.9);
        assert!((6.2..6.4).contains(&many.at_worst), "250 ns instead of 100: {many:?}");
        let one = times(1).by_waits;
        assert!((1.99..=2.001).contains(&one), "half of the time is under the one lock: {one}");
    }

    #[test]
    fn a_hot_shard_counts_more_than_its_share() {
        let mut shares = vec![0.9 / 1023.0; 1023];
        shares.push(0.1);
        let even = vec![1.0 / 1024.0; 1024];
        assert!(OPERATION.found_held(16, &shares) > 9.0 * OPERATION.found_held(16, &even));
        let times = OPERATION.on(16, &shares, MOVES).by_waits;
        assert!(times < OPERATION.on(16, &even, MOVES).by_waits);
    }
}
