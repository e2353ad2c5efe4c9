//! Random operations on a sequence against a vector.

use super::*;
use crate::seeded::{Random, for_seeds};

type Model = Vec<Vec<u8>>;

/// Values whose forms are of one kind, or of all.
fn value(random: &mut Random, kind: usize) -> Vec<u8> {
    match kind {
        0 => format!("item:{:05}", random.below(100_000)).into_bytes(),
        1 => random.below(300).to_string().into_bytes(),
        2 => ((random.next() as i64) >> random.below(64)).to_string().into_bytes(),
        3 => vec![b'x'; 100],
        4 => vec![b'y'; [63, 64, 255, 256, 4095, 4096, 5000][random.below(7)]],
        5 => Vec::new(),
        6 => random.bytes(30),
        _ => {
            let kind = random.below(7);
            value(random, kind)
        }
    }
}

fn check_all(bytes: &[u8], model: &Model) {
    assert!(check(bytes));
    assert_eq!(len(bytes), model.len());
    let forward: Model = iter(bytes).map(Element::to_vec).collect();
    assert_eq!(&forward, model);
    let mut backward: Model = iter(bytes).rev().map(Element::to_vec).collect();
    backward.reverse();
    assert_eq!(&backward, model);
}

fn step(random: &mut Random, bytes: &mut Vec<u8>, model: &mut Model, kind: usize) {
    let value = value(random, kind);
    let coded = Coded::of(&value);
    let index = random.below(model.len() + 1);
    let has_entry = index < model.len();
    match random.below(9) {
        0 => {
            push_back(bytes, &coded);
            model.push(value);
        }
        1 => {
            push_front(bytes, &coded);
            model.insert(0, value);
        }
        2 | 3 => {
            insert(bytes, seek(bytes, index), &coded);
            model.insert(index, value);
        }
        4 if has_entry => {
            replace(bytes, seek(bytes, index), &coded);
            model[index] = value;
        }
        5 if has_entry => {
            let n_entries = random.below((model.len() - index).min(3) + 1);
            remove(bytes, seek(bytes, index), n_entries);
            model.drain(index..index + n_entries);
        }
        6 if random.one_in(9) => {
            let rest = split_off(bytes, seek(bytes, index));
            let model_rest = model.split_off(index);
            check_all(bytes, model);
            check_all(&rest, &model_rest);
            append(bytes, &rest);
            model.extend(model_rest);
        }
        7 if has_entry => {
            let found = iter_from(bytes, seek(bytes, index)).next();
            assert_eq!(found.map(Element::to_vec).as_ref(), model.get(index));
        }
        _ => {
            let wanted = if has_entry { model[index].clone() } else { value };
            let coded = Coded::of(&wanted);
            let first = iter(bytes).find(&coded).map(|it| it.index);
            assert_eq!(first, model.iter().position(|it| *it == wanted));
            let last = iter(bytes).find_back(&coded).map(|it| it.index);
            assert_eq!(last, model.iter().rposition(|it| *it == wanted));
        }
    }
}

#[test]
fn a_sequence_is_a_vector() {
    for_seeds(80, |random| {
        let (mut bytes, mut model) = (vec![9; 3], Model::new());
        clear(&mut bytes);
        let mut kind = random.below(8);
        for _ in 0..if cfg!(miri) { 60 } else { 600 } {
            if random.one_in(100) {
                kind = random.below(8);
            }
            step(random, &mut bytes, &mut model, kind);
            check_all(&bytes, &model);
        }
        while !model.is_empty() {
            let index = random.below(model.len());
            let gap = seek(&bytes, index);
            remove(&mut bytes, gap, 1);
            model.remove(index);
            assert!(check(&bytes));
        }
        assert_eq!(bytes, [0; HEAD_BYTES]);
    });
}

#[test]
fn integers_survive_at_the_ends_of_every_width() {
    let mut values = vec![0, i64::MIN, i64::MAX];
    for n_bits in 0..63 {
        let power = 1_i64 << n_bits;
        values.extend([power - 1, power, power + 1, -power - 1, -power, -power + 1]);
    }
    values.extend([4095, 4096, -4096, -4097]);
    for value in values {
        let text = value.to_string();
        let coded = Coded::of(text.as_bytes());
        assert_eq!(coded.element(), Element::Int(value));
        assert_eq!(coded.element().to_vec(), text.as_bytes());
    }
}

#[test]
fn only_the_one_spelling_of_an_integer_becomes_one() {
    let others = ["", "-", "-0", "00", "01", "-01", "+1", " 1", "1 ", "1a", "9223372036854775808"];
    for text in others {
        assert_eq!(Element::of(text.as_bytes()), Element::Bytes(text.as_bytes()), "{text:?}");
    }
    let too_long = ["-9223372036854775809", "18446744073709551617", "12345678901234567890"];
    assert!(too_long.iter().all(|it| matches!(Element::of(it.as_bytes()), Element::Bytes(_))));
}

#[test]
fn entries_of_one_length_cost_their_data_and_others_a_byte_more() {
    let mut bytes = Vec::new();
    clear(&mut bytes);
    (0..100).for_each(|it| push_back(&mut bytes, &Coded::of(format!("item:{it:03}").as_bytes())));
    assert_eq!((bytes.len(), is_even(&bytes)), (4 + 100 * 8, true));
    push_back(&mut bytes, &Coded::of(b"another"));
    assert_eq!((bytes.len(), is_even(&bytes)), (4 + 100 * 9 + 8 + 1, false));
}

#[test]
fn what_passes_the_check_can_be_walked() {
    for_seeds(300, |random| {
        let mut bytes = Vec::new();
        clear(&mut bytes);
        let kind = random.below(8);
        for _ in 0..random.below(20) {
            let value = value(random, kind);
            push_back(&mut bytes, &Coded::of(&value));
        }
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] = random.next() as u8,
                1 => bytes[at] ^= 1 << random.below(8),
                _ => bytes.truncate(at),
            }
            if bytes.is_empty() {
                break;
            }
        }
        crate::fuzzing::sequence(&bytes);
    });
}
