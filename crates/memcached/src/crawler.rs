//! `lru_crawler`: removing expired items now, and dumps of keys. Dumps go on over many turns of the
//! connection, see `walk`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};

use crate::admin::Done;
use crate::classes::CLASSES_MAX;
use crate::error::Error;
use crate::number;
use crate::reply;
use crate::run::Cx;
use crate::walk::{Crawl, Dump, Form, Walk};
use crate::words::Words;

/// memcached takes no longer sleep than a second.
const SLEEP_US_MAX: u32 = 1_000_000;

/// The settings of the crawler and who uses it. memcached has one and serves one at a time.
#[derive(Debug)]
pub(crate) struct Crawler {
    is_busy: AtomicBool,
    n_starts: AtomicU64,
    /// Kept and told: upkeep paces itself.
    sleep_us: AtomicU32,
    /// Items that one `crawl` looks at; 0 for all.
    n_to_crawl: AtomicU32,
}

impl Crawler {
    pub(crate) fn new(sleep_us: u32, n_to_crawl: u32) -> Crawler {
        Crawler {
            is_busy: AtomicBool::new(false),
            n_starts: AtomicU64::new(0),
            sleep_us: AtomicU32::new(sleep_us),
            n_to_crawl: AtomicU32::new(n_to_crawl),
        }
    }

    pub(crate) fn is_busy(&self) -> bool {
        self.is_busy.load(Relaxed)
    }

    /// Crawls and dumps that were ever begun.
    pub(crate) fn n_starts(&self) -> u64 {
        self.n_starts.load(Relaxed)
    }

    pub(crate) fn sleep_us(&self) -> u32 {
        self.sleep_us.load(Relaxed)
    }

    pub(crate) fn n_to_crawl(&self) -> u32 {
        self.n_to_crawl.load(Relaxed)
    }

    fn claim(self: &Arc<Self>) -> Result<Claim, Error> {
        if self.is_busy.swap(true, Relaxed) {
            return Err(Error::CrawlerBusy);
        }
        self.n_starts.fetch_add(1, Relaxed);
        Ok(Claim { crawler: Arc::clone(self) })
    }
}

/// The crawler is at work for one connection, until this is dropped.
#[derive(Debug)]
pub(crate) struct Claim {
    crawler: Arc<Crawler>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.crawler.is_busy.store(false, Relaxed);
    }
}

/// Some classes of items, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ClassSet(u64);

impl ClassSet {
    pub(crate) const ALL: ClassSet = ClassSet(u64::MAX);

    pub(crate) fn only(class: usize) -> ClassSet {
        ClassSet(1 << class)
    }

    pub(crate) fn has(self, class: usize) -> bool {
        self.0 >> class & 1 != 0
    }

    /// Numbers by comma; empty ones are passed over.
    fn parse(list: &[u8]) -> Result<ClassSet, Error> {
        let mut set = 0;
        for word in list.split(|it| *it == b',').filter(|it| !it.is_empty()) {
            let class = number::strict_u32(word).ok_or(Error::BadClass)?;
            if !(1..CLASSES_MAX as u32).contains(&class) {
                return Err(Error::BadClass);
            }
            set |= 1 << class;
        }
        if set == 0 { Err(Error::NothingToCrawl) } else { Ok(ClassSet(set)) }
    }
}

pub(crate) fn run(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    match (words.get(0), words.n) {
        (b"crawl", 2) => crawl(cx, words.get(1)),
        (b"metadump", 2) => dump(cx, Form::Meta, words.get(1)),
        (b"mgdump", 2) => dump(cx, Form::Keys, words.get(1)),
        (b"tocrawl", 2) => {
            let n = number::loose_u32(words.get(1)).ok_or(Error::BadFormat)?;
            cx.server.crawler.n_to_crawl.store(n, Relaxed);
            Ok(reply::OK)
        }
        (b"sleep", 2) => sleep(cx, words.get(1)),
        (b"enable", 1) if cx.server.keyspace.active_expiry() => Err(Error::CrawlerRuns),
        (b"enable", 1) => {
            cx.server.keyspace.set_active_expiry(true);
            Ok(reply::OK)
        }
        (b"disable", 1) => {
            cx.server.keyspace.set_active_expiry(false);
            Ok(reply::OK)
        }
        _ => Err(Error::UnknownCommand),
    }
}

fn sleep(cx: &mut Cx<'_>, word: &[u8]) -> Done {
    let us = number::loose_u32(word).ok_or(Error::BadFormat)?;
    if us > SLEEP_US_MAX {
        return Err(Error::CrawlerSleep);
    }
    cx.server.crawler.sleep_us.store(us, Relaxed);
    Ok(reply::OK)
}

/// Expired items go whatever their class is: they would read as absent anyway.
fn crawl(cx: &mut Cx<'_>, list: &[u8]) -> Done {
    if !cx.server.keyspace.active_expiry() {
        return Err(Error::CrawlerDisabled);
    }
    match list {
        b"all" => {}
        b"hash" => return Err(Error::CrawlerUnknown),
        list => {
            ClassSet::parse(list)?;
        }
    }
    let claim = cx.server.crawler.claim()?;
    let crawl = Crawl::new(cx.server.crawler.n_to_crawl(), claim);
    cx.walk = Some(Box::new(Walk::Crawl(crawl)));
    Ok(b"")
}

fn dump(cx: &mut Cx<'_>, form: Form, list: &[u8]) -> Done {
    if !cx.server.keyspace.active_expiry() {
        return Err(Error::CrawlerDisabled);
    }
    if !cx.server.settings.dump {
        return Err(if form == Form::Meta { Error::MetadumpOff } else { Error::MgdumpOff });
    }
    // Replies of earlier commands wait: the client has sent more than this.
    if !cx.out.is_empty() {
        let is_meta = form == Form::Meta;
        return Err(if is_meta { Error::MetadumpPiped } else { Error::MgdumpPiped });
    }
    let classes = match list {
        b"all" | b"hash" => ClassSet::ALL,
        list => ClassSet::parse(list)?,
    };
    let claim = cx.server.crawler.claim()?;
    cx.walk = Some(Box::new(Walk::Dump(Dump::new(form, classes, Some(claim)))));
    Ok(reply::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_classes_are_numbers_by_comma() {
        let set = ClassSet::parse(b"1,,63,").unwrap();
        assert!(set.has(1) && set.has(63) && !set.has(2));
        for (list, error) in [
            (&b","[..], Error::NothingToCrawl),
            (b"", Error::NothingToCrawl),
            (b"0", Error::BadClass),
            (b"64", Error::BadClass),
            (b"1,x", Error::BadClass),
            (b"-1", Error::BadClass),
            (b"1x", Error::BadClass),
        ] {
            assert_eq!(ClassSet::parse(list), Err(error), "{}", list.escape_ascii());
        }
    }

    #[test]
    fn one_at_a_time_has_the_crawler() {
        let crawler = Arc::new(Crawler::new(100, 0));
        let claim = crawler.claim().unwrap();
        assert_eq!(crawler.claim().unwrap_err(), Error::CrawlerBusy);
        drop(claim);
        assert!(crawler.claim().is_ok());
        assert_eq!(crawler.n_starts(), 2);
    }
}
