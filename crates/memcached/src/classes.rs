//! Classes of items by size, for the tools that look at memcached's slabs. Nothing is kept by
//! class here: an item takes what it needs. A class says where memcached would keep an item, with
//! the sizes that its settings give, so that dashboards show how big items are.

use tandem_engine::{Item, Key, Value};

use crate::settings::Settings;

/// memcached numbers its classes from 1, and has no more than 63.
pub(crate) const CLASSES_MAX: usize = 64;

/// What an item takes in memcached beside its parts: its chunks are this bigger than `-n` says.
const HEADER_BYTES: usize = 48;

/// memcached takes memory in pages of this size.
pub(crate) const PAGE_BYTES: usize = 1 << 20;

/// Chunks are multiples of this.
const CHUNK_ALIGN: usize = 8;

/// Items of up to this many bytes find their class in a table.
const TABLE_BYTES: usize = 8 << 10;

/// The classes that memcached would have.
pub(crate) struct Classes {
    /// The biggest item of each class, ascending; that of class 1 comes first.
    chunk_bytes: Vec<usize>,
    /// Classes of small items, by steps of `CHUNK_ALIGN`.
    table: Box<[u8]>,
    /// What every item takes beside its parts.
    fixed_bytes: usize,
}

impl Classes {
    pub(crate) fn new(settings: &Settings) -> Classes {
        // A bigger item is kept in several chunks.
        let biggest = PAGE_BYTES.min(settings.item_bytes_max) / 2;
        let mut chunk_bytes = Vec::new();
        let mut bytes = HEADER_BYTES + settings.chunk_bytes;
        while chunk_bytes.len() < CLASSES_MAX - 2
            && (bytes as f64) < biggest as f64 / settings.growth_factor
        {
            bytes = bytes.next_multiple_of(CHUNK_ALIGN);
            chunk_bytes.push(bytes);
            bytes = (bytes as f64 * settings.growth_factor) as usize;
        }
        chunk_bytes.push(biggest);
        let class_of = |bytes: usize| chunk_bytes.partition_point(|it| *it < bytes) + 1;
        let n_classes = chunk_bytes.len();
        let steps = 0..=TABLE_BYTES / CHUNK_ALIGN;
        let table = steps.map(|it| class_of(it * CHUNK_ALIGN).min(n_classes) as u8).collect();
        let cas = if settings.cas { Cas::Kept } else { Cas::Off };
        Classes { chunk_bytes, table, fixed_bytes: item_bytes(0, 0, 0, cas) }
    }

    /// The biggest item of a class; those of the last may be bigger.
    pub(crate) fn chunk_bytes(&self, class: usize) -> usize {
        self.chunk_bytes[class - 1]
    }

    /// Chunks of a page.
    pub(crate) fn chunks_per_page(&self, class: usize) -> u64 {
        (PAGE_BYTES / self.chunk_bytes(class)).max(1) as u64
    }

    /// Pages that so many chunks of a class take.
    pub(crate) fn n_pages(&self, class: usize, n_chunks: u64) -> u64 {
        n_chunks.div_ceil(self.chunks_per_page(class))
    }

    /// Chunks that an item of a class takes.
    pub(crate) fn n_chunks(&self, class: usize, item_bytes: usize) -> usize {
        item_bytes.div_ceil(self.chunk_bytes(class)).max(1)
    }

    /// The class of an item of a size.
    #[inline]
    pub(crate) fn of_bytes(&self, item_bytes: usize) -> usize {
        match self.table.get(item_bytes.div_ceil(CHUNK_ALIGN)) {
            Some(class) => usize::from(*class),
            None => self.of_big(item_bytes),
        }
    }

    #[cold]
    fn of_big(&self, item_bytes: usize) -> usize {
        let class = self.chunk_bytes.partition_point(|it| *it < item_bytes) + 1;
        class.min(self.chunk_bytes.len())
    }

