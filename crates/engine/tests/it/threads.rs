//! Several threads on one keyspace: no deadlock, nothing lost, everyone is woken.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tandem_engine::{
    Hash, Key, Keyspace, KeyspaceOptions, Maintenance, NewValue, Policy, Ready, SetOptions, Str,
    Ticket, View, take_ready,
};

use crate::seeded::{Random, for_seeds};

const NOW_MS: u64 = 1_700_000_000_000;
const N_ACCOUNTS: usize = 60;
const START_BALANCE: i64 = 1000;
/// A step that takes this long hangs.
const PATIENCE: Duration = Duration::from_secs(if cfg!(miri) { 600 } else { 60 });

fn keyspace(n_shards: usize) -> Keyspace {
    Keyspace::new(KeyspaceOptions {
        n_databases: 2,
        n_shards,
        policy: Policy::NoEviction,
        seed: Some(1),
        ..KeyspaceOptions::default()
    })
}

/// Runs each job on a thread of its own and fails when one hangs or panics.
fn run_all(jobs: Vec<Box<dyn FnOnce() + Send>>) {
    let (sender, receiver) = mpsc::channel();
    let n_jobs = jobs.len();
    for (number, job) in jobs.into_iter().enumerate() {
        let done = Done { number, sender: sender.clone() };
        thread::spawn(move || {
            let _done = done;
            job();
        });
    }
    for _ in 0..n_jobs {
        let (number, panicked) = receiver.recv_timeout(PATIENCE).expect("no thread hangs");
        assert!(!panicked, "thread {number} panicked");
    }
}

struct Done {
    number: usize,
    sender: mpsc::Sender<(usize, bool)>,
}

impl Drop for Done {
    fn drop(&mut self) {
        // Nobody listens any more after the first failure.
        let _ = self.sender.send((self.number, thread::panicking()));
    }
}

fn account(number: usize) -> String {
    format!("account:{number}")
}

fn balance(view: &mut View<'_>, key: Key<'_>) -> i64 {
    let text = view.get::<Str>(key).unwrap().map(|it| it.as_slice().to_vec());
    text.map_or(0, |it| str::from_utf8(&it).unwrap().parse().unwrap())
}

fn store(view: &mut View<'_>, key: Key<'_>, balance: i64) {
    let text = balance.to_string();
    view.set(key, NewValue::Copied(text.as_bytes()), SetOptions::default());
}

/// Moves money between two accounts of either database, in either order.
fn transfer(keyspace: &Keyspace, random: &mut Random) {
    let names = [account(random.below(N_ACCOUNTS)), account(random.below(N_ACCOUNTS))];
    let from = keyspace.key(random.below(2) as u32, names[0].as_bytes());
    let to = keyspace.key(random.below(2) as u32, names[1].as_bytes());
    let mut view = keyspace.view_many([from, to], NOW_MS);
    let amount = random.below(50) as i64;
    let have = balance(&mut view, from);
    store(&mut view, from, have - amount);
    let have = balance(&mut view, to);
    store(&mut view, to, have + amount);
}

/// The sum over all accounts of both databases, read at one moment.
fn total(keyspace: &Keyspace) -> i64 {
    let names: Vec<_> = (0..N_ACCOUNTS).map(account).collect();
    let keys: Vec<_> =
        (0..2).flat_map(|db| names.iter().map(move |it| (db, it))).collect::<Vec<_>>();
    let keys: Vec<_> =
        keys.into_iter().map(|(db, name)| keyspace.key(db, name.as_bytes())).collect();
    let mut view = keyspace.view_many(keys.iter().copied(), NOW_MS);
    keys.iter().map(|key| balance(&mut view, *key)).sum()
}

fn open_accounts(keyspace: &Keyspace) {
    for number in 0..N_ACCOUNTS {
        let name = account(number);
        let key = keyspace.key(0, name.as_bytes());
        store(&mut keyspace.view(key, NOW_MS), key, START_BALANCE);
    }
}

