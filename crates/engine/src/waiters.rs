//! The queues of those who wait for a key to change, first come first served.
//!
//! One `Waiters` lies in each shard, behind its lock. A blocking command that finds nothing joins
//! the queue of each of its keys and sleeps. A write to a key wakes as many as it has something
//! for; they run their command again. Who then has what it wanted leaves as `Left::Served`; who
//! came too late goes back to sleep with `rearm` and keeps its turn; who times out or disconnects
//! leaves as `Left::GaveUp`, and a wake-up that it did not use goes to the next.
//!
//! All of it happens under the shard's lock, so nothing can change between a command that finds
//! nothing and its joining. Wakers are handed out, to be called after the lock is released: waking
//! another thread can be a system call.

use std::collections::{BTreeMap, BTreeSet};
use std::task::Waker;

use hashbrown::HashTable;

use crate::key::Key;

/// Most waiters of one shard. Each is a connection that sleeps on a key, so only a command over
/// an absurd number of keys gets near it.
const WAITERS_MAX: usize = 1 << 20;

/// A place in the queue of one key. It stays good until it is left; after that it does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    shard: u32,
    queue: u32,
    /// Grows with every ticket of a shard and never comes twice.
    turn: u64,
}

/// Why a waiter leaves its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It took what this key had for it.
    Served,
    /// It was served by another key, ran out of time or lost its connection.
    GaveUp,
}

/// The wait queues of one shard. A key that nobody waits for takes no memory.
#[derive(Debug)]
pub(crate) struct Waiters {
    shard: u32,
    next_turn: u64,
    n_waiting: usize,
    /// Places in `queues` by the hash of their key.
    places: HashTable<u32>,
    queues: Vec<Option<Queue>>,
    /// Places in `queues` that are free.
    free: Vec<u32>,
}

#[derive(Debug)]
struct Queue {
    hash: u64,
    db: u32,
    name: Box<[u8]>,
    /// In order of their turns.
    asleep: BTreeMap<u64, Waker>,
    /// Those who were woken and have not yet said how it went.
    woken: BTreeSet<u64>,
}

impl Waiters {
    pub(crate) fn new(shard: u32) -> Waiters {
        Waiters {
            shard,
            next_turn: 0,
            n_waiting: 0,
            places: HashTable::new(),
            queues: Vec::new(),
            free: Vec::new(),
        }
    }

    /// True when nobody waits for any key: what a write asks first.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.n_waiting == 0
    }

    /// How many wait for a key, awake ones included.
    #[cfg(test)]
    pub(crate) fn len(&self, key: Key<'_>) -> usize {
        self.place(key).map_or(0, |place| self.queue(place).map_or(0, Queue::len))
    }

    /// Queues up for a key, behind everyone who is there. `None` when the shard has no room.
    pub(crate) fn join(&mut self, key: Key<'_>, waker: &Waker) -> Option<Ticket> {
        if self.n_waiting >= WAITERS_MAX {
            return None;
        }
        let place = self.place(key).unwrap_or_else(|| self.open(key));
        let turn = self.next_turn;
        self.next_turn += 1;
        self.n_waiting += 1;
        let queue = self.queues[place as usize].as_mut().expect("the queue was just opened");
        queue.asleep.insert(turn, waker.clone());
        Some(Ticket { shard: self.shard, queue: place, turn })
    }

    /// Wakes the first `n` who sleep on a key. Their wakers go to `wakers`, in the order of their
    /// turns: call them once the lock is released.
    pub(crate) fn wake(&mut self, key: Key<'_>, n: usize, wakers: &mut Vec<Waker>) {
        if self.is_empty() {
            return;
        }
        let Some(place) = self.place(key) else { return };
        let queue = self.queues[place as usize].as_mut().expect("a place leads to a queue");
        queue.wake(n, wakers);
    }

    /// Wakes everyone and forgets them, as their keys go elsewhere (an exchange of databases).
    /// They queue up anew.
    pub(crate) fn dismiss(&mut self, wakers: &mut Vec<Waker>) {
        for queue in self.queues.iter_mut().flatten() {
            queue.wake(usize::MAX, wakers);
        }
        *self = Waiters { next_turn: self.next_turn, ..Waiters::new(self.shard) };
    }

    /// Goes back to sleep in the old turn after a wake-up that came to nothing, or sleeps on with
    /// another waker. False when the ticket was left before.
    pub(crate) fn rearm(&mut self, ticket: Ticket, waker: &Waker) -> bool {
        let Some(queue) = self.queue_of(ticket) else { return false };
        if queue.woken.remove(&ticket.turn) || queue.asleep.contains_key(&ticket.turn) {
            queue.asleep.insert(ticket.turn, waker.clone());
            return true;
        }
        false
    }

    /// Leaves a queue. An unused wake-up goes to the next in turn, whose waker goes to `wakers`.
    /// A ticket that was left before does nothing.
    pub(crate) fn leave(&mut self, ticket: Ticket, left: Left, wakers: &mut Vec<Waker>) {
        let Some(queue) = self.queue_of(ticket) else { return };
        let was_woken = queue.woken.remove(&ticket.turn);
        if !was_woken && queue.asleep.remove(&ticket.turn).is_none() {
            return;
        }
        if was_woken && left == Left::GaveUp {
            queue.wake(1, wakers);
        }
        let is_last = queue.len() == 0;
        self.n_waiting -= 1;
        if is_last {
            self.close(ticket.queue);
        }
    }

    fn place(&self, key: Key<'_>) -> Option<u32> {
        let found = self.places.find(key.hash.0, |&place| {
            self.queue(place).is_some_and(|it| it.db == key.db && *it.name == *key.name)
        });
        found.copied()
    }

    fn queue(&self, place: u32) -> Option<&Queue> {
        self.queues.get(place as usize)?.as_ref()
    }

    /// The queue of a ticket, if it is of this shard.
    fn queue_of(&mut self, ticket: Ticket) -> Option<&mut Queue> {
        if ticket.shard != self.shard {
            return None;
        }
        self.queues.get_mut(ticket.queue as usize)?.as_mut()
    }

    fn open(&mut self, key: Key<'_>) -> u32 {
        let queue = Queue {
            hash: key.hash.0,
            db: key.db,
            name: key.name.into(),
            asleep: BTreeMap::new(),
            woken: BTreeSet::new(),
        };
        let place = self.free.pop().unwrap_or_else(|| {
            self.queues.push(None);
            self.queues.len() as u32 - 1
        });
        self.queues[place as usize] = Some(queue);
        let Waiters { places, queues, .. } = self;
        places.insert_unique(key.hash.0, place, |&it| hash_at(queues, it));
        place
    }

    fn close(&mut self, place: u32) {
        let hash = hash_at(&self.queues, place);
        if let Ok(found) = self.places.find_entry(hash, |&it| it == place) {
            found.remove();
        }
        self.queues[place as usize] = None;
        self.free.push(place);
        if self.is_empty() {
            // Turns go on, so that an old ticket never meets a new waiter.
            *self = Waiters { next_turn: self.next_turn, ..Waiters::new(self.shard) };
        }
    }
}

