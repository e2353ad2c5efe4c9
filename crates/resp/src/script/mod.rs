//! Scripts in Lua: EVAL and its like, libraries of functions, and what a script can call.
//!
//! Each worker has a Lua state of its own, whose globals no script can change, so scripts know
//! nothing of each other. A script runs under one grip on all that it may touch. Where its text
//! shows that this is what its KEYS name (`proof.rs`), it is on their shards; otherwise on all.

mod answer;
mod api;
mod arguments;
mod basics;
mod call;
mod function_vm;
mod functions;
mod libraries;
mod library;
mod proof;
mod raised;
mod register;
mod run;
mod sandbox;
mod shebang;
mod store;
mod value;
mod vm;

pub(crate) use self::functions::{Collision, RestorePolicy};
pub(crate) use self::library::{Function, Library};
pub(crate) use self::run::Invocation;
pub(crate) use self::store::{Scripts, Sort, sha_of};
pub(crate) use self::vm::Vm;
