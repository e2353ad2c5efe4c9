//! What the targets share: the engine's model tests with the fuzzer in place of a random number
//! generator, and sessions of both ports.

#[path = "../../crates/engine/tests/it/collections.rs"]
mod collections;
#[path = "../../crates/engine/tests/it/model.rs"]
mod model;
#[path = "../../crates/engine/tests/it/operations.rs"]
mod operations;
pub mod resp;
mod seeded;
#[path = "../../crates/engine/tests/it/streams.rs"]
mod streams;
pub mod talk;

use crate::seeded::Random;

/// A keyspace of all types.
pub fn keyspace(choices: &[u8]) {
    let mut random = Random::new(choices);
    let mut world = model::World::new(&mut random);
    while !random.is_over() {
        operations::step(&mut world, &mut random);
    }
    world.check_all();
    world.settle();
}

/// One collection: what goes into its packed forms, and through their limits, comes out of them.
pub fn collection(choices: &[u8]) {
    let mut random = Random::new(choices);
    let mut world = model::World::new(&mut random);
    while !random.is_over() {
        let key = world.keyspace.key(0, b"collection");
        if random.one_in(20) {
            world.pass(random.below(3000) as u64);
        }
        collections::edit(&mut world, &mut random, key);
        world.check_key(key);
    }
    world.settle();
}

/// A stream with its groups.
pub fn stream(choices: &[u8]) {
    let mut random = Random::new(choices);
    let mut world = streams::World::new(&mut random);
    while !random.is_over() {
        streams::step(&mut world, &mut random);
    }
    world.check_all();
    world.settle();
}
