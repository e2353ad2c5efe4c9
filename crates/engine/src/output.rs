//! Reply bytes on their way out: small values are copied in, big ones leave as shared slices.

use bytes::Bytes;

use crate::freeing::let_go;

/// Values of this many bytes or more leave as shared slices; below it a copy is cheaper than
/// an extra `iovec`.
pub(crate) const SHARED_BYTES_MIN: usize = 8 << 10;

/// What a session has to say. The connection loop drains it with `writev`.
#[derive(Debug, Default)]
pub struct Output {
    /// Copied bytes, in order. Writers append here.
    pub buf: Vec<u8>,
    /// Shared slices, each with the offset in `buf` before which it belongs; ascending.
    shared: Vec<(usize, Bytes)>,
    shared_bytes: usize,
}

/// A place in an `Output` to which it can be cut back.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    buf: usize,
    n_shared: usize,
}

impl Output {
    /// Bytes waiting, copied and shared.
    pub fn len(&self) -> usize {
        self.buf.len() + self.shared_bytes
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn put(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// Appends a value without copying it when it is big.
    pub fn put_shared(&mut self, bytes: &Bytes) {
        if bytes.len() < SHARED_BYTES_MIN {
            return self.put(bytes);
        }
        self.shared_bytes += bytes.len();
        self.shared.push((self.buf.len(), bytes.clone()));
    }

    /// Appends all of another output.
    pub fn append(&mut self, mut other: Output) {
        self.take(&mut other);
    }

    /// Appends all that `other` has and leaves it empty, with its room for more.
    pub fn take(&mut self, other: &mut Output) {
        if self.is_empty() && other.buf.len() > self.buf.capacity() {
            std::mem::swap(self, other);
            return;
        }
        let start = self.buf.len();
        self.buf.append(&mut other.buf);
        self.shared.extend(other.shared.drain(..).map(|(at, bytes)| (start + at, bytes)));
        self.shared_bytes += std::mem::take(&mut other.shared_bytes);
    }

    pub fn mark(&self) -> Mark {
        Mark { buf: self.buf.len(), n_shared: self.shared.len() }
    }

    /// Drops all that was appended since `mark`.
    pub fn truncate(&mut self, mark: Mark) {
        self.buf.truncate(mark.buf);
        self.truncate_shared(mark.n_shared);
    }

    #[inline]
    fn truncate_shared(&mut self, n_left: usize) {
        if self.shared.len() != n_left {
            self.drop_shared(n_left);
        }
    }

    #[inline(never)]
    fn drop_shared(&mut self, n_left: usize) {
        for (_, bytes) in self.shared.drain(n_left..) {
            self.shared_bytes -= bytes.len();
            let_go(bytes);
        }
    }

    pub fn clear(&mut self) {
        self.buf.clear();
        self.truncate_shared(0);
    }

    /// True when nothing is shared: `buf` is all there is to write.
    pub fn is_flat(&self) -> bool {
        self.shared.is_empty()
    }

    /// The slices to write, in order.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = 0;
        let parts = self.shared.iter().flat_map(move |(at, bytes)| {
            let copied = &self.buf[std::mem::replace(&mut from, *at)..*at];
            [copied, &bytes[..]]
        });
        let tail = self.shared.last().map_or(0, |(at, _)| *at);
        parts.chain([&self.buf[tail..]]).filter(|it| !it.is_empty())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.truncate_shared(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_come_in_the_order_they_were_put() {
        let mut out = Output::default();
        let big = Bytes::from(vec![b'x'; SHARED_BYTES_MIN]);
        out.put(b"a");
        out.put_shared(&big);
        let mark = out.mark();
        out.put(b"b");
        out.put_shared(&big);
        out.put_shared(&big);
        let sizes: Vec<usize> = out.slices().map(<[u8]>::len).collect();
        assert_eq!(sizes, [1, big.len(), 1, big.len(), big.len()]);
        assert_eq!(out.len(), 2 + 3 * big.len());
        out.truncate(mark);
        assert_eq!(out.len(), 1 + big.len());
        assert_eq!(out.slices().count(), 2);
        let mut whole = Output::default();
        whole.put(b"0");
        whole.append(out);
        let sizes: Vec<usize> = whole.slices().map(<[u8]>::len).collect();
        assert_eq!((sizes, whole.len()), (vec![2, big.len()], 2 + big.len()));
    }
}
