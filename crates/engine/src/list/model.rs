//! Random operations on a list against a `VecDeque`.

use std::collections::VecDeque;

use super::*;
use crate::seeded::{Random, for_seeds};

type Model = VecDeque<Vec<u8>>;

fn open(limit: i32) -> List {
    List::open(Repr::Small(Vec::new()), false, limit)
}

/// Stores the working copy and opens it again, as the engine does between commands.
fn reopen(list: List, limit: i32) -> List {
    if list.is_empty() { open(limit) } else { List::open(list.close().0, false, limit) }
}

fn check(list: &List, model: &Model) {
    let list_ref = list.as_ref();
    assert_eq!(list.len(), model.len());
    let forward: Model = list_ref.iter().map(Element::to_vec).collect();
    assert_eq!(&forward, model);
    let end = model.len().wrapping_sub(1);
    let backward: Vec<_> = list_ref.iter_from(end, End::Front).map(Element::to_vec).collect();
    assert!(backward.iter().eq(model.iter().rev()));
    match &list.repr {
        ListRepr::Packed(run) => assert!(sequence::check(run) && run.len() <= PACKED_BYTES_MAX),
        ListRepr::Quick(it) => it.check_books(),
    }
    if list_ref.is_listpack() {
        let bytes: usize = list_ref.iter().map(listpack::entry_bytes).sum();
        let counted = match &list.repr {
            ListRepr::Packed(run) => listpack::bytes_of(run),
            ListRepr::Quick(it) => it.listpack_bytes(),
        };
        assert_eq!(counted, bytes + listpack::HEAD_BYTES);
    }
}

fn value(random: &mut Random, len_max: usize) -> Vec<u8> {
    match random.below(4) {
        0 => ((random.next() as i64) >> random.below(64)).to_string().into_bytes(),
        1 => format!("item:{:04}", random.below(30)).into_bytes(),
        2 if random.one_in(20) => vec![b'x'; random.below(len_max * 40 + 1)],
        _ => random.bytes(len_max),
    }
}

fn any_end(random: &mut Random) -> End {
    if random.one_in(2) { End::Front } else { End::Back }
}

fn grow(random: &mut Random, list: &mut List, model: &mut Model, len_max: usize) {
    let bytes = value(random, len_max);
    let value = NewValue::Copied(&bytes);
    if list.outgrows(1, bytes.len()) {
        list.split();
    }
    let index = random.below(model.len() + 1);
    match random.below(4) {
        0 if index < model.len() => {
            list.insert(index, Side::After, &value);
            model.insert(index + 1, bytes);
        }
        1 if index < model.len() => {
            list.insert(index, Side::Before, &value);
            model.insert(index, bytes);
        }
        2 if index < model.len() => {
            list.set(index, &value);
            model[index] = bytes;
        }
        _ => match any_end(random) {
            End::Front => {
                list.push(&value, End::Front);
                model.push_front(bytes);
            }
            End::Back => {
                list.push(&value, End::Back);
                model.push_back(bytes);
            }
        },
    }
}

fn shrink(random: &mut Random, list: &mut List, model: &mut Model) {
    let index = random.below(model.len() + 1);
    match random.below(6) {
        0 => {
            let n_elements = random.below(20).min(model.len() - index);
            list.remove(index, n_elements);
            model.drain(index..index + n_elements);
        }
        1 if index < model.len() => {
            let (wanted, from) = (model[index].clone(), any_end(random));
            let n_max = 1 + random.below(3);
            let n_gone = list.remove_equal(&wanted, n_max, from);
            for n in 0..n_max {
                let found = match from {
                    End::Front => model.iter().position(|it| *it == wanted),
                    End::Back => model.iter().rposition(|it| *it == wanted),
                };
                assert_eq!(found.is_some(), n < n_gone);
                found.map(|it| model.remove(it));
            }
        }
        2 => {
            let (from, to) = (any_end(random), any_end(random));
            let popped = list.rotate(from, to).map(|it| it.bytes.to_vec());
            let expected = pop(model, from);
            assert_eq!(popped, expected);
            match (expected, to) {
                (Some(it), End::Front) => model.push_front(it),
                (Some(it), End::Back) => model.push_back(it),
                (None, _) => {}
            }
        }
        _ => {
            let end = any_end(random);
            assert_eq!(list.pop(end).map(|it| it.bytes.to_vec()), pop(model, end));
        }
    }
}

