//! What clients should not do, done to the real server: nothing panics, memory comes back, and
//! others are served.

mod big;
mod connections;
mod garbage;
mod huge;
mod memory;
mod shutdown;
