//! What 16 cores would make of figures that were measured on fewer.
//!
//! A closed network of queues: every core thinks (all of an operation but its lock), then stands
//! in the queue of the shard that its key lies in. Exact mean value analysis (Reiser and
//! Lavenberg, 1980) gives the throughput. It takes holds to vary as exponential ones do, and they
//! vary less: real waits are shorter.

/// What one operation costs on one thread alone, and what it moves between cores.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) op_ns: f64,
    /// The part of it under a shard's lock.
    pub(super) held_ns: f64,
    /// Cache lines it writes that another core may have written before.
    pub(super) lines: f64,
}

/// One core's work per second beside what each of many does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// Throughput beside one core's when waits for locks are all that costs.
    pub(super) by_waits: f64,
    /// The same when every line that moves between cores stops its core for all of its way.
    pub(super) by_waits_and_lines: f64,
}

impl Operation {
    pub(super) fn on(self, n_cores: usize, shares: &[f64], line_ns: f64) -> Expected {
        // The last to write a line was one of the others, unless it was oneself.
        let moved_ns = self.lines * line_ns * (n_cores - 1) as f64 / n_cores as f64;
        let times = |held_ns: f64| {
            let think_ns = self.op_ns - self.held_ns;
            self.op_ns * throughput(n_cores, think_ns, held_ns, shares)
        };
        Expected {
            by_waits: times(self.held_ns),
            by_waits_and_lines: times(self.held_ns + moved_ns),
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

    const OPERATION: Operation = Operation { op_ns: 100.0, held_ns: 50.0, lines: 1.0 };

    #[test]
    fn many_shards_cost_nothing_and_one_is_the_limit() {
        let times = |n_shards: usize, line_ns| {
            OPERATION.on(16, &vec![1.0 / n_shards as f64; n_shards], line_ns)
        };
        assert!(times(4096, 0.0).by_waits > 15.9);
        let one = times(1, 0.0).by_waits;
        assert!((1.99..=2.0).contains(&one), "half of the time is under the one lock: {one}");
        let lines = times(4096, 160.0).by_waits_and_lines;
        assert!((6.2..6.4).contains(&lines), "250 ns instead of 100: {lines}");
    }

    #[test]
    fn a_hot_shard_counts_more_than_its_share() {
        let mut shares = vec![0.9 / 1023.0; 1023];
        shares.push(0.1);
        let even = vec![1.0 / 1024.0; 1024];
        assert!(OPERATION.found_held(16, &shares) > 9.0 * OPERATION.found_held(16, &even));
        let times = OPERATION.on(16, &shares, 0.0).by_waits;
        assert!(times < OPERATION.on(16, &even, 0.0).by_waits);
    }
}