fn pop(model: &mut Model, end: End) -> Option<Vec<u8>> {
    if end == End::Front { model.pop_front() } else { model.pop_back() }
}

#[test]
fn a_list_is_a_deque() {
    for_seeds(60, |random| {
        let limit = [-2, -1, -5, 1, 3, 50, 100_000][random.below(7)];
        let len_max = [3, 20, 90, 300][random.below(4)];
        let n_steps: usize = if cfg!(miri) { 100 } else { 3000 };
        let (mut list, mut model) = (open(limit), Model::new());
        for step in 0..n_steps {
            // Phases of growth and of decline.
            let is_growing = (step * 3 / n_steps).is_multiple_of(2);
            if random.one_in(3) == is_growing {
                shrink(random, &mut list, &mut model);
            } else {
                grow(random, &mut list, &mut model, len_max);
            }
            let index = random.below(model.len() + 1);
            let found = list.as_ref().get(index).map(Element::to_vec);
            assert_eq!(found.as_ref(), model.get(index));
            list = reopen(list, limit);
            if step % 250 == 0 {
                check(&list, &model);
            }
        }
        check(&list, &model);
        let mut copy = match &list.repr {
            ListRepr::Quick(it) => ListRepr::Quick(it.clone()),
            ListRepr::Packed(it) => ListRepr::Packed(it.clone()),
        };
        std::mem::swap(&mut list.repr, &mut copy);
        check(&list, &model);
        while !model.is_empty() {
            shrink(random, &mut list, &mut model);
        }
        check(&list, &model);
    });
}

#[test]
fn a_list_becomes_a_quicklist_beyond_its_limit_and_a_listpack_at_half_of_it() {
    let mut list = open(4);
    let push = |list: &mut List| {
        if list.outgrows(1, 1) {
            list.split();
        }
        list.push(&NewValue::Copied(b"x"), End::Back);
        list.as_ref().is_listpack()
    };
    assert_eq!([(); 5].map(|()| push(&mut list)), [true, true, true, true, false]);
    // The second node has the fifth element.
    list.remove(0, 1);
    assert!(!list.as_ref().is_listpack());
    list.remove(3, 1);
    assert!(!list.as_ref().is_listpack(), "one node of three");
    list.remove(0, 1);
    assert!(list.as_ref().is_listpack(), "one node of two");
}

/// What is in the middle of a big list is reached and changed through few nodes.
#[test]
fn a_million_elements_are_no_burden() {
    let n_elements = if cfg!(miri) { 3000 } else { 1_000_000 };
    let mut list = open(-2);
    list.split();
    for number in 0..n_elements {
        list.push(&NewValue::Copied(format!("{number:08}").as_bytes()), End::Back);
    }
    for number in 0..n_elements / 10 {
        let index = number * 7919 % n_elements;
        assert_eq!(list.as_ref().get(index).unwrap().to_vec(), format!("{index:08}").as_bytes());
    }
    for number in 0..n_elements / 100 {
        let index = n_elements / 2 + number;
        list.insert(index, Side::Before, &NewValue::Copied(b"in between"));
    }
    assert_eq!(list.len(), n_elements + n_elements / 100);
    list.remove(1, n_elements);
    assert_eq!(list.len(), n_elements / 100);
    let ListRepr::Quick(quick) = &list.repr else { panic!("it was split") };
    quick.check_books();
}
