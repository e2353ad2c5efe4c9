//! The engine from outside: random operations against a model, memory, threads.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod memory;
mod model;
mod operations;
#[path = "../support/seeded.rs"]
mod seeded;
mod threads;
