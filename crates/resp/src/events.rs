//! Keyspace events: what happens to keys, told on channels that are named for the key or for the
//! event.
//!
//! Each row of the command table names what it does to keys; the engine notes that with every write
//! (`tandem_engine::Happening`), and a command that does more says so. What was noted is told by
//! whoever holds no lock then, in the order in which it was noted.

use tandem_engine::{Deed, Happening, Interests, What, Wrote};

use crate::flags::Family;
use crate::pubsub::Post;
use crate::server::Server;

/// A set of classes of events, as `notify-keyspace-events` names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Classes(u16);

impl Classes {
    pub(crate) const GENERIC: Classes = Classes(1 << 0);
    pub(crate) const STRING: Classes = Classes(1 << 1);
    pub(crate) const LIST: Classes = Classes(1 << 2);
    pub(crate) const SET: Classes = Classes(1 << 3);
    pub(crate) const HASH: Classes = Classes(1 << 4);
    pub(crate) const SORTED_SET: Classes = Classes(1 << 5);
    pub(crate) const EXPIRED: Classes = Classes(1 << 6);
    pub(crate) const EVICTED: Classes = Classes(1 << 7);
    pub(crate) const STREAM: Classes = Classes(1 << 8);
    /// Of modules, which there are none of.
    const MODULE: Classes = Classes(1 << 9);
    const MISSED: Classes = Classes(1 << 10);
    const NEW: Classes = Classes(1 << 11);
    /// On channels that are named for the key, or for the event.
    const BY_KEY: Classes = Classes(1 << 12);
    const BY_EVENT: Classes = Classes(1 << 13);

    /// `A`: all but what was missed or is new.
    const ALL: Classes = Classes((1 << 10) - 1);

    const LETTERS: [(char, Classes); 15] = [
        ('g', Classes::GENERIC),
        ('$', Classes::STRING),
        ('l', Classes::LIST),
        ('s', Classes::SET),
        ('h', Classes::HASH),
        ('z', Classes::SORTED_SET),
        ('x', Classes::EXPIRED),
        ('e', Classes::EVICTED),
        ('t', Classes::STREAM),
        ('d', Classes::MODULE),
        ('m', Classes::MISSED),
        ('n', Classes::NEW),
        ('K', Classes::BY_KEY),
        ('E', Classes::BY_EVENT),
        ('A', Classes::ALL),
    ];

    /// Letters that mean nothing are left out: the setting has refused them.
    pub(crate) fn parse(text: &str) -> Classes {
        let named = Classes::LETTERS.into_iter().filter(|(letter, _)| text.contains(*letter));
        named.fold(Classes::default(), |all, (_, it)| Classes(all.0 | it.0))
    }

    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    pub(crate) const fn of_bits(bits: u16) -> Classes {
        Classes(bits)
    }

    const fn has_any(self, other: Classes) -> bool {
        self.0 & other.0 != 0
    }

    /// What the engine has to note so that events of these classes can be told.
    pub(crate) fn interests(self) -> Interests {
        let mut interests = Interests::NONE;
        if !self.has_any(Classes(Classes::BY_KEY.0 | Classes::BY_EVENT.0)) {
            return interests;
        }
        if self.has_any(Classes(Classes::ALL.0 | Classes::NEW.0)) {
            interests = interests.and(Interests::WRITES);
        }
        // Fields of hashes expire, too, and the key goes with the last.
        let ends = [Classes::EXPIRED, Classes::EVICTED, Classes::HASH, Classes::GENERIC];
        if ends.into_iter().any(|it| self.has_any(it)) {
            interests = interests.and(Interests::ENDS);
        }
        if self.has_any(Classes::MISSED) {
            interests = interests.and(Interests::MISSES);
        }
        interests
    }
}

impl Family {
    /// The class of what the family's commands do to keys.
    pub(crate) const fn event_class(self) -> Classes {
        match self {
            Family::Bitmap | Family::HyperLogLog | Family::String => Classes::STRING,
            Family::Geo | Family::SortedSet => Classes::SORTED_SET,
            Family::Hash => Classes::HASH,
            Family::List | Family::Sorting => Classes::LIST,
            Family::Set => Classes::SET,
            Family::Stream => Classes::STREAM,
            _ => Classes::GENERIC,
        }
    }
}

impl Server {
    /// Has the engine note what somebody wants to hear of.
    pub(crate) fn hear(&self) {
        // One at a time, so that the last word is that of the last change.
        let _turn = self.telling.lock();
        let mut interests = self.settings.live().event_classes().interests();
        if self.tracking.is_used() {
            let all = [Interests::WRITES, Interests::ENDS, Interests::FLUSHES];
            interests = all.into_iter().fold(interests, Interests::and);
        }
        self.keyspace.hear(interests);
    }

    /// Tells what was noted, if it was not told yet: when this returns, it was.
    pub fn tell_happenings(&self) {
        self.tell_notes();
        if self.tracking.has_broadcasts() {
            self.send_broadcasts();
        }
    }

