//! A value of megabytes that comes and goes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Result, ensure};

use super::connect;
use crate::load::Protocol;

/// A client that stores a big value and reads it back.
pub(super) struct Big {
    stream: TcpStream,
    store: Vec<u8>,
    stored: &'static [u8],
    read: &'static [u8],
    /// Bytes of the reply to `read`.
    n_reply: usize,
}

impl Big {
    pub(super) fn connect(
        protocol: Protocol,
        address: SocketAddr,
        value_bytes: usize,
    ) -> Result<Big> {
        let (head, stored, read, reply_head) = match protocol {
            Protocol::Resp => (
                format!("*3\r\n$3\r\nSET\r\n$3\r\nbig\r\n${value_bytes}\r\n"),
                "+OK\r\n",
                "*2\r\n$3\r\nGET\r\n$3\r\nbig\r\n",
                format!("${value_bytes}\r\n\r\n"),
            ),
            Protocol::Memcached => (
                format!("set big 0 0 {value_bytes}\r\n"),
                "STORED\r\n",
                "get big\r\n",
                format!("VALUE big 0 {value_bytes}\r\n\r\nEND\r\n"),
            ),
        };
        let mut store = head.into_bytes();
        store.resize(store.len() + value_bytes, b'v');
        store.extend_from_slice(b"\r\n");
        Ok(Big {
            stream: connect(address)?,
            store,
            stored: stored.as_bytes(),
            read: read.as_bytes(),
            n_reply: reply_head.len() + value_bytes,
        })
    }

    pub(super) fn round(&mut self) -> Result<()> {
        // In pieces, so that the small GETs get their core in between.
        for piece in self.store.chunks(PIECE_BYTES) {
            self.stream.write_all(piece)?;
        }
        let mut part = vec![0; PIECE_BYTES];
        self.stream.read_exact(&mut part[..self.stored.len()])?;
        ensure!(part.starts_with(self.stored), "the big value was not stored");
        self.stream.write_all(self.read)?;
        let mut n_left = self.n_reply;
        while n_left > 0 {
            let n_read = self.stream.read(&mut part[..n_left.min(PIECE_BYTES)])?;
            ensure!(n_read > 0, "the connection was closed within a reply");
            n_left -= n_read;
        }
        Ok(())
    }
}

const PIECE_BYTES: usize = 64 << 10;
