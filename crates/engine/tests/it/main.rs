//! The engine from outside: random operations against a model, memory, threads.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod collections;
mod memory;
mod model;
mod operations;
#[path = "../support/seeded.rs"]
mod seeded;
mod streams;
mod threads;

#[test]
fn a_stream_is_a_list_of_entries_with_maps_of_what_is_pending() {
    seeded::for_seeds(60, |random| {
        let mut world = streams::World::new(random);
        for step in 0..if cfg!(miri) { 150 } else { 3000 } {
            streams::step(&mut world, random);
            if step % 100 == 0 {
                world.check_all();
            }
        }
        world.check_all();
        world.settle();
    });
}

#[test]
fn a_keyspace_is_a_map_of_maps() {
    seeded::for_seeds(40, |random| {
        let mut world = model::World::new(random);
        let n_steps = if cfg!(miri) { 150 } else { 4000 };
        for step in 0..n_steps {
            operations::step(&mut world, random);
            if step % 200 == 0 {
                world.check_all();
            }
            if step % 500 == 250 {
                world.settle();
            }
        }
        world.check_all();
        world.settle();
    });
}