    /// The same but for what those hear together who track keys by their prefixes.
    pub(crate) fn tell_notes(&self) {
        // One at a time, so that all who listen see one order.
        let _turn = self.telling.lock();
        let tracks = self.tracking.is_used();
        for happening in self.keyspace.take_happenings() {
            if tracks {
                self.track_happening(&happening);
            }
            let classes = self.settings.live().event_classes();
            each_event(happening.what, |event| self.tell(classes, &happening, event));
        }
        if tracks {
            self.settle_tracking();
        }
    }

    fn tell(&self, classes: Classes, happening: &Happening, event: &'static Deed) {
        if !classes.has_any(Classes(event.class)) {
            return;
        }
        let (db, name) = (happening.db, &happening.name);
        if classes.has_any(Classes::BY_KEY) {
            let channel = [format!("__keyspace@{db}__:").as_bytes(), name].concat();
            self.publish(&channel, event.name.as_bytes());
        }
        if classes.has_any(Classes::BY_EVENT) {
            let channel = format!("__keyevent@{db}__:{}", event.name);
            self.publish(channel.as_bytes(), name);
        }
    }

    fn publish(&self, channel: &[u8], payload: &[u8]) {
        let bytes_max = self.settings.live().news_limit().hard_bytes;
        self.pubsub.publish(&self.clients, Post { channel, payload, bytes_max });
    }
}

/// The events that something is, in their order.
fn each_event(what: What, mut tell: impl FnMut(&'static Deed)) {
    match what {
        What::Wrote(_, None) | What::Read | What::Flushed => {}
        What::Wrote(Wrote::Made, Some(deed)) => {
            tell(&NEW);
            tell(deed);
        }
        What::Wrote(Wrote::Emptied, Some(deed)) => {
            tell(deed);
            tell(&DEL);
        }
        What::Wrote(Wrote::Removed, Some(_)) => tell(&DEL),
        What::Wrote(Wrote::Changed | Wrote::Beside, Some(deed)) | What::Said(deed) => tell(deed),
        What::Missed => tell(&KEY_MISS),
        What::Wrote(Wrote::Ended, Some(_)) | What::Expired => tell(&EXPIRED),
        What::Evicted => tell(&EVICTED),
        What::FieldsExpired => tell(&HEXPIRED),
        What::LastFieldExpired => {
            tell(&HEXPIRED);
            tell(&DEL);
        }
    }
}

const fn deed(name: &'static str, class: Classes) -> Deed {
    Deed { name, class: class.bits() }
}

static KEY_MISS: Deed = deed("keymiss", Classes::MISSED);
static EXPIRED: Deed = deed("expired", Classes::EXPIRED);
static EVICTED: Deed = deed("evicted", Classes::EVICTED);
static HEXPIRED: Deed = deed("hexpired", Classes::HASH);

pub(crate) static NEW: Deed = deed("new", Classes::NEW);
pub(crate) static DEL: Deed = deed("del", Classes::GENERIC);
pub(crate) static EXPIRE: Deed = deed("expire", Classes::GENERIC);
pub(crate) static PERSIST: Deed = deed("persist", Classes::GENERIC);
pub(crate) static RENAME_FROM: Deed = deed("rename_from", Classes::GENERIC);
pub(crate) static RENAME_TO: Deed = deed("rename_to", Classes::GENERIC);
pub(crate) static MOVE_FROM: Deed = deed("move_from", Classes::GENERIC);
pub(crate) static MOVE_TO: Deed = deed("move_to", Classes::GENERIC);
pub(crate) static COPY_TO: Deed = deed("copy_to", Classes::GENERIC);
pub(crate) static RESTORE: Deed = deed("restore", Classes::GENERIC);
pub(crate) static LPUSH: Deed = deed("lpush", Classes::LIST);
pub(crate) static RPUSH: Deed = deed("rpush", Classes::LIST);
pub(crate) static LPOP: Deed = deed("lpop", Classes::LIST);
pub(crate) static RPOP: Deed = deed("rpop", Classes::LIST);
pub(crate) static SADD: Deed = deed("sadd", Classes::SET);
pub(crate) static SPOP: Deed = deed("spop", Classes::SET);
pub(crate) static SREM: Deed = deed("srem", Classes::SET);
pub(crate) static HDEL: Deed = deed("hdel", Classes::HASH);
pub(crate) static HEXPIRE: Deed = deed("hexpire", Classes::HASH);
pub(crate) static HPERSIST: Deed = deed("hpersist", Classes::HASH);
pub(crate) static ZINCR: Deed = deed("zincr", Classes::SORTED_SET);
pub(crate) static ZPOPMIN: Deed = deed("zpopmin", Classes::SORTED_SET);
pub(crate) static ZPOPMAX: Deed = deed("zpopmax", Classes::SORTED_SET);
pub(crate) static XTRIM: Deed = deed("xtrim", Classes::STREAM);
pub(crate) static CONSUMER_MADE: Deed = deed("xgroup-createconsumer", Classes::STREAM);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_say_what_has_to_be_noted() {
        let interests = |text| Classes::parse(text).interests();
        assert_eq!(interests("A"), Interests::NONE);
        assert_eq!(interests("Kl"), Interests::WRITES);
        assert_eq!(interests("Em"), Interests::MISSES);
        assert_eq!(interests("KA"), Interests::WRITES.and(Interests::ENDS));
        assert_eq!(Classes::parse("Ax"), Classes::ALL);
    }
}
