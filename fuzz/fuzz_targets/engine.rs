//! The engine's model test, with the fuzzer instead of a random number generator.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|choices: &[u8]| tandem_fuzz::keyspace(choices));