    /// The bytes that an item would take in memcached. `None` for values that it does not know.
    pub(crate) fn bytes_of(&self, item: &Item<'_>) -> Option<usize> {
        let Value::String(value) = item.value() else { return None };
        Some(self.bytes_of_parts(item.key().len(), item.client_flags(), value.as_slice().len()))
    }

    /// The class of an item that has these parts.
    #[inline]
    pub(crate) fn of_parts(&self, key: Key<'_>, client_flags: u32, value_bytes: usize) -> usize {
        self.of_bytes(self.bytes_of_parts(key.name.len(), client_flags, value_bytes))
    }

    #[inline]
    fn bytes_of_parts(&self, key_bytes: usize, client_flags: u32, value_bytes: usize) -> usize {
        let flags_bytes = if client_flags == 0 { 0 } else { size_of::<u32>() };
        self.fixed_bytes + key_bytes + value_bytes + flags_bytes
    }

    /// The class of an item; 0 for values that memcached does not know.
    pub(crate) fn of(&self, item: &Item<'_>) -> usize {
        self.bytes_of(item).map_or(0, |it| self.of_bytes(it))
    }
}

/// Whether items have room for a CAS number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cas {
    Kept,
    Off,
}

/// What an item takes in memcached: its header, a zero byte behind the key, the line end behind
/// the value, and its options.
#[inline]
pub(crate) fn item_bytes(
    key_bytes: usize,
    client_flags: u32,
    value_bytes: usize,
    cas: Cas,
) -> usize {
    let flags_bytes = if client_flags == 0 { 0 } else { size_of::<u32>() };
    let cas_bytes = if cas == Cas::Kept { size_of::<u64>() } else { 0 };
    HEADER_BYTES + key_bytes + 1 + value_bytes + 2 + flags_bytes + cas_bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(args: &[&str]) -> Classes {
        let args: Vec<String> = args.iter().map(|it| (*it).to_owned()).collect();
        Classes::new(&Settings::from_args(&args).unwrap())
    }

    /// `memcached -vv` lists its classes: these are the first and the last ones of 1.6.38.
    #[test]
    fn classes_are_those_of_memcached() {
        let it = classes(&[]);
        assert_eq!(it.chunk_bytes[..6], [96, 120, 152, 192, 240, 304]);
        assert_eq!(
            (it.chunk_bytes.len(), it.chunk_bytes(38), it.chunk_bytes(39)),
            (39, 394_840, 524_288)
        );
        let it = classes(&["-f", "2", "-n", "100"]);
        assert_eq!(it.chunk_bytes[..3], [152, 304, 608]);
        assert_eq!(
            (it.chunk_bytes.len(), it.chunk_bytes(11), it.chunk_bytes(12)),
            (12, 155_648, 524_288)
        );
        let it = classes(&["-f", "1.05"]);
        assert_eq!(
            it.chunk_bytes[..14],
            [96, 104, 112, 120, 128, 136, 144, 152, 160, 168, 176, 184, 200, 216]
        );
        assert_eq!(
            (it.chunk_bytes.len(), it.chunk_bytes(62), it.chunk_bytes(63)),
            (63, 2824, 524_288)
        );
    }

    #[test]
    fn an_item_is_in_the_first_class_that_it_fits() {
        for it in
            [classes(&[]), classes(&["-f", "1.07"]), classes(&["-I", "1k"]), classes(&["-f", "3"])]
        {
            for bytes in (1..20_000).chain([100_000, 394_840, 394_841, 524_288, 524_289, 1 << 29]) {
                let class = it.of_bytes(bytes);
                let is_last = class == it.chunk_bytes.len();
                assert!(bytes <= it.chunk_bytes(class) || is_last, "{bytes} in {class}");
                assert!(class == 1 || it.chunk_bytes(class - 1) < bytes, "{bytes} in {class}");
            }
        }
    }
}
