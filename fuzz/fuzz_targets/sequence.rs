//! Packed runs of any origin: what passes the check can be walked and changed.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| tandem_engine::fuzzing::sequence(bytes));