fn hash_at(queues: &[Option<Queue>], place: u32) -> u64 {
    queues[place as usize].as_ref().expect("a place leads to a queue").hash
}

impl Queue {
    fn len(&self) -> usize {
        self.asleep.len() + self.woken.len()
    }

    fn wake(&mut self, n: usize, wakers: &mut Vec<Waker>) {
        for _ in 0..n {
            let Some((turn, waker)) = self.asleep.pop_first() else { return };
            self.woken.insert(turn);
            wakers.push(waker);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;
    use crate::key::KeyHash;
    use crate::seeded::for_seeds;

    struct Flag(AtomicUsize);

    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A waiter that counts its wake-ups.
    fn sleeper() -> (Arc<Flag>, Waker) {
        let flag = Arc::new(Flag(AtomicUsize::new(0)));
        (Arc::clone(&flag), Waker::from(flag))
    }

    fn n_woken(flag: &Flag) -> usize {
        flag.0.load(Ordering::Relaxed)
    }

    /// Keys of one hash, so that only their names and databases tell them apart.
    fn key(name: &str) -> Key<'_> {
        Key { name: name.as_bytes(), hash: KeyHash(7), db: 0 }
    }

    fn wake(waiters: &mut Waiters, name: &str, n: usize) {
        let mut wakers = Vec::new();
        waiters.wake(key(name), n, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn leave(waiters: &mut Waiters, ticket: Ticket, left: Left) {
        let mut wakers = Vec::new();
        waiters.leave(ticket, left, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    #[test]
    fn the_first_to_come_is_the_first_to_wake() {
        let mut waiters = Waiters::new(0);
        let sleepers: Vec<_> = (0..5).map(|_| sleeper()).collect();
        for (_, waker) in &sleepers {
            waiters.join(key("a"), waker).unwrap();
        }
        let woken = || sleepers.iter().map(|(flag, _)| n_woken(flag)).collect::<Vec<_>>();
        wake(&mut waiters, "a", 2);
        assert_eq!(woken(), [1, 1, 0, 0, 0]);
        wake(&mut waiters, "b", 1);
        waiters.wake(key("a").in_db(1), 1, &mut Vec::new());
        assert_eq!(woken(), [1, 1, 0, 0, 0]);
        wake(&mut waiters, "a", 1);
        assert_eq!(woken(), [1, 1, 1, 0, 0]);
        wake(&mut waiters, "a", 9);
        assert_eq!(woken(), [1, 1, 1, 1, 1]);
    }

    #[test]
    fn who_came_too_late_keeps_its_turn() {
        let mut waiters = Waiters::new(0);
        let ((first, first_waker), (second, second_waker)) = (sleeper(), sleeper());
        let ticket = waiters.join(key("a"), &first_waker).unwrap();
        waiters.join(key("a"), &second_waker).unwrap();
        wake(&mut waiters, "a", 1);
        assert!(waiters.rearm(ticket, &first_waker));
        wake(&mut waiters, "a", 1);
        assert_eq!((n_woken(&first), n_woken(&second)), (2, 0));
    }

    #[test]
    fn an_unused_wake_up_goes_to_the_next() {
        let mut waiters = Waiters::new(0);
        let sleepers: Vec<_> = (0..3).map(|_| sleeper()).collect();
        let tickets: Vec<_> =
            sleepers.iter().map(|(_, it)| waiters.join(key("a"), it).unwrap()).collect();
        wake(&mut waiters, "a", 1);
        leave(&mut waiters, tickets[0], Left::GaveUp);
        assert_eq!(n_woken(&sleepers[1].0), 1);
        leave(&mut waiters, tickets[1], Left::Served);
        assert_eq!(n_woken(&sleepers[2].0), 0);
        leave(&mut waiters, tickets[2], Left::GaveUp);
        assert!(waiters.is_empty());
    }

    #[test]
    fn a_ticket_that_was_left_does_nothing() {
        let mut waiters = Waiters::new(3);
        let (flag, waker) = sleeper();
        let old = waiters.join(key("a"), &waker).unwrap();
        assert_eq!(old.shard, 3);
        leave(&mut waiters, old, Left::GaveUp);
        let new = waiters.join(key("b"), &waker).unwrap();
        assert!(old != new && !waiters.rearm(old, &waker));
        leave(&mut waiters, old, Left::GaveUp);
        assert_eq!(waiters.len(key("b")), 1);
        wake(&mut waiters, "b", 1);
        assert_eq!(n_woken(&flag), 1);
    }

    #[test]
    fn nothing_is_left_behind() {
        let mut waiters = Waiters::new(0);
        let (flag, waker) = sleeper();
        let n_keys = if cfg!(miri) { 20 } else { 1000 };
        let names: Vec<_> = (0..n_keys).map(|it| format!("key:{it}")).collect();
        let tickets: Vec<_> =
            names.iter().map(|it| waiters.join(key(it), &waker).unwrap()).collect();
        for ticket in tickets {
            leave(&mut waiters, ticket, Left::GaveUp);
        }
        assert_eq!((waiters.queues.capacity(), waiters.free.capacity()), (0, 0));
        assert_eq!(waiters.places.allocation_size(), 0);
        assert_eq!(Arc::strong_count(&flag), 2, "this test and its waker alone hold it");
    }

    #[test]
    fn a_full_shard_refuses() {
        let mut waiters = Waiters::new(0);
        let (_, waker) = sleeper();
        let ticket = waiters.join(key("a"), &waker).unwrap();
        waiters.n_waiting = WAITERS_MAX;
        assert!(waiters.join(key("a"), &waker).is_none());
        leave(&mut waiters, ticket, Left::GaveUp);
        assert!(waiters.join(key("a"), &waker).is_some());
    }

    /// Random joins, writes, retries and departures against plain vectors.
    #[test]
    fn queues_are_vectors_in_order_of_arrival() {
        for_seeds(30, |random| {
            let mut waiters = Waiters::new(0);
            let names = ["a", "b", "c"];
            let mut model: [Vec<(Ticket, bool)>; 3] = Default::default();
            let waker = Waker::noop();
            for _ in 0..if cfg!(miri) { 100 } else { 2000 } {
                let which = random.below(3);
                let queue = &mut model[which];
                match random.below(4) {
                    0 => queue.push((waiters.join(key(names[which]), waker).unwrap(), false)),
                    1 => {
                        let n = random.below(3);
                        let asleep = queue.iter_mut().filter(|it| !it.1).take(n);
                        let n_expected = asleep.map(|it| it.1 = true).count();
                        let mut wakers = Vec::new();
                        waiters.wake(key(names[which]), n, &mut wakers);
                        assert_eq!(wakers.len(), n_expected);
                    }
                    2 if !queue.is_empty() => {
                        let it = random.below(queue.len());
                        assert!(waiters.rearm(queue[it].0, waker));
                        queue[it].1 = false;
                    }
                    3 if !queue.is_empty() => {
                        let (ticket, was_woken) = queue.remove(random.below(queue.len()));
                        let mut wakers = Vec::new();
                        waiters.leave(ticket, Left::GaveUp, &mut wakers);
                        let next = queue.iter_mut().find(|it| was_woken && !it.1);
                        assert_eq!(wakers.len(), usize::from(next.is_some()));
                        if let Some(it) = next {
                            it.1 = true;
                        }
                    }
                    _ => {}
                }
                assert_eq!(waiters.len(key(names[which])), model[which].len());
                assert_eq!(waiters.is_empty(), model.iter().all(Vec::is_empty));
            }
        });
    }
}
