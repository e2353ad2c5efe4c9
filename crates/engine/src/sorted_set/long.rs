//! Members too long for a leaf, each on its own.

use crate::indexed::allocated;

#[derive(Clone, Debug, Default)]
pub(super) struct Long {
    members: Vec<Box<[u8]>>,
    /// Numbers without a member.
    free: Vec<u32>,
    member_bytes: usize,
}

impl Long {
    pub(super) fn get(&self, number: u32) -> &[u8] {
        &self.members[number as usize]
    }

    pub(super) fn add(&mut self, member: &[u8]) -> u32 {
        self.member_bytes += allocated(member.len());
        if let Some(number) = self.free.pop() {
            self.members[number as usize] = member.into();
            return number;
        }
        self.members.push(member.into());
        (self.members.len() - 1) as u32
    }

    pub(super) fn remove(&mut self, number: u32) {
        let gone = std::mem::take(&mut self.members[number as usize]);
        self.member_bytes -= allocated(gone.len());
        self.free.push(number);
        if self.free.len() == self.members.len() {
            *self = Long::default();
        }
    }

    /// Memory on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        allocated(self.members.capacity() * size_of::<Box<[u8]>>())
            + allocated(self.free.capacity() * size_of::<u32>())
            + self.member_bytes
    }
}
