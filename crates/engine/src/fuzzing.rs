//! What the fuzzer asks of forms that have no name outside of the engine.

use crate::sequence::{self, Coded, Element};

/// Takes bytes of any origin for a packed run. What passes its check is walked from both ends with
/// the same result, is found from either end, and passes again after every change.
pub fn sequence(bytes: &[u8]) {
    if !sequence::check(bytes) {
        return;
    }
    let elements: Vec<Vec<u8>> = sequence::iter(bytes).map(Element::to_vec).collect();
    let backward = sequence::iter(bytes).rev().map(Element::to_vec);
    assert_eq!(sequence::len(bytes), elements.len());
    assert!(backward.eq(elements.iter().rev().cloned()));
    // Entries of no bytes can be very many, and each is compared with all.
    let n_looked_at = (1 << 12) / (elements.len() + 1) + 1;
    let step = elements.len() / n_looked_at + 1;
    for (index, element) in elements.iter().enumerate().step_by(step) {
        let gap = sequence::seek(bytes, index);
        let from = sequence::iter_from(bytes, gap).map(Element::to_vec);
        assert!(from.eq(elements[index..].iter().cloned()));
        let coded = Coded::of(element);
        let first = sequence::iter(bytes).find(&coded).map(|it| it.index);
        assert!(first.is_some_and(|it| it <= index));
        let last = sequence::iter(bytes).find_back(&coded).map(|it| it.index);
        assert!(last.is_some_and(|it| index <= it));
        change(bytes, &elements, index);
    }
}

fn change(bytes: &[u8], elements: &[Vec<u8>], index: usize) {
    let gap = sequence::seek(bytes, index);
    let other = Coded::of(b"another");
    let mut changed = bytes.to_vec();
    sequence::replace(&mut changed, gap, &other);
    let mut expected = elements.to_vec();
    expected[index] = b"another".to_vec();
    check(&changed, &expected);

    changed = bytes.to_vec();
    sequence::insert(&mut changed, gap, &other);
    expected.insert(index + 1, elements[index].clone());
    check(&changed, &expected);

    changed = bytes.to_vec();
    sequence::remove(&mut changed, gap, 1);
    let mut expected = elements.to_vec();
    expected.remove(index);
    check(&changed, &expected);

    changed = bytes.to_vec();
    let rest = sequence::split_off(&mut changed, gap);
    check(&changed, &elements[..index]);
    check(&rest, &elements[index..]);
    sequence::append(&mut changed, &rest);
    check(&changed, elements);
}

fn check(bytes: &[u8], elements: &[Vec<u8>]) {
    assert!(sequence::check(bytes));
    assert!(sequence::iter(bytes).map(Element::to_vec).eq(elements.iter().cloned()));
}
