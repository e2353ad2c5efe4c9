//! Big values on their way in. A page that is touched for the first time costs its fault: what has
//! thousands of them comes in piece by piece.

use bytes::{Bytes, BytesMut};

/// A copy of `bytes` with exactly this much room behind it. The room takes no memory before it is
/// written to, so a client may announce what it likes. There is less room when the system does not
/// have the address space.
pub fn with_room(bytes: &[u8], room: usize) -> BytesMut {
    let mut buffer = Vec::new();
    if buffer.try_reserve_exact(bytes.len().saturating_add(room)).is_err() {
        let less = room.min(bytes.len().max(LESS_ROOM_BYTES));
        buffer = Vec::with_capacity(bytes.len() + less);
    }
    buffer.extend_from_slice(bytes);
    // The way through `Bytes` moves nothing.
    BytesMut::from(Bytes::from(buffer))
}

/// What a buffer grows by when its value does not fit into the address space.
const LESS_ROOM_BYTES: usize = 4 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_exact_and_holds_what_was_there() {
        for (bytes, room) in [(&b""[..], 0), (b"", 10), (b"abc", 0), (b"abc", 5 << 20)] {
            let mut buffer = with_room(bytes, room);
            assert_eq!((&buffer[..], buffer.capacity()), (bytes, bytes.len() + room));
            let start = buffer.as_ptr();
            buffer.extend_from_slice(&vec![b'x'; room]);
            assert_eq!(buffer.freeze().as_ptr(), start, "nothing was moved");
        }
    }

    #[test]
    fn room_that_the_address_space_does_not_have_is_less() {
        let buffer = with_room(b"abc", usize::MAX / 4);
        assert_eq!((&buffer[..], buffer.capacity()), (&b"abc"[..], 3 + LESS_ROOM_BYTES));
    }
}
