//! A leaf of the indexed form: some dozens of members in order, in two runs of memory that are
//! hardly longer than what is in them.

use crate::indexed::allocated;

/// Most members of a leaf.
pub(super) const MEMBERS_MAX: usize = 64;
/// Most bytes of the members of a leaf together.
pub(super) const BYTES_MAX: usize = 2048;
/// Longer members lie on their own, and the leaf keeps four bytes that name them: so a leaf holds
/// eight members at least before it has to be split, and inserting never moves more than a page.
pub(super) const MEMBER_BYTES_MAX: usize = 256;
/// Spare records and member bytes that a growing leaf takes.
const SPARE_RECORDS: usize = 8;
const SPARE_BYTES: usize = 96;

/// What a leaf keeps of a member beside its bytes, in twelve bytes.
#[derive(Clone, Copy, Debug)]
#[repr(C, packed(4))]
struct Record {
    score: f64,
    /// Where the member ends in the leaf's bytes, and `LONG` when its bytes are a number.
    end: u16,
    /// Bits of the member's hash, to find it by.
    tag: u16,
}

const LONG: u16 = 1 << 15;

impl Record {
    fn end(self) -> usize {
        usize::from(self.end & !LONG)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Leaf {
    records: Vec<Record>,
    bytes: Vec<u8>,
    /// The node above.
    pub(super) parent: u32,
}

/// A member as a leaf keeps it.
#[derive(Clone, Copy)]
pub(super) enum Kept<'a> {
    Here(&'a [u8]),
    /// The number of a member that lies on its own.
    Long(u32),
}

impl Leaf {
    pub(super) fn new(parent: u32) -> Leaf {
        Leaf { records: Vec::new(), bytes: Vec::new(), parent }
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Memory on the heap.
    pub(super) fn heap_bytes(&self) -> usize {
        allocated(self.records.capacity() * size_of::<Record>()) + allocated(self.bytes.capacity())
    }

    #[inline]
    pub(super) fn score(&self, at: usize) -> f64 {
        self.records[at].score
    }

    pub(super) fn first_score(&self) -> Option<f64> {
        self.records.first().map(|it| it.score)
    }

    pub(super) fn set_score(&mut self, at: usize, score: f64) {
        self.records[at].score = score;
    }

    fn start(&self, at: usize) -> usize {
        at.checked_sub(1).map_or(0, |before| self.records[before].end())
    }

    #[inline]
    pub(super) fn member(&self, at: usize) -> Kept<'_> {
        let record = self.records[at];
        let bytes = &self.bytes[self.start(at)..record.end()];
        if record.end & LONG == 0 {
            return Kept::Here(bytes);
        }
        Kept::Long(u32::from_ne_bytes(bytes.try_into().expect("a number has four bytes")))
    }

    /// The first place from `from` on with this tag.
    #[inline]
    pub(super) fn find_tag(&self, from: usize, tag: u16) -> Option<usize> {
        let found = self.records[from..].iter().position(|it| it.tag == tag);
        found.map(|it| from + it)
    }

    /// The first place for which `is_before` does not hold.
    #[inline]
    pub(super) fn partition(&self, is_before: impl Fn(usize, f64) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_before(middle, self.score(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Whether one more member makes the leaf too big.
    pub(super) fn is_full(&self, member: Kept<'_>) -> bool {
        let n_bytes = match member {
            Kept::Here(it) => it.len(),
            Kept::Long(_) => size_of::<u32>(),
        };
        self.len() == MEMBERS_MAX || (BYTES_MAX < self.bytes.len() + n_bytes && self.len() > 0)
    }

    /// So few members are left that the leaf looks for a neighbour.
    pub(super) fn is_sparse(&self) -> bool {
        self.len() <= MEMBERS_MAX / 4 && self.bytes.len() <= BYTES_MAX / 2
    }

    /// Both together are far from being split again.
    pub(super) fn fits_with(&self, other: &Leaf) -> bool {
        self.len() + other.len() <= MEMBERS_MAX / 2
            && self.bytes.len() + other.bytes.len() <= BYTES_MAX / 2
    }

    pub(super) fn insert(&mut self, at: usize, score: f64, tag: u16, member: Kept<'_>) {
        match member {
            Kept::Here(it) => self.insert_bytes(at, score, tag, it, 0),
            Kept::Long(it) => self.insert_bytes(at, score, tag, &it.to_ne_bytes(), LONG),
        }
    }

    fn insert_bytes(&mut self, at: usize, score: f64, tag: u16, bytes: &[u8], long: u16) {
        let start = self.start(at);
        self.open(start, bytes.len());
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        if self.records.len() == self.records.capacity() {
            self.records.reserve_exact(SPARE_RECORDS);
        }
        for record in &mut self.records[at..] {
            record.end += bytes.len() as u16;
        }
        let end = (start + bytes.len()) as u16 | long;
        self.records.insert(at, Record { score, end, tag });
    }

    /// Makes room for `n` bytes at `start`.
    fn open(&mut self, start: usize, n: usize) {
        let len = self.bytes.len();
        if self.bytes.capacity() - len < n {
            self.bytes.reserve_exact(n + SPARE_BYTES);
        }
        self.bytes.resize(len + n, 0);
        self.bytes.copy_within(start..len, start + n);
    }

    /// Takes `n` members out from `at` on.
    pub(super) fn remove(&mut self, at: usize, n: usize) {
        let (start, end) = (self.start(at), self.start(at + n));
        self.bytes.drain(start..end);
        self.records.drain(at..at + n);
        for record in &mut self.records[at..] {
            record.end -= (end - start) as u16;
        }
        if self.records.capacity() - self.len() > 2 * SPARE_RECORDS {
            self.records.shrink_to(self.len() + SPARE_RECORDS);
        }
        if self.bytes.capacity() - self.bytes.len() > 2 * (SPARE_BYTES + MEMBER_BYTES_MAX) {
            self.bytes.shrink_to(self.bytes.len() + SPARE_BYTES);
        }
    }

    /// Moves the members from `at` on to a leaf of their own.
    pub(super) fn split_off(&mut self, at: usize) -> Leaf {
        let start = self.start(at);
        let mut upper = Leaf {
            records: self.records[at..].to_vec(),
            bytes: self.bytes[start..].to_vec(),
            parent: self.parent,
        };
        for record in &mut upper.records {
            record.end -= start as u16;
        }
        self.records.truncate(at);
        self.records.shrink_to_fit();
        self.bytes.truncate(start);
        self.bytes.shrink_to_fit();
        upper
    }

    /// Adds the members of the leaf behind this one.
    pub(super) fn append(&mut self, other: &Leaf) {
        let offset = self.bytes.len() as u16;
        self.bytes.reserve_exact(other.bytes.len());
        self.bytes.extend_from_slice(&other.bytes);
        self.records.reserve_exact(other.len());
        let moved = other.records.iter().map(|it| Record { end: it.end + offset, ..*it });
        self.records.extend(moved);
    }
}
