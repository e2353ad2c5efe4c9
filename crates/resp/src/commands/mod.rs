//! One module per family. Each holds its rows and the handlers they name.

mod acl;
mod bitmap;
mod client;
mod command;
mod connection;
mod expiry;
mod functions;
mod generic;
mod geo;
mod hash;
mod hyperloglog;
mod list;
mod picks;
mod pubsub;
mod scan;
mod scripting;
mod server;
mod set;
mod sort;
mod sorted_set;
mod stream;
mod string;
mod transactions;

use crate::clients::ClientHandle;
use crate::spec::{Family, Spec};

/// A client in the words of CLIENT LIST.
pub(crate) fn client_line(client: &ClientHandle, now_ms: u64) -> String {
    client::describe(client, now_ms)
}

pub(crate) const FAMILIES: &[(Family, &[Spec])] = &[
    (Family::Bitmap, bitmap::COMMANDS),
    (Family::Connection, connection::COMMANDS),
    (Family::Generic, generic::COMMANDS),
    (Family::Geo, geo::COMMANDS),
    (Family::Hash, hash::COMMANDS),
    (Family::HyperLogLog, hyperloglog::COMMANDS),
    (Family::List, list::COMMANDS),
    (Family::PubSub, pubsub::COMMANDS),
    (Family::Scripting, scripting::COMMANDS),
    (Family::Scripting, functions::COMMANDS),
    (Family::Server, server::COMMANDS),
    (Family::Set, set::COMMANDS),
    (Family::Sorting, sort::COMMANDS),
    (Family::SortedSet, sorted_set::COMMANDS),
    (Family::Stream, stream::COMMANDS),
    (Family::String, string::COMMANDS),
    (Family::Transactions, transactions::COMMANDS),
];
