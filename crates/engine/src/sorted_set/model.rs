//! Random operations on a sorted set against a `BTreeMap` of scores and a sorted vector.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::*;
use crate::seeded::{Random, for_seeds};

type Model = BTreeMap<Vec<u8>, f64>;

fn limits(entries_max: usize, value_max: usize) -> PackedLimits {
    PackedLimits { entries_max, value_max }
}

fn sorted(model: &Model) -> Vec<(&[u8], f64)> {
    let mut all: Vec<_> = model.iter().map(|(member, score)| (&member[..], *score)).collect();
    all.sort_by(|a, b| a.1.partial_cmp(&b.1).unwrap().then(a.0.cmp(b.0)));
    all
}

fn check(set: &SortedSet, model: &Model, random: &mut Random) {
    let (set, wanted) = (set.as_ref(), sorted(model));
    assert_eq!((set.len(), set.is_empty()), (wanted.len(), wanted.is_empty()));
    if let SortedSetRef::Indexed(it) = set {
        it.check();
    }
    assert!(set.iter().eq(wanted.iter().copied()));
    assert!(set.range(0..set.len(), Order::Falling).eq(wanted.iter().rev().copied()));
    for (rank, &(member, score)) in wanted.iter().enumerate() {
        assert_eq!(set.rank(member), Some((rank, score)));
        assert_eq!((set.at(rank), set.score(member)), ((member, score), Some(score)));
    }
    let mut scanned = BTreeMap::new();
    let mut cursor = 0;
    loop {
        let mut visit = |member: &[u8], score| {
            scanned.insert(member.to_vec(), score);
        };
        cursor = set.scan(cursor, 7, &mut visit);
        if cursor == 0 {
            break;
        }
    }
    assert_eq!(&scanned, model);
    for _ in 0..20 {
        check_range(set, &wanted, random);
    }
}

fn check_range(set: SortedSetRef<'_>, wanted: &[(&[u8], f64)], random: &mut Random) {
    let (a, b) = (random.below(wanted.len() + 1), random.below(wanted.len() + 1));
    let ranks = a.min(b)..a.max(b);
    let part = &wanted[ranks.clone()];
    let rising = set.range(ranks.clone(), Order::Rising);
    assert_eq!(rising.len(), part.len());
    assert!(rising.eq(part.iter().copied()));
    assert!(set.range(ranks, Order::Falling).eq(part.iter().rev().copied()));
    let score = score(random);
    let count =
        |is_before: &dyn Fn(f64) -> bool| wanted.iter().filter(|it| is_before(it.1)).count();
    assert_eq!(set.position(Cut::BeforeScore(score)), count(&|it| it < score));
    assert_eq!(set.position(Cut::AfterScore(score)), count(&|it| it <= score));
    assert_eq!((set.position(Cut::Start), set.position(Cut::End)), (0, wanted.len()));
    let (low, high) = (Cut::BeforeScore(score), Cut::AfterScore(self::score(random)));
    let (start, end) = (set.position(low), set.position(high));
    let all = start..end.max(start);
    assert_eq!(set.between(low, high, usize::MAX), all);
    let n_max = random.below(5);
    let some = set.between(low, high, n_max);
    assert_eq!((some.start, some.len().min(n_max)), (start, all.len().min(n_max)));
}

/// Few scores, so that many are equal, and all kinds of them.
fn score(random: &mut Random) -> f64 {
    match random.below(6) {
        0 => [0.0, f64::INFINITY, f64::NEG_INFINITY, 1e300, 5e-324, -1.5][random.below(6)],
        1 => random.below(1 << 30) as f64 / 1024.0,
        _ => random.below(20) as f64 - 10.0,
    }
}

/// Stores the working copy and opens it again, as the engine does between commands.
fn reopen(set: SortedSet, limits: PackedLimits) -> SortedSet {
    SortedSet::open(set.close().0, false, limits)
}

