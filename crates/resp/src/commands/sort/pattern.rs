//! Patterns of BY and GET, and the keys that they stand for.

use tandem_engine::{Hash, Keyspace, Str, StrRef, View};

/// `weight:*`, `object:*->field`, `#`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pattern<'a> {
    /// The element itself.
    Element,
    /// Without a place for the element there is nothing to find.
    Nothing,
    Key {
        prefix: &'a [u8],
        suffix: &'a [u8],
        field: Option<&'a [u8]>,
    },
}

impl<'a> Pattern<'a> {
    pub(super) fn read(text: &'a [u8]) -> Pattern<'a> {
        if text == b"#" {
            return Pattern::Element;
        }
        let end = text.iter().position(|it| *it == 0).unwrap_or(text.len());
        let Some(star) = text[..end].iter().position(|it| *it == b'*') else {
            return Pattern::Nothing;
        };
        let (prefix, rest) = (&text[..star], &text[star + 1..]);
        let arrow = text[star + 1..end].windows(2).position(|it| it == b"->");
        match arrow {
            Some(at) if star + 1 + at + 2 < end => {
                Pattern::Key { prefix, suffix: &rest[..at], field: Some(&rest[at + 2..]) }
            }
            _ => Pattern::Key { prefix, suffix: rest, field: None },
        }
    }

    pub(super) fn names_keys(&self) -> bool {
        matches!(self, Pattern::Key { .. })
    }

    /// Writes the name of the key that it stands for with an element. False when there is none.
    pub(super) fn name(&self, element: &[u8], into: &mut Vec<u8>) -> bool {
        let Pattern::Key { prefix, suffix, .. } = *self else { return false };
        into.clear();
        for part in [prefix, element, suffix] {
            into.extend_from_slice(part);
        }
        true
    }
}

/// The keys that SORT may look at while it runs.
pub(super) struct OtherKeys<'a> {
    keyspace: &'a Keyspace,
    db: u32,
    pub(super) view: View<'a>,
    /// The name that was looked up last, for its memory.
    name: Vec<u8>,
}

impl<'a> OtherKeys<'a> {
    pub(super) fn new(keyspace: &'a Keyspace, db: u32, view: View<'a>) -> OtherKeys<'a> {
        OtherKeys { keyspace, db, view, name: Vec::new() }
    }

    /// What a pattern stands for with this element.
    pub(super) fn find<'v>(
        &'v mut self,
        pattern: &Pattern<'_>,
        element: &'v [u8],
    ) -> Option<StrRef<'v>> {
        let field = match *pattern {
            Pattern::Element => return Some(StrRef::Inline(element)),
            Pattern::Nothing => return None,
            Pattern::Key { field, .. } => field,
        };
        pattern.name(element, &mut self.name);
        let key = self.keyspace.key(self.db, &self.name);
        match field {
            None => self.view.get::<Str>(key).ok().flatten(),
            Some(field) => {
                let hash = self.view.get::<Hash>(key).ok().flatten()?;
                hash.get(field).map(StrRef::Inline)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_one_place_and_perhaps_a_field() {
        let key = |prefix, suffix, field| Pattern::Key { prefix, suffix, field };
        let cases: [(&[u8], Pattern<'_>); 9] = [
            (b"#", Pattern::Element),
            (b"##", Pattern::Nothing),
            (b"nosort", Pattern::Nothing),
            (b"w_*", key(b"w_", b"", None)),
            (b"a*b*c", key(b"a", b"b*c", None)),
            (b"o:*:x->f->g", key(b"o:", b":x", Some(b"f->g"))),
            (b"*->", key(b"", b"->", None)),
            (b"->*", key(b"->", b"", None)),
            (b"a\0*", Pattern::Nothing),
        ];
        for (text, expected) in cases {
            assert_eq!(Pattern::read(text), expected, "{}", text.escape_ascii());
        }
    }
}