#[test]
fn transfers_conserve_the_sum_while_everything_else_goes_on() {
    for_seeds(3, |random| {
        let keyspace = Arc::new(keyspace(1 << random.below(5)));
        open_accounts(&keyspace);
        let is_over = Arc::new(AtomicBool::new(false));
        let n_left = Arc::new(AtomicU64::new(4));
        let n_steps = if cfg!(miri) { 5 } else { 30_000 };
        let mut jobs: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
        for _ in 0..4 {
            let mut random = Random::new(random.next());
            let (keyspace, is_over) = (Arc::clone(&keyspace), Arc::clone(&is_over));
            let n_left = Arc::clone(&n_left);
            jobs.push(Box::new(move || {
                (0..n_steps).for_each(|_| transfer(&keyspace, &mut random));
                if n_left.fetch_sub(1, Ordering::Relaxed) == 1 {
                    is_over.store(true, Ordering::Relaxed);
                }
            }));
        }
        // Swaps, sums, scans and background work have no part in the money.
        for _ in 0..2 {
            let mut random = Random::new(random.next());
            let (keyspace, is_over) = (Arc::clone(&keyspace), Arc::clone(&is_over));
            jobs.push(Box::new(move || {
                let mut n_looks = 0;
                while !is_over.load(Ordering::Relaxed) || n_looks < n_steps / 10 {
                    look_around(&keyspace, &mut random);
                    n_looks += 1;
                }
            }));
        }
        run_all(jobs);
        assert_eq!(total(&keyspace), N_ACCOUNTS as i64 * START_BALANCE);
    });
}

fn look_around(keyspace: &Keyspace, random: &mut Random) {
    match random.below(7) {
        0 => keyspace.swap(0, 1),
        1 => assert_eq!(total(keyspace), N_ACCOUNTS as i64 * START_BALANCE),
        2 => keyspace.for_each(0, NOW_MS, &mut |item| assert!(item.key().starts_with(b"account"))),
        3 => assert_eq!(keyspace.maintain(0, 1, NOW_MS, &mut || true), Maintenance::Done),
        4 => drop(keyspace.random_key(0, random.next(), NOW_MS)),
        5 => assert!(keyspace.stats().n_items <= 2 * N_ACCOUNTS as u64),
        _ => {
            let name = account(random.below(N_ACCOUNTS));
            let hash = keyspace.hash(name.as_bytes());
            keyspace.prefetch_slot(0, hash);
            keyspace.prefetch_item(0, hash);
        }
    }
}

#[test]
fn many_locks_in_any_order_make_no_ring() {
    let keyspace = Arc::new(keyspace(8));
    let n_steps = if cfg!(miri) { 3 } else { 2000 };
    let jobs = (0..6).map(|seed| {
        let keyspace = Arc::clone(&keyspace);
        let job: Box<dyn FnOnce() + Send> = Box::new(move || {
            let mut random = Random::new(seed);
            for _ in 0..n_steps {
                let names: Vec<_> = (0..=random.below(12)).map(|_| random.below(40)).collect();
                let names: Vec<_> = names.into_iter().map(account).collect();
                let keys: Vec<_> = names
                    .iter()
                    .map(|it| keyspace.key(it.len() as u32 % 2, it.as_bytes()))
                    .collect();
                let mut view = keyspace.view_many(keys.iter().copied(), NOW_MS);
                for key in &keys {
                    let have = balance(&mut view, *key);
                    store(&mut view, *key, have + 1);
                }
                drop(view);
                if random.one_in(500) {
                    keyspace.flush_all();
                }
            }
        });
        job
    });
    run_all(jobs.collect());
}

/// Takes any one field out of a hash: a queue of jobs without order.
fn pop(view: &mut View<'_>, key: Key<'_>) -> Option<u64> {
    let field = view.get::<Hash>(key).unwrap()?.at(0).0.to_vec();
    assert!(view.edit::<Hash>(key).unwrap()?.remove(&field));
    Some(str::from_utf8(&field).unwrap().parse().unwrap())
}

/// Where one consumer stands. Locked before the queue's shard by whoever serves him, and inside it
/// by himself, when nobody can know of him yet.
#[derive(Default)]
enum Place {
    #[default]
    Away,
    Waiting(Ticket),
    Served(u64),
}

type Places = Vec<Mutex<Place>>;

/// Gives what was written to those who wait, in their order.
fn serve(keyspace: &Keyspace, places: &Places) {
    for note in take_ready() {
        let Ready::Written(key) = note else { panic!("no databases are exchanged here") };
        let mut turn = None;
        while let Some((next, who)) = keyspace.next_waiter(key.as_key(), turn) {
            turn = Some(next);
            let mut place = places[who as usize].lock().unwrap();
            let Place::Waiting(ticket) = *place else { continue };
            let mut view = keyspace.view(key.as_key(), NOW_MS);
            let Some(job) = pop(&mut view, key.as_key()) else { break };
            view.stop_waiting(key.as_key(), ticket);
            *place = Place::Served(job);
        }
    }
}