#[test]
fn a_sorted_set_is_a_map_in_order_of_its_values() {
    for_seeds(60, |random| {
        let limits =
            limits([0, 5, 128, 100_000][random.below(4)], [0, 8, 64, 70_000][random.below(4)]);
        let n_members_max = if random.one_in(4) { 5000 } else { 300 };
        let n_members = 1 + random.below(n_members_max);
        let len_max = [3, 20, 90, 700][random.below(4)];
        let members: Vec<_> = (0..n_members).map(|_| random.bytes(len_max)).collect();
        let n_steps = if cfg!(miri) { 150 } else { 8000 };
        run(random, limits, &members, n_steps);
    });
}

fn run(random: &mut Random, limits: PackedLimits, members: &[Vec<u8>], n_steps: usize) {
    let mut set = SortedSet::empty(vec![7; 9], limits);
    let mut model = Model::new();
    for step in 0..n_steps {
        // Phases of growth and of decline.
        let is_growing = (step * 3 / n_steps).is_multiple_of(2);
        let member = &members[random.below(members.len())];
        if random.one_in(3) == is_growing {
            assert_eq!(set.remove(member), model.remove(member).is_some());
        } else if random.one_in(400) {
            remove_range(&mut set, &mut model, random);
        } else {
            let score = score(random);
            assert_eq!(set.insert(member, score), model.insert(member.clone(), score));
        }
        set = reopen(set, limits);
        if step % 1000 == 0 {
            check(&set, &model, random);
        }
    }
    check(&set, &model, random);
    if let SortedSetRepr::Indexed(it) = &set.repr {
        let copy = it.clone();
        copy.check();
        assert!(copy.rising(0, copy.len()).eq(it.rising(0, it.len())));
    }
    for member in members {
        assert_eq!(set.remove(member), model.remove(member).is_some());
    }
    check(&set, &model, random);
}

fn remove_range(set: &mut SortedSet, model: &mut Model, random: &mut Random) {
    let (a, b) = (random.below(set.len() + 1), random.below(set.len() + 1));
    let ranks = a.min(b)..a.max(b);
    let gone: Vec<Vec<u8>> =
        set.as_ref().range(ranks.clone(), Order::Rising).map(|it| it.0.to_vec()).collect();
    set.remove_range(ranks);
    for it in &gone {
        assert!(model.remove(it).is_some());
    }
}

/// Enough members for three levels of nodes, which come and go in order and at random.
#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn a_tree_of_several_levels_grows_and_shrinks() {
    for_seeds(4, |random| {
        let is_ordered = random.one_in(2);
        let mut members: Vec<u32> = (0..60_000).collect();
        let mut set = SortedSet::empty(Vec::new(), limits(0, 0));
        let name = |it: u32| format!("member:{it:06}").into_bytes();
        if !is_ordered {
            shuffle(&mut members, random);
        }
        for it in &members {
            assert!(set.insert(&name(*it), f64::from(*it / 3)).is_none());
        }
        let SortedSetRepr::Indexed(tree) = &set.repr else { panic!("it is indexed") };
        tree.check();
        assert!(set.as_ref().iter().map(|it| it.0.to_vec()).eq((0..60_000).map(name)));
        if random.one_in(2) {
            shuffle(&mut members, random);
        }
        for (nth, it) in members.iter().enumerate() {
            assert!(set.remove(&name(*it)));
            if nth % 7000 == 0 || nth + 1 == members.len() {
                let SortedSetRepr::Indexed(tree) = &set.repr else { panic!("it stays indexed") };
                tree.check();
            }
        }
        let SortedSetRepr::Indexed(tree) = &set.repr else { panic!("it stays indexed") };
        assert!(tree.heap_bytes() < 20_000, "{} bytes are left", tree.heap_bytes());
    });
}

fn shuffle(members: &mut [u32], random: &mut Random) {
    for at in (1..members.len()).rev() {
        members.swap(at, random.below(at + 1));
    }
}

/// A million members of sixteen bytes: what the memory goal is about, on a tenth of it.
#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn a_member_of_sixteen_bytes_takes_less_than_fifty_seven() {
    for_seeds(1, |random| {
        let mut set = SortedSet::empty(Vec::new(), limits(0, 0));
        for it in 0..100_000 {
            set.insert(format!("member:{it:09}").as_bytes(), random.below(1 << 40) as f64 / 7.0);
        }
        let SortedSetRepr::Indexed(tree) = &set.repr else { panic!("it is indexed") };
        let each = tree.heap_bytes() / 100_000;
        assert!(BYTES_EACH.contains(&each), "{each} bytes each");
    });
}

