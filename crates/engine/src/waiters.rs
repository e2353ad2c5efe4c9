//! The queues of those who wait for a key to change, first come first served.
//!
//! One `Waiters` lies in each shard, behind its lock. A blocking command that finds nothing joins
//! the queue of each of its keys under the lock of its look, so that no write can slip between. A
//! write to a key with a queue leaves a note (`Ready`) with its thread; once its locks are released
//! it takes the notes (`take_ready`) and goes through the queue in order of arrival
//! (`Keyspace::next_waiter`), doing what each one waits for.
//!
//! Who only wants to know whether a key has changed watches it: his alarm rings once, and he has
//! no place any more.

use std::collections::BTreeMap;
use std::mem::take;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hashbrown::HashTable;

use crate::key::{Key, KeyHash, OwnedKey};
use crate::ready::Ready;

/// Most places in the queues of one shard. Each is a key of a connection that waits, so only a
/// command over an absurd number of keys gets near it.
const WAITERS_MAX: usize = 1 << 20;

/// A place in the queue of one key. It stays good until it is left; after that it does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    shard: u32,
    queue: u32,
    /// Grows with every ticket of a shard and never comes twice.
    turn: u64,
}

/// The wait queues of one shard. A key that nobody waits for takes no memory.
#[derive(Debug)]
pub(crate) struct Waiters {
    shard: u32,
    next_turn: u64,
    /// Places of those who wait or watch.
    n_places: usize,
    /// Places in `queues` by the hash of their key.
    places: HashTable<u32>,
    queues: Vec<Option<Queue>>,
    /// Places in `queues` that are free.
    free: Vec<u32>,
}

#[derive(Debug)]
struct Queue {
    key: OwnedKey,
    /// Who waits, in order of their turns.
    waiting: BTreeMap<u64, u64>,
    watching: Watching,
}

/// Who watches a key, by their numbers.
type Watching = BTreeMap<u64, Arc<Alarm>>;

/// Rings when something has changed that its owner watches.
#[derive(Debug, Default)]
pub struct Alarm {
    has_rung: AtomicBool,
}

impl Alarm {
    /// Whoever has a grip on what he watches knows for certain.
    pub fn has_rung(&self) -> bool {
        self.has_rung.load(Ordering::Relaxed)
    }
}

impl Queue {
    fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.watching.is_empty()
    }
}

impl Waiters {
    pub(crate) fn new(shard: u32) -> Waiters {
        Waiters {
            shard,
            next_turn: 0,
            n_places: 0,
            places: HashTable::new(),
            queues: Vec::new(),
            free: Vec::new(),
        }
    }

