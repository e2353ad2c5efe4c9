//! Random operations on a set against a `BTreeSet`.

use std::collections::BTreeSet;

use super::*;
use crate::seeded::{Random, for_seeds};

type Model = BTreeSet<Vec<u8>>;

fn limits(integers_max: usize, entries_max: usize, value_max: usize) -> SetLimits {
    SetLimits { integers_max, entries_max, value_max }
}

fn members(set: SetRef<'_>) -> Vec<Vec<u8>> {
    set.iter().map(|it| it.with(<[u8]>::to_vec)).collect()
}

fn check(set: &Set, model: &Model) {
    let set_ref = set.as_ref();
    assert_eq!((set.len(), set.is_empty()), (model.len(), model.is_empty()));
    assert_eq!(set_ref.iter().len(), model.len());
    let found = members(set_ref);
    for (index, member) in found.iter().enumerate() {
        assert_eq!(&set_ref.at(index).with(<[u8]>::to_vec), member);
        assert!(set_ref.contains(member) && set_ref.has(set_ref.at(index)));
    }
    assert_eq!(&found.into_iter().collect::<Model>(), model);
    if let SetRef::Indexed(it) = set_ref {
        it.check_books();
    }
}

/// Stores the working copy and opens it again, as the engine does between commands.
fn reopen(set: Set, limits: SetLimits) -> Set {
    let (repr, mark) = set.close();
    Set::open(repr, mark, limits)
}

/// Mostly integers, mostly other bytes, or nothing but integers.
fn pool(random: &mut Random) -> Vec<Vec<u8>> {
    let n_max = if random.one_in(3) { 4000 } else { 150 };
    let n = 1 + random.below(n_max);
    let len_max = [3, 20, 90][random.below(3)];
    let integers_in = [1, 2, 10][random.below(3)];
    let width = 8 + random.below(56);
    (0..n)
        .map(|_| {
            if random.one_in(integers_in) {
                ((random.next() as i64) >> (64 - width)).to_string().into_bytes()
            } else {
                random.bytes(len_max)
            }
        })
        .collect()
}

#[test]
fn a_set_is_a_set() {
    for_seeds(80, |random| {
        let limits = limits(
            [0, 5, 512, 10_000][random.below(4)],
            [0, 5, 128, 100_000][random.below(4)],
            [0, 8, 64, 70_000][random.below(4)],
        );
        let pool = pool(random);
        let n_steps: usize = if cfg!(miri) { 100 } else { 4000 };
        let (mut set, mut model) = (Set::empty(vec![7; 9], limits), Model::new());
        for step in 0..n_steps {
            // Phases of growth and of decline.
            let is_growing = (step * 3 / n_steps).is_multiple_of(2);
            let member = &pool[random.below(pool.len())];
            if random.one_in(3) == is_growing {
                assert_eq!(set.remove(Member::Bytes(member)), model.remove(member));
            } else {
                assert_eq!(set.add(Member::Bytes(member)), model.insert(member.clone()));
            }
            assert_eq!(set.as_ref().contains(member), model.contains(member));
            set = reopen(set, limits);
            if step % 500 == 0 {
                check(&set, &model);
            }
        }
        check(&set, &model);
        pop_all(random, set, model);
    });
}

/// Takes everything out at random, one by one and many at a time.
fn pop_all(random: &mut Random, mut set: Set, mut model: Model) {
    let mut rng = fastrand::Rng::with_seed(random.next());
    while !model.is_empty() {
        if random.one_in(2) {
            set.pop(&mut rng, |it| assert!(it.with(|it| model.remove(it))));
        } else {
            let n = random.below(model.len().min(200));
            let before = model.len();
            set.pop_many(n, &mut rng, |it| assert!(it.with(|it| model.remove(it))));
            assert_eq!(before - model.len(), n);
            if random.one_in(2) {
                set.remake();
            }
        }
        if model.len() < 300 || random.one_in(10) {
            check(&set, &model);
        }
    }
    assert!(set.is_empty());
}