/// Takes jobs until the last one, waiting while there is none; returns their sum. Who has no
/// patience may leave for good while he waits.
fn consume(
    keyspace: &Keyspace,
    places: &Places,
    me: usize,
    patience: Patience,
    random: &mut Random,
) -> u64 {
    let key = keyspace.key(0, b"jobs");
    let mut sum = 0;
    loop {
        let mut view = keyspace.view(key, NOW_MS);
        let job = pop(&mut view, key);
        if job.is_none() {
            let ticket = view.wait(key, me as u64).expect("there is room");
            *places[me].lock().unwrap() = Place::Waiting(ticket);
        }
        drop(view);
        serve(keyspace, places);
        let may_leave = patience == Patience::Short && random.one_in(10);
        match job.or_else(|| wait(keyspace, key, &places[me], may_leave)) {
            Some(job) if job < LAST_JOB => sum += job,
            _ => return sum,
        }
    }
}

/// The job that somebody serves. `None` when he leaves first.
fn wait(keyspace: &Keyspace, key: Key<'_>, place: &Mutex<Place>, may_leave: bool) -> Option<u64> {
    loop {
        let mut place = place.lock().unwrap();
        match *place {
            Place::Served(job) => {
                *place = Place::Away;
                return Some(job);
            }
            Place::Waiting(ticket) if may_leave => {
                keyspace.view(key, NOW_MS).stop_waiting(key, ticket);
                *place = Place::Away;
                return None;
            }
            _ => {}
        }
        drop(place);
        thread::yield_now();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Patience {
    Short,
    Endless,
}

/// Jobs from here on end the one that takes them.
const LAST_JOB: u64 = 1_000_000_000;

#[test]
fn every_job_reaches_one_who_waits() {
    for_seeds(3, |random| {
        let keyspace = Arc::new(keyspace(4));
        let (n_impatient, n_jobs) = if cfg!(miri) { (2, 10) } else { (6, 5000) };
        let sum = Arc::new(AtomicU64::new(0));
        let places: Arc<Places> = Arc::new((0..=n_impatient).map(|_| Mutex::default()).collect());
        let mut jobs: Vec<Box<dyn FnOnce() + Send>> = Vec::new();
        let patience = (0..n_impatient).map(|_| Patience::Short).chain([Patience::Endless]);
        for (me, patience) in patience.enumerate() {
            let (keyspace, places) = (Arc::clone(&keyspace), Arc::clone(&places));
            let sum = Arc::clone(&sum);
            let mut random = Random::new(random.next());
            jobs.push(Box::new(move || {
                let taken = consume(&keyspace, &places, me, patience, &mut random);
                sum.fetch_add(taken, Ordering::Relaxed);
            }));
        }
        let producer = Arc::clone(&keyspace);
        jobs.push(Box::new(move || {
            let key = producer.key(0, b"jobs");
            // Some of the impatient may be left at the end.
            let last = (0..=n_impatient as u64).map(|it| LAST_JOB + it);
            for job in (1..=n_jobs).chain(last) {
                let mut view = producer.view(key, NOW_MS);
                let mut hash = view.edit_or_create::<Hash>(key).unwrap();
                hash.set(job.to_string().as_bytes(), b"");
                drop(hash);
                drop(view);
                serve(&producer, &places);
                if job < LAST_JOB {
                    wait_until_taken(&producer, key);
                }
            }
        }));
        run_all(jobs);
        let left = left_over(&keyspace);
        assert_eq!(sum.load(Ordering::Relaxed) + left, n_jobs * (n_jobs + 1) / 2);
        assert_eq!(keyspace.n_waited_for(), 0);
    });
}

/// Lets the queue run empty between two jobs, so that consumers wait for each. Were a note lost,
/// nobody would come for the job.
fn wait_until_taken(keyspace: &Keyspace, key: Key<'_>) {
    while keyspace.view(key, NOW_MS).peek(key).is_some() {
        thread::yield_now();
    }
}

fn left_over(keyspace: &Keyspace) -> u64 {
    let key = keyspace.key(0, b"jobs");
    let mut view = keyspace.view(key, NOW_MS);
    std::iter::from_fn(|| pop(&mut view, key)).filter(|job| *job < LAST_JOB).sum()
}
