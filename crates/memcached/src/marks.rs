//! The marks of items (`tandem_engine::Item::marks`). A new value has those that it comes with.

/// The value is out of date.
pub(crate) const STALE: u8 = 1;
/// A client was told to fetch the value anew.
pub(crate) const WON: u8 = 2;
/// The key came as base64 and is told so.
pub(crate) const BASE64_KEY: u8 = 4;
