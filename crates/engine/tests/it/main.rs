//! The engine from outside: random operations against a model, memory, threads.

mod model;
mod operations;
#[path = "../support/seeded.rs"]
mod seeded;
