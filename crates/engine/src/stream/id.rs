use std::fmt;

/// The name of a stream's entry: a time in milliseconds and a number within it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamId {
    pub ms: u64,
    pub seq: u64,
}

impl StreamId {
    pub const MIN: StreamId = StreamId { ms: 0, seq: 0 };
    pub const MAX: StreamId = StreamId { ms: u64::MAX, seq: u64::MAX };

    pub const fn new(ms: u64, seq: u64) -> StreamId {
        StreamId { ms, seq }
    }

    /// The id behind this one, unless it is the last.
    pub fn next(self) -> Option<StreamId> {
        match (self.seq.checked_add(1), self.ms.checked_add(1)) {
            (Some(seq), _) => Some(StreamId { seq, ..self }),
            (None, Some(ms)) => Some(StreamId { ms, seq: 0 }),
            (None, None) => None,
        }
    }

    /// The id in front of this one, unless it is the first.
    pub fn previous(self) -> Option<StreamId> {
        match (self.seq.checked_sub(1), self.ms.checked_sub(1)) {
            (Some(seq), _) => Some(StreamId { seq, ..self }),
            (None, Some(ms)) => Some(StreamId { ms, seq: u64::MAX }),
            (None, None) => None,
        }
    }

    /// Bytes of an id as a key.
    pub(super) const BYTES: u32 = 16;

    /// In the order of ids.
    pub(super) fn to_number(self) -> u128 {
        u128::from(self.ms) << 64 | u128::from(self.seq)
    }

    fn of_number(number: u128) -> StreamId {
        StreamId { ms: (number >> 64) as u64, seq: number as u64 }
    }

    /// How many bytes two different ids begin with alike.
    pub(super) fn n_common_bytes(self, other: StreamId) -> u32 {
        (self.to_number() ^ other.to_number()).leading_zeros() / 8
    }

    /// The lowest and the highest id that begin with the same `n_bytes`, fewer than all.
    pub(super) fn all_alike(self, n_bytes: u32) -> (StreamId, StreamId) {
        let rest = u128::MAX >> (8 * n_bytes);
        let number = self.to_number();
        (StreamId::of_number(number & !rest), StreamId::of_number(number | rest))
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.seq)
    }
}
