//! DEBUG DIGEST: one number for all that is stored, the same as Valkey's for the same keys, so that
//! two servers can be compared.

use sha1::{Digest as _, Sha1};
use tandem_engine::{Element, Item, StreamId, Value};

use crate::double::seventeen_digits;

/// 160 bits that grow with what is mixed into them.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Digest([u8; 20]);

impl Digest {
    /// Adds something whose place does not matter.
    fn add(&mut self, bytes: &[u8]) {
        for (mine, other) in self.0.iter_mut().zip(Sha1::digest(bytes)) {
            *mine ^= other;
        }
    }

    /// Adds something whose place matters.
    fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.0 = Sha1::digest(self.0).into();
    }

    /// Adds the number of a database that is not empty.
    pub(super) fn add_database(&mut self, db: u32) {
        self.mix(&db.to_be_bytes());
    }

    pub(super) fn add_item(&mut self, item: &Item<'_>) {
        let mut digest = Digest::default();
        digest.mix(item.key());
        digest.mix_value(item);
        self.add(&digest.0);
    }

    pub(super) fn of_value(item: &Item<'_>) -> Digest {
        let mut digest = Digest::default();
        digest.mix_value(item);
        digest
    }

    fn mix_value(&mut self, item: &Item<'_>) {
        match item.value() {
            Value::String(value) => {
                self.mix(&STRING_TYPE.to_be_bytes());
                self.mix(value.as_slice());
            }
            Value::List(list) => {
                self.mix(&LIST_TYPE.to_be_bytes());
                for element in list {
                    self.mix(element.text(&mut itoa::Buffer::new()));
                }
            }
            Value::Hash(hash) => {
                self.mix(&HASH_TYPE.to_be_bytes());
                for (field, value) in hash {
                    let mut pair = Digest::default();
                    pair.mix(field);
                    pair.mix(value);
                    self.add(&pair.0);
                }
            }
            Value::Set(set) => {
                self.mix(&SET_TYPE.to_be_bytes());
                for member in set {
                    member.with(|it| self.add(it));
                }
            }
            Value::Stream(stream) => {
                self.mix(&STREAM_TYPE.to_be_bytes());
                for entry in stream.log().range(StreamId::MIN, StreamId::MAX) {
                    self.mix(format!("{}.{}", entry.id.ms, entry.id.seq).as_bytes());
                    for word in entry.fields().flat_map(<[Element<'_>; 2]>::from) {
                        self.mix(word.text(&mut itoa::Buffer::new()));
                    }
                }
            }
            Value::SortedSet(set) => {
                self.mix(&SORTED_SET_TYPE.to_be_bytes());
                for (member, score) in set {
                    let mut pair = Digest::default();
                    pair.mix(member);
                    pair.mix(seventeen_digits(score).as_bytes());
                    self.add(&pair.0);
                }
            }
        }
        if item.expire_at_ms().is_some() {
            self.add(b"!!expire!!");
        }
    }

    pub(super) fn to_hex(self) -> String {
        crate::server::hex(&self.0)
    }
}

/// Valkey's numbers of the types.
const STRING_TYPE: u32 = 0;
const SET_TYPE: u32 = 2;
const SORTED_SET_TYPE: u32 = 3;
const HASH_TYPE: u32 = 4;
const LIST_TYPE: u32 = 1;
const STREAM_TYPE: u32 = 6;
