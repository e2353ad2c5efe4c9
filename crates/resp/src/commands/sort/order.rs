//! The order that elements are brought into.

use std::cmp::Ordering;

use crate::double;
use crate::error::Error;

/// Byte strings in one run of memory.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Texts {
    pub(super) fn push(&mut self, text: &[u8]) {
        self.bytes.extend_from_slice(text);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn get(&self, index: usize) -> &[u8] {
        let start = index.checked_sub(1).map_or(0, |it| self.ends[it]);
        &self.bytes[start..self.ends[index]]
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.len()).map(|it| self.get(it))
    }
}

/// How weights are compared.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    pub(super) is_descending: bool,
    /// As texts, and not as numbers.
    pub(super) is_alpha: bool,
    /// A stored result does not depend on a locale, whose texts end at a zero byte.
    pub(super) is_stored: bool,
}

/// The indexes of elements in the order of their weights; what has none comes first, or counts 0.
pub(super) fn sort<'t>(
    elements: &Texts,
    weight: impl Fn(usize) -> Option<&'t [u8]>,
    how: How,
) -> Result<Vec<usize>, Error> {
    let mut order: Vec<usize> = (0..elements.len()).collect();
    let directed = |it: Ordering| if how.is_descending { it.reverse() } else { it };
    if how.is_alpha {
        let text =
            |it: usize| weight(it).map(|text| if how.is_stored { text } else { collated(text) });
        order.sort_by(|a, b| directed(text(*a).cmp(&text(*b))));
        return Ok(order);
    }
    let numbers = (0..elements.len()).map(|it| weight(it).map_or(Some(0.0), double::parse_weight));
    let numbers: Option<Vec<f64>> = numbers.collect();
    let refusal = "ERR One or more scores can't be converted into double";
    let numbers = numbers.ok_or(Error::said(refusal))?;
    order.sort_by(|a, b| {
        let by_number = numbers[*a].partial_cmp(&numbers[*b]).unwrap_or(Ordering::Equal);
        directed(by_number.then_with(|| elements.get(*a).cmp(elements.get(*b))))
    });
    Ok(order)
}

/// What C compares of a text.
fn collated(text: &[u8]) -> &[u8] {
    text.split(|byte| *byte == 0).next().unwrap_or_default()
}
