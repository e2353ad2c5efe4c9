//! How many shards a keyspace gets.

/// Shards for a keyspace with this budget (0 is none), worked on by this many threads.
pub(crate) fn count(n_workers: usize, budget_bytes: u64) -> usize {
    let wanted = n_workers.max(1) * PER_WORKER;
    let wanted = match budget_bytes {
        0 => wanted.max(UNLIMITED_MIN),
        bytes => wanted.max((bytes / BYTES_EACH) as usize),
    };
    let most = match budget_bytes {
        0 => MAX,
        bytes => ((bytes / BYTES_MIN) as usize).clamp(1, MAX),
    };
    let wanted = wanted.next_power_of_two();
    // `most` rounded down: half a budget per shard is too little, twice as much is fine.
    let most = 1 << most.ilog2();
    wanted.min(most)
}

/// So many that two workers seldom want the same one.
const PER_WORKER: usize = 64;

/// Without a budget nobody knows how big it gets. A table that grows is moved whole, which takes
/// about a millisecond at 20 million items with so many; four times as many would cost each of a
/// million items another 12 bytes.
const UNLIMITED_MIN: usize = 256;

/// 16 GB and more have the most shards.
const BYTES_EACH: u64 = 4 << 20;
const MAX: usize = 4096;

/// Less than this per shard, and segments that are half full would eat the budget.
const BYTES_MIN: u64 = 512 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_follow_threads_and_budgets() {
        let cases = [
            (1, 0, 256),
            (8, 0, 512),
            (200, 0, 4096),
            (1, 64 << 20, 64),
            (2, 64 << 20, 128),
            (16, 64 << 20, 128),
            (1, 1 << 20, 2),
            (1, 1, 1),
            (1, 1 << 30, 256),
            (2, 16 << 30, 4096),
            (2, 1 << 40, 4096),
        ];
        for (n_workers, budget, expected) in cases {
            assert_eq!(count(n_workers, budget), expected, "{n_workers} threads, {budget} bytes");
        }
    }
}
