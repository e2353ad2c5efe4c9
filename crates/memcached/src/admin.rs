//! Commands about the server and the connection.

use crate::COMPATIBLE_VERSION;
use crate::commands::Verb;
use crate::crawler;
use crate::discovery;
use crate::error::{self, Error};
use crate::host::Shutdown;
use crate::number;
use crate::ops::expiry;
use crate::reply;
use crate::report;
use crate::request::{Request, Tell};
use crate::run::{After, Cx};
use crate::server::DATABASE;
use crate::tuning;
use crate::words::Words;

/// memcached takes no smaller limit than this.
const MEMORY_MEGABYTES_MIN: u32 = 8;

/// Above this the client must have meant bytes.
const MEMORY_MEGABYTES_MAX: u32 = 1_000_000_000;

/// `verbosity` goes no higher.
const VERBOSITY_MAX: u32 = 2;

pub(crate) fn run(cx: &mut Cx<'_>, request: &Request<'_>) -> After {
    let words = Words::of(request.data);
    let done = match request.verb {
        Verb::FlushAll => flush_all(cx, request.tell, &words),
        Verb::Version => version(cx),
        Verb::MetaNoop => Ok(reply::NOOP),
        Verb::Verbosity => verbosity(cx, &words),
        Verb::Stats => report::run(cx, &words),
        Verb::CacheMemlimit => cache_memlimit(cx, &words),
        Verb::LruCrawler => crawler::run(cx, &words),
        Verb::Lru => tuning::lru(cx, &words),
        Verb::Slabs => tuning::slabs(&words),
        Verb::Config => discovery::config(cx, request),
        Verb::Watch => return After::Watch,
        Verb::RefreshCerts => return refresh_certs(cx, request),
        Verb::Shutdown => return shutdown(cx, request, &words),
        _ => return After::Close,
    };
    match done {
        Ok(line) => cx.tell(request.tell, line),
        Err(error) => cx.refuse(Some(request.verb), request.tell, error),
    }
    After::Stay
}

/// The line to answer with; empty when the answer is written already.
pub(crate) type Done = Result<&'static [u8], Error>;

fn flush_all(cx: &mut Cx<'_>, tell: Tell, words: &Words<'_>) -> Done {
    let has_delay = words.n != usize::from(tell == Tell::Nothing);
    let delay = if has_delay { number::strict_i32(words.get(0)) } else { Some(0) };
    flush(cx, delay)
}

/// Removes every item, now or at a time that is given as an expiry is. Without one that is a
/// mistake of the client.
pub(crate) fn flush(cx: &mut Cx<'_>, delay: Option<i32>) -> Done {
    cx.worker.flushes.add(1);
    if !cx.server.settings.flush {
        return Err(Error::FlushNotAllowed);
    }
    let delay = delay.ok_or(Error::InvalidExptime)?;
    let at_ms = expiry(delay.max(0), cx.now_ms).unwrap_or(cx.now_ms);
    cx.server.flush_at(at_ms, cx.now_ms);
    Ok(reply::OK)
}

fn version(cx: &mut Cx<'_>) -> Done {
    cx.out.put(b"VERSION ");
    cx.out.put(COMPATIBLE_VERSION.as_bytes());
    cx.out.put(b"\r\n");
    Ok(b"")
}

fn verbosity(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    let level = number::strict_u32(words.get(0)).ok_or(Error::BadFormat)?;
    cx.server.set_verbosity(level.min(VERBOSITY_MAX));
    Ok(reply::OK)
}

fn cache_memlimit(cx: &mut Cx<'_>, words: &Words<'_>) -> Done {
    let megabytes = number::strict_u32(words.get(0)).ok_or(Error::UnknownCommand)?;
    if megabytes < MEMORY_MEGABYTES_MIN {
        return Err(Error::MemlimitTooSmall);
    }
    if megabytes > MEMORY_MEGABYTES_MAX {
        return Err(Error::MemlimitNotMegabytes);
    }
    cx.server.keyspace.set_memory_max(u64::from(megabytes) << 20);
    Ok(reply::OK)
}

fn refresh_certs(cx: &mut Cx<'_>, request: &Request<'_>) -> After {
    match cx.server.host.refresh_certs() {
        Ok(()) => cx.tell(request.tell, reply::OK),
        Err(why) => {
            cx.count_error(Some(request.verb));
            // Those who want no answer are told, too.
            error::put_certs_error(&mut cx.out.buf, &why);
        }
    }
    After::Stay
}

fn shutdown(cx: &mut Cx<'_>, request: &Request<'_>, words: &Words<'_>) -> After {
    let how = match (words.n, words.get(0)) {
        _ if !cx.server.settings.shutdown => Err(Error::ShutdownDisabled),
        (0, _) => Ok(Shutdown::Plain),
        (1, b"graceful") => Ok(Shutdown::Graceful),
        _ => Err(Error::ShutdownMode),
    };
    match how {
        Ok(how) => {
            cx.server.host.shutdown(how);
            After::Close
        }
        Err(error) => {
            cx.refuse(Some(request.verb), request.tell, error);
            After::Stay
        }
    }
}

/// Empties the keyspace of this front end at once; the binary may call it for an operator.
impl crate::Server {
    pub fn flush(&self) {
        self.keyspace.flush(DATABASE);
        self.surveys.forget();
    }
}
