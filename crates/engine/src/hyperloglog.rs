//! HyperLogLogs: strings, in Redis's format, that tell about how many different elements were added
//! to them.
//!
//! A header of 16 bytes holds a magic word, the form and the last estimate. Behind it lie 16,384
//! registers: in the dense form six bits each, in the sparse one as runs of equal ones. Part of an
//! element's hash picks its register, which remembers the longest run of zeros that the rest of
//! such a hash began with.

use std::ops::DerefMut;

use crate::error::Error;
use crate::string::Str;

mod dense;
mod element;
#[cfg(test)]
mod model;
mod registers;
mod sparse;

pub use registers::Registers;
pub use sparse::Run;

/// A string that was checked to be a HyperLogLog, as far as its header tells.
#[derive(Clone, Copy)]
pub struct HyperLogLog<'a> {
    bytes: &'a [u8],
}

impl<'a> HyperLogLog<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<HyperLogLog<'a>, Error> {
        let is_one = bytes.len() >= HEADER_BYTES
            && bytes.starts_with(MAGIC)
            && match bytes[FORM_AT] {
                DENSE => bytes.len() == HEADER_BYTES + dense::BYTES,
                form => form == SPARSE,
            };
        if is_one { Ok(HyperLogLog { bytes }) } else { Err(Error::NotHyperLogLog) }
    }

    pub fn is_dense(self) -> bool {
        self.bytes[FORM_AT] == DENSE
    }

    /// The estimate that was kept, unless elements were added since.
    pub fn kept_estimate(self) -> Option<u64> {
        let bytes = self.bytes[ESTIMATE_AT..].first_chunk().expect("the header is whole");
        let estimate = u64::from_le_bytes(*bytes);
        (estimate & STALE == 0).then_some(estimate)
    }

    /// About how many different elements were added.
    pub fn estimate(self) -> Result<u64, Error> {
        Ok(self.registers()?.estimate())
    }

    pub fn registers(self) -> Result<Registers, Error> {
        let mut registers = Registers::default();
        registers.raise(self)?;
        Ok(registers)
    }

    /// The runs of the sparse form, as they stand there.
    pub fn runs(self) -> Option<impl Iterator<Item = Run>> {
        (!self.is_dense()).then(|| sparse::runs(self.body()))
    }

    fn body(self) -> &'a [u8] {
        &self.bytes[HEADER_BYTES..]
    }
}

/// A HyperLogLog open for writing. The string is touched only when something changes.
pub struct HyperLogLogMut<S> {
    string: S,
    sparse_bytes_max: usize,
}

impl<S: DerefMut<Target = Str>> HyperLogLogMut<S> {
    /// The string that it lies in.
    pub fn into_string(self) -> S {
        self.string
    }

    /// Makes an empty one of a new string. One whose sparse form would grow beyond
    /// `sparse_bytes_max` becomes a dense one.
    pub fn create(mut string: S, sparse_bytes_max: usize) -> HyperLogLogMut<S> {
        debug_assert!(string.is_empty());
        string.append(MAGIC);
        string.append(&[SPARSE, 0, 0, 0]);
        string.append(&STALE.to_le_bytes());
        string.append(&sparse::EMPTY);
        HyperLogLogMut { string, sparse_bytes_max }
    }

    pub fn open(string: S, sparse_bytes_max: usize) -> Result<HyperLogLogMut<S>, Error> {
        HyperLogLog::read(&string)?;
        Ok(HyperLogLogMut { string, sparse_bytes_max })
    }

    /// Adds an element. True when the estimate may be another now.
    pub fn add(&mut self, element: &[u8]) -> Result<bool, Error> {
        let (index, rank) = element::place(element);
        self.raise_one(index, rank)
    }

    /// Takes in all that others hold.
    pub fn raise(&mut self, registers: &Registers) -> Result<(), Error> {
        for (index, rank) in registers.iter().enumerate().filter(|(_, rank)| *rank != 0) {
            self.raise_one(index, rank)?;
        }
        self.mark_stale();
        Ok(())
    }

    /// True when it was sparse.
    pub fn make_dense(&mut self) -> Result<bool, Error> {
        let now = self.get();
        if now.is_dense() {
            return Ok(false);
        }
        let body = dense::pack(&now.registers()?);
        let mut bytes = Vec::with_capacity(HEADER_BYTES + dense::BYTES);
        bytes.extend_from_slice(&now.bytes[..HEADER_BYTES]);
        bytes[FORM_AT] = DENSE;
        bytes.extend_from_slice(&body);
        self.string.become_bytes(bytes);
        Ok(true)
    }

    /// About how many different elements were added.
    pub fn estimate(&self) -> Result<u64, Error> {
        self.get().estimate()
    }

    /// Keeps an estimate, so that it need not be made again until elements are added.
    pub fn keep_estimate(&mut self, estimate: u64) {
        self.string.write_at(ESTIMATE_AT, &estimate.to_le_bytes());
    }

    fn get(&self) -> HyperLogLog<'_> {
        HyperLogLog { bytes: &self.string }
    }

    fn raise_one(&mut self, index: usize, rank: u8) -> Result<bool, Error> {
        if !self.get().is_dense() {
            match sparse::raise(&mut self.string, index, rank, self.sparse_bytes_max)? {
                sparse::Raised::Not => return Ok(false),
                sparse::Raised::Higher => {
                    self.mark_stale();
                    return Ok(true);
                }
                sparse::Raised::NeedsDense => self.make_dense()?,
            };
        }
        if rank <= dense::get(self.get().body(), index) {
            return Ok(false);
        }
        dense::set(&mut self.string.bytes_mut(0)[HEADER_BYTES..], index, rank);
        self.mark_stale();
        Ok(true)
    }

    fn mark_stale(&mut self) {
        if self.get().kept_estimate().is_some() {
            self.string.bytes_mut(0)[ESTIMATE_AT + 7] |= (STALE >> 56) as u8;
        }
    }
}

const MAGIC: &[u8] = b"HYLL";
const FORM_AT: usize = 4;
const DENSE: u8 = 0;
const SPARSE: u8 = 1;

/// Three bytes behind the form mean nothing.
const ESTIMATE_AT: usize = 8;
const HEADER_BYTES: usize = 16;

/// The bit of an estimate that says that it is out of date.
const STALE: u64 = 1 << 63;