const BYTES_EACH: RangeInclusive<usize> = 40..=56;

#[test]
fn each_threshold_turns_a_packed_set_into_an_indexed_one() {
    let open = || SortedSet::empty(Vec::new(), limits(3, 5));
    let mut set = open();
    for member in [b"a", b"b", b"12345".first_chunk::<1>().unwrap()] {
        assert!(set.insert(member, 1.0).is_none() && set.as_ref().is_packed());
    }
    assert!(set.insert(b"a", 2.0).is_some() && set.as_ref().is_packed());
    assert!(set.insert(b"d", 2.0).is_none() && !set.as_ref().is_packed());
    assert!(set.remove(b"d") && !set.as_ref().is_packed());
    let mut set = open();
    set.insert(b"12345", 0.0);
    assert!(set.as_ref().is_packed());
    set.insert(b"123456", 0.0);
    assert!(!set.as_ref().is_packed());
    let mut set = open();
    set.expect(3, 5);
    assert!(set.as_ref().is_packed());
    set.expect(4, 0);
    assert!(!set.as_ref().is_packed() && set.is_empty());
}

#[test]
fn ranges_of_equal_scores_are_in_order_of_bytes() {
    for_seeds(10, |random| {
        let limits = limits([0, 1000][random.below(2)], 100);
        let mut set = SortedSet::empty(Vec::new(), limits);
        let members: BTreeSet<Vec<u8>> = (0..600).map(|_| random.bytes(3)).collect();
        for it in &members {
            assert!(set.insert(it, 0.0).is_none());
        }
        for _ in 0..100 {
            let cut = random.bytes(3);
            let before = members.iter().filter(|it| **it < cut).count();
            let upto = before + usize::from(members.contains(&cut));
            assert_eq!(set.as_ref().position(Cut::BeforeMember(&cut)), before);
            assert_eq!(set.as_ref().position(Cut::AfterMember(&cut)), upto);
        }
    });
}

#[test]
fn a_packed_set_keeps_any_score_bit_for_bit() {
    let mut set = SortedSet::empty(Vec::new(), limits(1000, 1000));
    let scores = [0.0, 1.0, -1.0, 0.1, f64::MAX, f64::MIN_POSITIVE, 1e-310, f64::INFINITY];
    for (nth, score) in scores.iter().enumerate() {
        set.insert(&vec![nth as u8; nth * 9], *score);
    }
    for (nth, score) in scores.iter().enumerate() {
        let kept = set.as_ref().score(&vec![nth as u8; nth * 9]).unwrap();
        assert_eq!(kept.to_bits(), score.to_bits());
    }
    set.insert(b"negative", -0.0);
    assert!(set.as_ref().score(b"negative").unwrap().is_sign_positive());
}

/// Whatever is present from the first step to the last is visited, though scores change and
/// others come and go between the steps.
#[test]
fn a_scan_misses_nothing_that_stays() {
    for_seeds(10, |random| {
        let mut set = SortedSet::empty(Vec::new(), limits(0, 0));
        let n_staying = if cfg!(miri) { 50 } else { 3000 };
        let staying: BTreeSet<_> = (0..n_staying).map(|it| format!("stays:{it}")).collect();
        let n_crowd = 1 + random.below(10_000);
        for it in &staying {
            set.insert(it.as_bytes(), score(random));
        }
        let (mut visited, mut cursor) = (BTreeSet::new(), 0);
        loop {
            let count = 1 + random.below(400);
            cursor = set.as_ref().scan(cursor, count, &mut |member, _| {
                visited.insert(String::from_utf8(member.to_vec()).unwrap());
            });
            if cursor == 0 {
                break;
            }
            for _ in 0..random.below(500) {
                let member = format!("comes:{}", random.below(n_crowd));
                match random.below(3) {
                    0 => drop(set.remove(member.as_bytes())),
                    _ => drop(set.insert(member.as_bytes(), score(random))),
                }
                let stays = format!("stays:{}", random.below(n_staying));
                set.insert(stays.as_bytes(), score(random));
            }
        }
        assert!(staying.is_subset(&visited));
    });
}
