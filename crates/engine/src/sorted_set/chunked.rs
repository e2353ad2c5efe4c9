//! Numbered things in chunks: growing copies no more than the first chunk.

use std::ops::{Index, IndexMut};

use crate::indexed::allocated;

/// Things of a chunk.
const CHUNK: usize = 128;

#[derive(Clone, Debug)]
pub(super) struct Chunked<T> {
    /// The first chunk grows as it needs; those after it are made whole. Only the first may be
    /// empty.
    chunks: Vec<Vec<T>>,
}

impl<T> Chunked<T> {
    pub(super) fn new(first: T) -> Chunked<T> {
        Chunked { chunks: vec![vec![first]] }
    }

    pub(super) fn len(&self) -> u32 {
        let last = self.chunks.last().map_or(0, Vec::len);
        ((self.chunks.len() - 1) * CHUNK + last) as u32
    }

    /// Memory of the things themselves, without what they point to.
    pub(super) fn heap_bytes(&self) -> usize {
        let chunk = |it: &Vec<T>| allocated(it.capacity() * size_of::<T>());
        let between = self.chunks.len().saturating_sub(2);
        let last = if self.chunks.len() > 1 { self.chunks.last() } else { None };
        allocated(self.chunks.capacity() * size_of::<Vec<T>>())
            + self.chunks.first().map_or(0, chunk)
            + between * allocated(CHUNK * size_of::<T>())
            + last.map_or(0, chunk)
    }

    /// Adds a thing and tells its number.
    pub(super) fn push(&mut self, thing: T) -> u32 {
        let number = self.len();
        if number as usize == self.chunks.len() * CHUNK {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let chunk = self.chunks.last_mut().expect("there is always a chunk");
        if chunk.len() == chunk.capacity() {
            chunk.reserve_exact(chunk.len().clamp(1, CHUNK - chunk.len()));
        }
        chunk.push(thing);
        number
    }

    /// Takes a thing out; the last one takes its number. There is one.
    pub(super) fn swap_remove(&mut self, number: u32) -> T {
        let chunk = self.chunks.last_mut().expect("there is always a chunk");
        let last = chunk.pop().expect("no chunk is empty where there are things");
        if chunk.is_empty() && self.chunks.len() > 1 {
            self.chunks.pop();
            if self.chunks.len() < self.chunks.capacity() / 4 {
                self.chunks.shrink_to(2 * self.chunks.len());
            }
        }
        if number == self.len() { last } else { std::mem::replace(&mut self[number], last) }
    }
}

impl<T> Index<u32> for Chunked<T> {
    type Output = T;

    #[inline]
    fn index(&self, number: u32) -> &T {
        &self.chunks[number as usize / CHUNK][number as usize % CHUNK]
    }
}

impl<T> IndexMut<u32> for Chunked<T> {
    #[inline]
    fn index_mut(&mut self, number: u32) -> &mut T {
        &mut self.chunks[number as usize / CHUNK][number as usize % CHUNK]
    }
}