#[test]
fn encodings_change_where_the_thresholds_say() {
    use SetEncoding::{Indexed, Integers, Packed};
    let made = |limits, words: &str| {
        let mut set = Set::new(limits);
        for word in words.split(' ') {
            set.add(Member::Bytes(word.as_bytes()));
        }
        reopen(set, limits).as_ref().encoding()
    };
    assert_eq!(made(limits(3, 4, 5), "1 2 3 3 -00"), Packed);
    assert_eq!(made(limits(3, 4, 5), "1 2 3 3"), Integers);
    assert_eq!(made(limits(3, 4, 5), "1 2 3 4"), Indexed);
    assert_eq!(made(limits(3, 4, 5), "1 2 3 a"), Packed);
    assert_eq!(made(limits(3, 4, 5), "1 2 3 a b"), Indexed);
    assert_eq!(made(limits(9, 4, 5), "1 2 3 4 a"), Indexed);
    assert_eq!(made(limits(9, 4, 5), "1 123456 a"), Indexed);
    assert_eq!(made(limits(9, 4, 5), "a 12345"), Packed);
    assert_eq!(made(limits(9, 4, 5), "a 123456"), Indexed);
    assert_eq!(made(limits(9, 0, 5), "a"), Indexed);
}

#[test]
fn what_is_expected_counts_as_if_it_were_there() {
    use SetEncoding::{Indexed, Integers, Packed};
    let limits = limits(3, 4, 5);
    let expecting = |first: &str, n| {
        let mut set = Set::new(limits);
        set.expect(first.as_bytes(), n);
        set.add(Member::Bytes(first.as_bytes()));
        set.as_ref().encoding()
    };
    assert_eq!(expecting("1", 3), Integers);
    assert_eq!(expecting("1", 4), Packed);
    assert_eq!(expecting("1", 5), Indexed);
    assert_eq!(expecting("a", 4), Packed);
    assert_eq!(expecting("a", 5), Indexed);
    let mut set = Set::new(limits);
    set.add(Member::Integer(1));
    set.expect(b"2", 3);
    assert_eq!(set.as_ref().encoding(), Integers);
    set.expect(b"2", 4);
    assert_eq!(set.as_ref().encoding(), Indexed);
    assert!(!set.add(Member::Integer(1)) && set.add(Member::Integer(2)));
    assert_eq!(set.as_ref().encoding(), Indexed);
}

#[test]
fn a_set_made_anew_may_be_small_again() {
    let limits = limits(3, 4, 5);
    let mut set = Set::new(limits);
    for member in ["1", "2", "3", "4", "5", "6"] {
        set.add(Member::Bytes(member.as_bytes()));
    }
    assert_eq!(set.as_ref().encoding(), SetEncoding::Indexed);
    set.pop_many(4, &mut fastrand::Rng::with_seed(1), |_| {});
    assert_eq!(set.as_ref().encoding(), SetEncoding::Indexed);
    set.remake();
    assert_eq!(set.as_ref().encoding(), SetEncoding::Packed);
    set.settle_integers();
    assert_eq!(set.as_ref().encoding(), SetEncoding::Integers);
}

#[test]
fn a_thousand_integers_take_four_bytes_each() {
    let mut set = Set::new(crate::options::Limits::default().set);
    for it in 0..1000 {
        set.add(Member::Integer(it * 1000));
    }
    assert_eq!(set.as_ref().encoding(), SetEncoding::Indexed);
    let SetRef::Integers(bytes) = set.as_ref() else { panic!("it is kept as integers") };
    assert_eq!(bytes.len(), 4002);
}

/// Every member is as likely to be popped as any other.
#[test]
fn pops_are_fair() {
    let mut rng = fastrand::Rng::with_seed(7);
    for words in ["1 2 3 4 5", "a b c d e"] {
        let mut n_popped = [0; 5];
        for _ in 0..if cfg!(miri) { 10 } else { 20_000 } {
            let mut set = Set::new(crate::options::Limits::default().set);
            assert!(words.split(' ').all(|it| set.add(Member::Bytes(it.as_bytes()))));
            set.pop_many(2, &mut rng, |member| {
                let at =
                    words.split(' ').position(|it| member.with(|member| member == it.as_bytes()));
                n_popped[at.unwrap()] += 1;
            });
        }
        if !cfg!(miri) {
            assert!(n_popped.iter().all(|it| (7600..8400).contains(it)), "{n_popped:?}");
        }
    }
}
