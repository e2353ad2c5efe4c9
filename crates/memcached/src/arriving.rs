//! A store of the text protocol whose big value is on its way.

use tandem_engine::Key;

use crate::big::Block;
use crate::commands::Verb;
use crate::meta;
use crate::parse::CRLF;
use crate::request::{Entry, Place, Request, Tell};
use crate::run::{self, Cx};
use crate::server::{DATABASE, Server};

/// What a command line has said of a store.
pub(crate) struct Arriving {
    verb: Verb,
    key: Box<[u8]>,
    value_bytes: usize,
    line: Line,
}

enum Line {
    Classic { tell: Tell, client_flags: u32, exptime: i32, number: u64 },
    Meta { flags: Box<[u8]> },
}

impl Arriving {
    /// Keeps what `entry`, a store, has said.
    pub(crate) fn of(entry: &Entry<'_>, value_bytes: usize) -> Option<Arriving> {
        Some(match entry {
            Entry::Run(request) => Arriving {
                verb: request.verb,
                key: request.key.name.into(),
                value_bytes,
                line: Line::Classic {
                    tell: request.tell,
                    client_flags: request.client_flags,
                    exptime: request.exptime,
                    number: request.number,
                },
            },
            Entry::Meta(request) => Arriving {
                verb: request.verb,
                key: request.key.name.into(),
                value_bytes,
                line: Line::Meta { flags: request.flags.into() },
            },
            _ => return None,
        })
    }

    /// Bytes of the value and the line end behind it.
    pub(crate) fn block_bytes(&self) -> usize {
        self.value_bytes + CRLF.len()
    }

    /// Stores the value, which has arrived in `block`.
    pub(crate) fn store(&self, block: Block, cx: &mut Cx<'_>) {
        let Arriving { verb, value_bytes, .. } = *self;
        cx.worker.command(verb).calls.add(1);
        if &block.bytes()[value_bytes..] != CRLF {
            block.let_go();
            return cx.refuse_data(verb, self.tell());
        }
        let value = block.into_value(value_bytes);
        let key = self.key(cx.server);
        match &self.line {
            Line::Classic { tell, client_flags, exptime, number } => {
                let request = Request {
                    verb,
                    tell: *tell,
                    place: Place::Only,
                    key,
                    client_flags: *client_flags,
                    exptime: *exptime,
                    number: *number,
                    data: b"",
                };
                run::store(cx, &request, value);
            }
            Line::Meta { flags } => {
                let request = meta::Request { verb, key, flags, value: None, value_bytes };
                meta::run_big(cx, &request, value);
            }
        }
    }

    fn tell(&self) -> Tell {
        match self.line {
            Line::Classic { tell, .. } => tell,
            Line::Meta { .. } => Tell::Outcome,
        }
    }

    fn key(&self, server: &Server) -> Key<'_> {
        match &self.line {
            Line::Classic { .. } => server.keyspace.key(DATABASE, &self.key),
            Line::Meta { flags } => meta::key(&self.key, flags, &server.keyspace),
        }
    }
}
