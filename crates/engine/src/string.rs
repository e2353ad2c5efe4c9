//! Strings: what a read sees and what an edit works on.

use bytes::Bytes;

use crate::value::{Kind, Sealed, Value};

/// A string as a read sees it. Copy small ones out; clone the `Bytes` of shared ones.
#[derive(Clone, Copy, Debug)]
pub enum StrRef<'a> {
    Inline(&'a [u8]),
    Shared(&'a Bytes),
}

impl<'a> StrRef<'a> {
    pub fn as_slice(self) -> &'a [u8] {
        match self {
            StrRef::Inline(it) => it,
            StrRef::Shared(it) => it,
        }
    }
}

/// A string open for editing. It derefs to its bytes.
#[derive(Debug, Default)]
pub struct Str {
    pub(crate) data: Vec<u8>,
    pub(crate) edited: bool,
}

impl Str {
    /// Replaces the whole content; the encoding may become `int` again.
    pub fn replace(&mut self, _bytes: &[u8]) {
        todo!()
    }

    /// Adds bytes at the end.
    pub fn append(&mut self, _bytes: &[u8]) {
        todo!()
    }

    /// Adds bytes at the front.
    pub fn prepend(&mut self, _bytes: &[u8]) {
        todo!()
    }

    /// Overwrites from `offset`, padding with zero bytes up to it.
    pub fn write_at(&mut self, _offset: usize, _bytes: &[u8]) {
        todo!()
    }
}

impl std::ops::Deref for Str {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.data
    }
}

impl Sealed for Str {}
impl Kind for Str {
    type Ref<'a> = StrRef<'a>;

    fn of(value: Value<'_>) -> Option<StrRef<'_>> {
        if let Value::String(it) = value { Some(it) } else { None }
    }
}
