//! The engine's model test, with the fuzzer instead of a random number generator.
#![no_main]

#[path = "../../crates/engine/tests/it/model.rs"]
mod model;
#[path = "../../crates/engine/tests/it/operations.rs"]
mod operations;
mod seeded;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|choices: &[u8]| {
    let mut random = seeded::Random::new(choices);
    let mut world = model::World::new(&mut random);
    while !random.is_over() {
        operations::step(&mut world, &mut random);
    }
    world.check_all();
    world.settle();
});
