//! Commands that belong together: a script, a transaction; RESP's alone.

use std::sync::LazyLock;

use super::wire::{MANY, Wire, put_all, put_digits};

/// Appends an EVAL of a rate limiter.
pub(super) fn put_rate_limit(key: u32, out: &mut Vec<u8>) {
    let mut name = *b"rate:00000000000";
    put_digits(key, &mut name);
    put_all(out, &[&EVAL_HEAD, b"$1\r\n1\r\n$16\r\n", &name, b"\r\n"]);
    // A minute, and more than the load does.
    out.extend_from_slice(b"$5\r\n60000\r\n$9\r\n100000000\r\n");
}

/// Appends a transaction that writes `MANY` keys in a row.
pub(super) fn put_transaction(wire: &Wire, first: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"*1\r\n$5\r\nMULTI\r\n");
    for key in first..first + MANY {
        wire.put(super::Op::Set, key, 0, out);
    }
    out.extend_from_slice(b"*1\r\n$4\r\nEXEC\r\n");
}

/// The only right answer to a transaction.
pub(super) static TRANSACTION_REPLY: LazyLock<String> = LazyLock::new(|| {
    let many = MANY as usize;
    format!("+OK\r\n{}*{many}\r\n{}", "+QUEUED\r\n".repeat(many), "+OK\r\n".repeat(many))
});

static EVAL_HEAD: LazyLock<Vec<u8>> = LazyLock::new(|| {
    format!("*6\r\n$4\r\nEVAL\r\n${}\r\n{RATE_LIMITER}\r\n", RATE_LIMITER.len()).into_bytes()
});

/// One window of so many milliseconds for so many requests.
const RATE_LIMITER: &str = "\
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
if n > tonumber(ARGV[2]) then return 0 end
return 1";
