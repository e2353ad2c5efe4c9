//! All integration tests, in one binary.

mod compat;
mod tidy;
