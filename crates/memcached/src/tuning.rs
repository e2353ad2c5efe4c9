//! `lru` and `slabs`: what they set in memcached, and what becomes of it here.

use crate::admin::Done;
use crate::error::Error;
use crate::number;
use crate::reply;
use crate::run::Cx;
use crate::survey::Tuning;
use crate::words::Words;

/// The hot and the warm list take no more of a class than this together.
const SHARES_MAX: u32 = 80;

/// Only `lru tune` has something to set: how `stats items` sorts items by use. There is one order
/// of use and no list for short lives, so `mode` and `temp_ttl` are answered as by a memcached that
/// runs without its LRU maintainer.
pub(crate) fn lru(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    if words.get(0) != b"tune" || words.n < 5 {
        return Err(Error::UnknownCommand);
    }
    let percent = |index| number::loose_u32(words.get(index)).ok_or(Error::UnknownCommand);
    let factor = |index| number::decimal(words.get(index)).ok_or(Error::UnknownCommand);
    let tuning = Tuning {
        hot_percent: percent(1)?,
        warm_percent: percent(2)?,
        hot_factor: factor(3)?,
        warm_factor: factor(4)?,
    };
    if tuning.hot_percent.saturating_add(tuning.warm_percent) > SHARES_MAX {
        return Err(Error::LruShares);
    }
    if tuning.hot_factor <= 0.0 || tuning.warm_factor <= 0.0 {
        return Err(Error::LruFactors);
    }
    cx.server.set_tuning(tuning);
    Ok(reply::OK)
}

/// There is no memory to move between classes, and nothing but `automove 0` can be granted. Only
/// `automove` may be silent, as in memcached.
pub(crate) fn slabs(words: &Words<'_>) -> Done {
    match (words.get(0), words.n) {
        (b"reassign", 3) => Err(Error::SlabsFixed),
        (b"automove", 2..) => automove(words),
        _ => Err(Error::UnknownCommand),
    }
}

fn automove(words: &Words<'_>) -> Done {
    match (words.get(1), words.n) {
        (b"ratio" | b"freeratio", n) => {
            let is_number = n > 2 && number::decimal(words.get(2)).is_some();
            Err(if is_number { Error::SlabsFixed } else { Error::UnknownCommand })
        }
        (b"window", n) => {
            let is_number = n > 2 && number::loose_u32(words.get(2)).is_some();
            Err(if is_number { Error::SlabsFixed } else { Error::BadFormat })
        }
        (level, _) => match number::loose_u32(level) {
            Some(0) => Ok(reply::OK),
            Some(1 | 2) => Err(Error::SlabsFixed),
            Some(_) => Err(Error::UnknownCommand),
            None => Err(Error::BadFormat),
        },
    }
}