    /// True when nobody waits for any key or watches one: what a write asks first.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.n_places == 0
    }

    /// Keys that somebody waits for.
    pub(crate) fn n_keys(&self) -> usize {
        self.queues.iter().flatten().filter(|it| !it.waiting.is_empty()).count()
    }

    /// Keys that somebody watches whose alarm has not rung.
    pub(crate) fn n_watched(&self) -> usize {
        let is_watched = |it: &&Queue| it.watching.values().any(|it| !it.has_rung());
        self.queues.iter().flatten().filter(is_watched).count()
    }

    /// Rings an alarm at the next change of a key. Whether the watcher is new to the key; `None`
    /// when the shard has no room.
    pub(crate) fn watch(&mut self, key: Key<'_>, who: u64, alarm: &Arc<Alarm>) -> Option<bool> {
        if self.n_places >= WAITERS_MAX {
            return None;
        }
        let place = self.place(key).unwrap_or_else(|| self.open(key));
        let queue = self.queues[place as usize].as_mut().expect("the queue was just opened");
        let is_new = queue.watching.insert(who, Arc::clone(alarm)).is_none();
        self.n_places += usize::from(is_new);
        Some(is_new)
    }

    /// Watches a key no longer.
    pub(crate) fn stop_watching(&mut self, key: Key<'_>, who: u64) {
        let Some(place) = self.place(key) else { return };
        let Some(queue) = &mut self.queues[place as usize] else { return };
        if queue.watching.remove(&who).is_some() {
            let is_last = queue.is_empty();
            self.n_places -= 1;
            if is_last {
                self.close(place);
            }
        }
    }

    /// Rings for all who watch a key of this shard.
    pub(crate) fn ring(&mut self, hash: KeyHash, name: &[u8]) {
        let is_same = |it: &Queue| it.key.as_key().name == name;
        let found = self.places.find(hash.0, |&at| self.queue(at).is_some_and(is_same)).copied();
        let Some(place) = found else { return };
        let watching = self.take_watching(place);
        for alarm in watching.values() {
            alarm.has_rung.store(true, Ordering::Relaxed);
        }
    }

    /// Rings for all who watch one of those keys.
    pub(crate) fn ring_where(&mut self, is_meant: impl Fn(Key<'_>) -> bool) {
        let queues = self.queues.iter().flatten().filter(|it| !it.watching.is_empty());
        let meant = queues.map(|it| it.key.clone()).filter(|it| is_meant(it.as_key()));
        for key in meant.collect::<Vec<_>>() {
            self.ring(key.as_key().hash, key.as_key().name);
        }
    }

    /// Takes all who watch, with what they watch.
    pub(crate) fn take_watched(&mut self) -> Vec<(OwnedKey, Watching)> {
        let queues = self.queues.iter().flatten().filter(|it| !it.watching.is_empty());
        let keys: Vec<OwnedKey> = queues.map(|it| it.key.clone()).collect();
        let watched = keys.into_iter().filter_map(|key| {
            let place = self.place(key.as_key())?;
            Some((key, self.take_watching(place)))
        });
        watched.collect()
    }

    /// Has those watch a key who were taken elsewhere.
    pub(crate) fn put_watched(&mut self, key: &OwnedKey, watching: Watching) {
        let place = self.place(key.as_key()).unwrap_or_else(|| self.open(key.as_key()));
        let queue = self.queues[place as usize].as_mut().expect("the queue was just opened");
        self.n_places += watching.len();
        queue.watching.extend(watching);
    }

    fn take_watching(&mut self, place: u32) -> Watching {
        let Some(queue) = &mut self.queues[place as usize] else { return Watching::new() };
        let watching = take(&mut queue.watching);
        let is_last = queue.is_empty();
        self.n_places -= watching.len();
        if is_last {
            self.close(place);
        }
        watching
    }

    /// Queues up for a key, behind everyone who is there. `None` when the shard has no room.
    pub(crate) fn join(&mut self, key: Key<'_>, who: u64) -> Option<Ticket> {
        if self.n_places >= WAITERS_MAX {
            return None;
        }
        let place = self.place(key).unwrap_or_else(|| self.open(key));
        let turn = self.next_turn;
        self.next_turn += 1;
        self.n_places += 1;
        let queue = self.queues[place as usize].as_mut().expect("the queue was just opened");
        queue.waiting.insert(turn, who);
        Some(Ticket { shard: self.shard, queue: place, turn })
    }

    pub(crate) fn next_turn(&self) -> u64 {
        self.next_turn
    }

    /// The first who waits for a key, or the first behind a turn, with his turn.
    pub(crate) fn next(&self, key: Key<'_>, behind: Option<u64>) -> Option<(u64, u64)> {
        let queue = self.queue(self.place(key)?)?;
        let from = behind.map_or(0, |turn| turn + 1);
        queue.waiting.range(from..).next().map(|(turn, who)| (*turn, *who))
    }

    /// Notes that a key was written, if somebody waits for it, and rings for who watches it.
    pub(crate) fn note(&mut self, key: Key<'_>, notes: &mut Vec<Ready>) {
        let Some(queue) = self.place(key).and_then(|it| self.queue(it)) else { return };
        if !queue.waiting.is_empty() {
            notes.push(Ready::Written(queue.key.clone()));
        }
        if !queue.watching.is_empty() {
            self.ring(key.hash, key.name);
        }
    }

    /// Notes every key that somebody waits for.
    pub(crate) fn note_all(&self, notes: &mut Vec<Ready>) {
        let waited_for = self.queues.iter().flatten().filter(|it| !it.waiting.is_empty());
        notes.extend(waited_for.map(|it| Ready::Written(it.key.clone())));
    }

    /// Forgets everyone who waits, as their keys go elsewhere (an exchange of databases). They
    /// are noted in the order of each key's queue, to look again and queue up anew.
    pub(crate) fn dismiss(&mut self, notes: &mut Vec<Ready>) {
        let waiting = self.queues.iter().flatten().flat_map(|it| it.waiting.values());
        notes.extend(waiting.map(|who| Ready::Moved(*who)));
        let watched = self.take_watched();
        *self = Waiters { next_turn: self.next_turn, ..Waiters::new(self.shard) };
        for (key, watching) in watched {
            self.put_watched(&key, watching);
        }
    }

    /// Leaves a queue. A ticket that was left before does nothing.
    pub(crate) fn leave(&mut self, ticket: Ticket) {
        let Some(queue) = self.queue_of(ticket) else { return };
        if queue.waiting.remove(&ticket.turn).is_none() {
            return;
        }
        let is_last = queue.is_empty();
        self.n_places -= 1;
        if is_last {
            self.close(ticket.queue);
        }
    }

    fn place(&self, key: Key<'_>) -> Option<u32> {
        let is_same = |it: &Queue| it.key.is(key);
        self.places.find(key.hash.0, |&at| self.queue(at).is_some_and(is_same)).copied()
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
        let (waiting, watching) = (BTreeMap::new(), BTreeMap::new());
        let queue = Queue { key: key.owned(), waiting, watching };
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
    queues[place as usize].as_ref().expect("a place leads to a queue").key.as_key().hash.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::for_seeds;

    /// Keys of one hash, so that only their names and databases tell them apart.
    fn key(name: &str) -> Key<'_> {
        Key { name: name.as_bytes(), hash: KeyHash(7), db: 0 }
    }

    fn queue(waiters: &Waiters, name: &str) -> Vec<u64> {
        let mut turn = None;
        std::iter::from_fn(|| {
            let (next, who) = waiters.next(key(name), turn)?;
            turn = Some(next);
            Some(who)
        })
        .collect()
    }

    fn notes(waiters: &mut Waiters, key: Key<'_>) -> usize {
        let mut notes = Vec::new();
        waiters.note(key, &mut notes);
        notes.len()
    }

    #[test]
    fn the_first_to_come_is_the_first_in_turn() {
        let mut waiters = Waiters::new(0);
        let tickets: Vec<_> = (0..5).map(|it| waiters.join(key("a"), it).unwrap()).collect();
        assert_eq!(queue(&waiters, "a"), [0, 1, 2, 3, 4]);
        waiters.leave(tickets[1]);
        waiters.leave(tickets[0]);
        waiters.join(key("a"), 9).unwrap();
        assert_eq!(queue(&waiters, "a"), [2, 3, 4, 9]);
        assert_eq!((queue(&waiters, "b"), waiters.n_keys()), (vec![], 1));
    }

    #[test]
    fn only_keys_that_somebody_waits_for_are_noted() {
        let mut waiters = Waiters::new(0);
        let ticket = waiters.join(key("a"), 1).unwrap();
        assert_eq!(notes(&mut waiters, key("a")), 1);
        assert_eq!(notes(&mut waiters, key("b")) + notes(&mut waiters, key("a").in_db(1)), 0);
        waiters.leave(ticket);
        assert_eq!(notes(&mut waiters, key("a")), 0);
    }

    #[test]
    fn an_alarm_rings_once_and_for_what_it_watches() {
        let mut waiters = Waiters::new(0);
        let alarms: [Arc<Alarm>; 3] = Default::default();
        for (who, (name, alarm)) in ["a", "a", "b"].into_iter().zip(&alarms).enumerate() {
            assert_eq!(waiters.watch(key(name), who as u64, alarm), Some(true));
            assert_eq!(waiters.watch(key(name), who as u64, alarm), Some(false));
        }
        let ticket = waiters.join(key("a"), 9).unwrap();
        assert_eq!((waiters.n_watched(), waiters.n_keys()), (2, 1));
        waiters.stop_watching(key("a"), 1);
        assert_eq!((notes(&mut waiters, key("c")), notes(&mut waiters, key("a"))), (0, 1));
        assert_eq!(alarms.each_ref().map(|it| it.has_rung()), [true, false, false]);
        waiters.dismiss(&mut Vec::new());
        assert_eq!((waiters.n_watched(), waiters.n_keys(), waiters.is_empty()), (1, 0, false));
        waiters.leave(ticket);
        waiters.ring_where(|it| it.name == b"a");
        assert!(!alarms[2].has_rung());
        waiters.ring_where(|it| it.name == b"b");
        assert!(alarms[2].has_rung() && waiters.is_empty() && waiters.queues.is_empty());
    }

    #[test]
    fn a_ticket_that_was_left_does_nothing() {
        let mut waiters = Waiters::new(3);
        let old = waiters.join(key("a"), 1).unwrap();
        waiters.leave(old);
        let new = waiters.join(key("b"), 2).unwrap();
        assert!(old != new);
        waiters.leave(old);
        waiters.leave(Ticket { shard: 4, ..new });
        assert_eq!(queue(&waiters, "b"), [2]);
        let mut notes = Vec::new();
        waiters.dismiss(&mut notes);
        assert!(matches!(notes[..], [Ready::Moved(2)]) && waiters.is_empty());
        waiters.join(key("b"), 5).unwrap();
        waiters.leave(new);
        assert_eq!(queue(&waiters, "b"), [5]);
    }

    #[test]
    fn nothing_is_left_behind() {
        let mut waiters = Waiters::new(0);
        let n_keys = if cfg!(miri) { 20 } else { 1000 };
        let names: Vec<_> = (0..n_keys).map(|it| format!("key:{it}")).collect();
        let tickets: Vec<_> = names.iter().map(|it| waiters.join(key(it), 1).unwrap()).collect();
        for ticket in tickets {
            waiters.leave(ticket);
        }
        assert_eq!((waiters.queues.capacity(), waiters.free.capacity()), (0, 0));
        assert_eq!(waiters.places.allocation_size(), 0);
    }

    #[test]
    fn a_full_shard_refuses() {
        let mut waiters = Waiters::new(0);
        let ticket = waiters.join(key("a"), 1).unwrap();
        waiters.n_places = WAITERS_MAX;
        assert!(waiters.join(key("a"), 1).is_none());
        waiters.leave(ticket);
        assert!(waiters.join(key("a"), 1).is_some());
    }

    /// Random joins and departures against plain vectors.
    #[test]
    fn queues_are_vectors_in_order_of_arrival() {
        for_seeds(30, |random| {
            let mut waiters = Waiters::new(0);
            let names = ["a", "b", "c"];
            let mut model: [Vec<(Ticket, u64)>; 3] = Default::default();
            for who in 0..if cfg!(miri) { 100 } else { 2000 } {
                let which = random.below(3);
                let places = &mut model[which];
                if random.below(2) == 0 {
                    places.push((waiters.join(key(names[which]), who).unwrap(), who));
                } else if !places.is_empty() {
                    waiters.leave(places.remove(random.below(places.len())).0);
                }
                let expected: Vec<u64> = model[which].iter().map(|it| it.1).collect();
                assert_eq!(queue(&waiters, names[which]), expected);
                assert_eq!(waiters.is_empty(), model.iter().all(Vec::is_empty));
            }
        });
    }
}
