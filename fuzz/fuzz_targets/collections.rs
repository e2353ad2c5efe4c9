//! One collection after the other under one key: packed hashes whose fields end, lists, sets and
//! sorted sets, through all of their thresholds.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|choices: &[u8]| tandem_fuzz::collection(choices));
