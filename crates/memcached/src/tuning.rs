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

/// All that this sets is how `stats items` sorts items by use: there is one order of use.
pub(crate) fn lru(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    match (words.get(0), words.n) {
        (b"tune", 5..) => tune(cx, words),
        (b"mode", 2..) if cx.server.settings.lru_maintainer => mode(cx, words.get(1)),
        (b"temp_ttl", 2..) if cx.server.settings.lru_maintainer => temp_ttl(cx, words.get(1)),
        _ => Err(Error::UnknownCommand),
    }
}

fn mode(cx: &mut Cx<'_>, mode: &[u8]) -> Done {
    let segmented = match mode {
        b"flat" => false,
        b"segmented" => true,
        _ => return Err(Error::UnknownCommand),
    };
    cx.server.tune(|it| it.segmented = segmented);
    Ok(reply::OK)
}

/// Below 0 there is no list for short lives, and the number from before stays.
fn temp_ttl(cx: &mut Cx<'_>, seconds: &[u8]) -> Done {
    let seconds = number::loose_i32(seconds).ok_or(Error::UnknownCommand)?;
    cx.server.tune(|it| {
        it.has_temp = seconds >= 0;
        it.temp_ttl_s = u32::try_from(seconds).unwrap_or(it.temp_ttl_s);
    });
    Ok(reply::OK)
}

fn tune(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    let percent = |index| number::loose_u32(words.get(index)).ok_or(Error::UnknownCommand);
    let factor = |index| number::decimal(words.get(index)).ok_or(Error::UnknownCommand);
    let (hot_percent, warm_percent) = (percent(1)?, percent(2)?);
    let (hot_factor, warm_factor) = (factor(3)?, factor(4)?);
    if hot_percent.saturating_add(warm_percent) > SHARES_MAX {
        return Err(Error::LruShares);
    }
    if hot_factor <= 0.0 || warm_factor <= 0.0 {
        return Err(Error::LruFactors);
    }
    cx.server.tune(|it| *it = Tuning { hot_percent, warm_percent, hot_factor, warm_factor, ..*it });
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
