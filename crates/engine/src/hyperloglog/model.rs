//! A HyperLogLog is the highest rank that each register was raised to, in either form.

use super::element::place;
use super::registers::N_REGISTERS;
use super::{HyperLogLog, HyperLogLogMut, Registers};
use crate::error::Error;
use crate::seeded::for_seeds;
use crate::string::Str;

fn new(sparse_bytes_max: usize) -> Str {
    let mut string = Str::default();
    HyperLogLogMut::create(&mut string, sparse_bytes_max);
    string
}

fn add(string: &mut Str, sparse_bytes_max: usize, element: &[u8]) -> bool {
    HyperLogLogMut::open(string, sparse_bytes_max).unwrap().add(element).unwrap()
}

fn registers(string: &Str) -> Vec<u8> {
    HyperLogLog::read(string).unwrap().registers().unwrap().iter().collect()
}

#[test]
fn both_forms_hold_the_highest_ranks() {
    for_seeds(12, |random| {
        let bytes_max = [18, 40, 1000, 3000, 30_000][random.below(5)];
        let (mut string, mut model) = (new(bytes_max), vec![0; N_REGISTERS]);
        let n_elements = if cfg!(miri) { 20 } else { 1 + random.below(4000) };
        let mut was_dense = false;
        for n in 0..n_elements {
            let element = random.next().to_le_bytes();
            let (index, rank) = place(&element);
            let is_higher = model[index] < rank;
            model[index] = rank.max(model[index]);
            assert_eq!(add(&mut string, bytes_max, &element), is_higher);
            assert!(!add(&mut string, bytes_max, &element), "it was added before");
            let now = HyperLogLog::read(&string).unwrap();
            assert!(now.is_dense() || string.len() <= bytes_max);
            assert!(now.is_dense() || !was_dense, "dense ones stay dense");
            was_dense = now.is_dense();
            if n % 64 == 0 {
                assert_eq!(registers(&string), model);
            }
        }
        assert_eq!(registers(&string), model);
        let estimate = HyperLogLog::read(&string).unwrap().estimate().unwrap();
        let error = estimate.abs_diff(n_elements as u64) as f64 / n_elements as f64;
        assert!(error < 0.05, "{estimate} of {n_elements}");
        let mut sketch = HyperLogLogMut::open(&mut string, bytes_max).unwrap();
        assert_eq!(sketch.make_dense().unwrap(), !was_dense);
        assert_eq!(registers(&string), model);
    });
}

#[test]
fn joined_ones_hold_what_each_held() {
    for_seeds(8, |random| {
        let (mut all, mut parts) = (new(3000), Vec::new());
        for _ in 0..3 {
            let mut part = new(3000);
            for _ in 0..random.below(if cfg!(miri) { 10 } else { 1500 }) {
                let element = random.next().to_le_bytes();
                add(&mut part, 3000, &element);
                add(&mut all, 3000, &element);
            }
            parts.push(part);
        }
        let mut joined = Registers::default();
        for part in &parts {
            joined.raise(HyperLogLog::read(part).unwrap()).unwrap();
        }
        assert!(joined.iter().eq(registers(&all)));
        HyperLogLogMut::open(&mut parts[0], 3000).unwrap().raise(&joined).unwrap();
        assert_eq!(registers(&parts[0]), registers(&all));
    });
}

/// What Redis has after PFADD of the same elements.
#[test]
fn the_bytes_are_those_of_redis() {
    let mut string = new(3000);
    assert_eq!(&string[16..], [0x7F, 0xFF]);
    add(&mut string, 3000, b"x");
    assert_eq!(&*string, b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80\x7F\xF5\x84\x08");
    HyperLogLogMut::open(&mut string, 3000).unwrap().keep_estimate(1);
    assert_eq!(HyperLogLog::read(&string).unwrap().kept_estimate(), Some(1));
    for element in ["y", "z", "w"] {
        add(&mut string, 3000, element.as_bytes());
    }
    assert_eq!(&string[..16], b"HYLL\x01\0\0\0\x01\0\0\0\0\0\0\x80");
    assert_eq!(&string[16..], b"PG\x84Q;\x80X\xCD\x88E\xA0\x84\x08");
    assert_eq!(HyperLogLog::read(&string).unwrap().kept_estimate(), None);
}

#[test]
fn what_clients_wrote_is_checked() {
    let header = b"HYLL\x01\0\0\0\0\0\0\0\0\0\0\x80";
    let is_one = |bytes: &[u8]| HyperLogLog::read(bytes).map(|_| ());
    assert_eq!(is_one(b""), Err(Error::NotHyperLogLog));
    assert_eq!(is_one(&header[..15]), Err(Error::NotHyperLogLog));
    assert_eq!(is_one(b"HYLL\0\0\0\0\0\0\0\0\0\0\0\x80"), Err(Error::NotHyperLogLog));
    assert_eq!(is_one(b"HYLL\x02\0\0\0\0\0\0\0\0\0\0\x80"), Err(Error::NotHyperLogLog));
    for body in [&b""[..], b"\x7F", b"\x7F\xFF\0", b"\x7F\xFE", b"\xFF\x7F\xFF"] {
        let bytes = [header, body].concat();
        let estimate = HyperLogLog::read(&bytes).unwrap().estimate();
        assert_eq!(estimate, Err(Error::CorruptHyperLogLog), "{body:?}");
    }
    let mut string = Str::default();
    string.append(&[header, &b"\x7F"[..]].concat());
    let added = HyperLogLogMut::open(&mut string, 3000).unwrap().add(b"x");
    assert_eq!(added, Err(Error::CorruptHyperLogLog));
}
