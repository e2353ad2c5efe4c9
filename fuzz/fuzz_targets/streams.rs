//! The model test of streams, with the fuzzer instead of a random number generator: what goes into
//! their nodes comes out of them.
#![no_main]

mod seeded;
#[path = "../../crates/engine/tests/it/streams.rs"]
mod streams;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|choices: &[u8]| {
    let mut random = seeded::Random::new(choices);
    let mut world = streams::World::new(&mut random);
    while !random.is_over() {
        streams::step(&mut world, &mut random);
    }
    world.check_all();
    world.settle();
});
