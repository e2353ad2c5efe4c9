//! When an item ends, or a part of it: keys expire, and so do fields of hashes.

use crate::item::ItemRef;
use crate::layout::Meta;
use crate::value::Value;

impl ItemRef<'_> {
    /// Whether the item, or a field of it, ends some day. False for nearly all.
    #[inline]
    pub(crate) fn may_end(self) -> bool {
        self.layout().meta.has(Meta::HAS_EXPIRE | Meta::EDITED)
    }

    /// True for a hash with fields that expire.
    #[inline]
    pub(crate) fn has_field_ends(self) -> bool {
        self.layout().meta.has(Meta::EDITED) && matches!(self.value(), Value::Hash(_))
    }

    /// When the first of a hash's fields expires; 0 for never.
    pub(crate) fn first_field_end_ms(self) -> u64 {
        match self.value() {
            Value::Hash(it) if self.layout().meta.has(Meta::EDITED) => it.first_end(),
            _ => 0,
        }
    }

    /// When there is first something to remove of the item; 0 for never.
    #[inline]
    pub(crate) fn first_end_ms(self) -> u64 {
        if !self.may_end() {
            return 0;
        }
        // Never is later than any other time.
        let never_last = |end: u64| end.wrapping_sub(1);
        let (item, field) = (self.expire_at_ms(), self.first_field_end_ms());
        if never_last(field) < never_last(item) { field } else { item }
    }

    #[inline]
    pub(crate) fn is_expired(self, now_ms: u64) -> bool {
        let at = self.expire_at_ms();
        at != 0 && at < now_ms
    }
}
