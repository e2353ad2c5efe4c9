//! Values too big for a batch of requests: each is received into a buffer of its own.

use bytes::{Bytes, BytesMut};
use tandem_engine::NewValue;

/// Makes room for `need` bytes of input. They get a buffer of their size, so that it can be kept
/// without a copy and without waste, unless they have arrived already or memory is short.
pub(crate) fn make_room(input: &mut BytesMut, need: usize) {
    if input.len() < need {
        *input = tandem_engine::with_room(input, need - input.len());
    }
}

/// A block of input that has arrived, and whether it takes up most of its buffer.
pub(crate) struct Block {
    bytes: BytesMut,
    fills_buffer: bool,
}

impl Block {
    /// Takes `len` bytes from the input.
    pub(crate) fn take(input: &mut BytesMut, len: usize) -> Block {
        let fills_buffer = len >= input.capacity() / 2;
        Block { bytes: input.split_to(len), fills_buffer }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its first bytes as a value: kept without a copy where the buffer is not much more.
    pub(crate) fn into_value(self, len: usize) -> NewValue<'static> {
        NewValue::Shared(if self.fills_buffer {
            self.bytes.freeze().slice(..len)
        } else {
            // Copied here, not by the engine: there a shard would be locked meanwhile.
            Bytes::copy_from_slice(&self.bytes[..len])
        })
    }

    /// Frees it where that holds nobody up.
    pub(crate) fn let_go(self) {
        tandem_engine::let_go(self.bytes.freeze());
    }
}
