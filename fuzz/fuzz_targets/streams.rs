//! The model test of streams, with the fuzzer instead of a random number generator: what goes into
//! their nodes comes out of them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|choices: &[u8]| tandem_fuzz::stream(choices));
