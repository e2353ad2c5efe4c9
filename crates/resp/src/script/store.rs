//! The scripts that a server knows. Workers keep what they compiled of them; a script that is
//! forgotten says so itself (`is_gone`), so nobody has to be told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use hashbrown::HashMap;
use parking_lot::{Mutex, RwLock};
use sha1::{Digest as _, Sha1};

use super::functions::Functions;
use super::shebang::Shebang;
use crate::error::Error;
use crate::server::hex;

/// The SHA1 of a script's text, in lower-case hexadecimal digits: its name.
pub(crate) type Sha = [u8; SHA_BYTES];

pub(crate) const SHA_BYTES: usize = 40;

/// A script as all workers see it.
#[derive(Debug)]
pub(crate) struct Script {
    pub(crate) sha: Sha,
    /// Its first line of flags included.
    pub(crate) source: Box<[u8]>,
    pub(super) shebang: Shebang,
    /// Every key that it touches is one of its KEYS, whatever it is given.
    pub(super) stays_in_keys: bool,
    /// When it was last run, as a count of runs.
    used_at: AtomicU64,
    /// It came by SCRIPT LOAD, whose scripts stay until they are flushed.
    is_kept: AtomicBool,
    is_gone: AtomicBool,
}

/// How long a script is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Always,
    /// Until too many were run since.
    WhileUsed,
}

/// All scripts, by their sums.
#[derive(Debug, Default)]
pub(crate) struct Scripts {
    known: RwLock<HashMap<Sha, Arc<Script>, ahash::RandomState>>,
    n_runs: AtomicU64,
    n_evicted: AtomicU64,
    pub(crate) functions: Functions,
    /// What each thread's Lua state does.
    watches: Mutex<Vec<Arc<Watch>>>,
}

/// A thread's Lua state as others see it.
#[derive(Debug, Default)]
pub(super) struct Watch {
    pub(super) bytes: AtomicU64,
    /// A script has been running for too long.
    pub(super) is_slow: AtomicBool,
    /// That script must not end half-way.
    pub(super) has_written: AtomicBool,
    /// That script is to end.
    pub(super) kill: AtomicBool,
    /// What Lua has for functions.
    pub(super) function_bytes: AtomicU64,
    /// The slow script, if it is a function. Set before `is_slow`.
    pub(super) function: Mutex<Option<Arc<SlowFunction>>>,
}

/// A function that has been running for too long.
#[derive(Debug)]
pub(crate) struct SlowFunction {
    pub(crate) name: Box<[u8]>,
    /// The line that called it.
    pub(crate) words: Vec<Box<[u8]>>,
    pub(crate) since_ns: u64,
}

/// Which of a server's two sorts of programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Script,
    Function,
}

/// What INFO tells of scripts.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ScriptFigures {
    pub(crate) n_scripts: usize,
    /// Texts and what is noted about them.
    pub(crate) text_bytes: u64,
    pub(crate) n_evicted: u64,
    /// Of all Lua states for scripts, and of those for functions.
    pub(crate) vm_bytes: u64,
    pub(crate) function_vm_bytes: u64,
}

impl Watch {
    fn sort(&self) -> Sort {
        if self.function.lock().is_some() { Sort::Function } else { Sort::Script }
    }
}

impl Sort {
    fn busy(self) -> Error {
        let killer = match self {
            Sort::Script => "SCRIPT",
            Sort::Function => "FUNCTION",
        };
        Error::said(format!(
            "BUSY Valkey is busy running a script. You can only call {killer} KILL or SHUTDOWN \
             NOSAVE."
        ))
    }
}

impl Script {
    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Relaxed)
    }

    /// SCRIPT LOAD of a script that EVAL has brought.
    pub(super) fn keep(&self) {
        self.is_kept.store(true, Relaxed);
    }
}

impl Scripts {
    pub(crate) fn find(&self, sha: &Sha) -> Option<Arc<Script>> {
        self.known.read().get(sha).cloned()
    }

    /// Notes that a script is run, so that others are forgotten before it.
    pub(super) fn touch(&self, script: &Script) {
        if !script.is_kept.load(Relaxed) {
            script.used_at.store(self.n_runs.fetch_add(1, Relaxed), Relaxed);
        }
    }

    /// Makes a script known that was found to compile.
    pub(super) fn add(&self, new: Script, kept: Kept) -> Arc<Script> {
        let mut known = self.known.write();
        let script = known.entry(new.sha).or_insert_with(|| Arc::new(new)).clone();
        if kept == Kept::Always {
            script.is_kept.store(true, Relaxed);
            return script;
        }
        self.touch(&script);
        let passing = || known.values().filter(|it| !it.is_kept.load(Relaxed));
        if passing().count() > PASSING_SCRIPTS_MAX
            && let Some(oldest) = passing().min_by_key(|it| it.used_at.load(Relaxed)).cloned()
        {
            oldest.is_gone.store(true, Relaxed);
            known.remove(&oldest.sha);
            self.n_evicted.fetch_add(1, Relaxed);
        }
        script
    }

    pub(crate) fn flush(&self) {
        for (_, script) in self.known.write().drain() {
            script.is_gone.store(true, Relaxed);
        }
    }

    /// Where a new Lua state is to say what it does.
    pub(super) fn new_watch(&self) -> Arc<Watch> {
        let watch = Arc::<Watch>::default();
        let mut all = self.watches.lock();
        all.retain(|it| Arc::strong_count(it) > 1);
        all.push(watch.clone());
        watch
    }

    /// Ends the scripts or functions that run for too long and have written nothing.
    pub(crate) fn kill(&self, sort: Sort) -> Result<(), Error> {
        let watches = self.watches.lock();
        let slow: Vec<_> = watches.iter().filter(|it| it.is_slow.load(Relaxed)).collect();
        let has_written = |it: &Watch| it.has_written.load(Relaxed);
        let (ours, others): (Vec<_>, Vec<_>) = slow.into_iter().partition(|it| it.sort() == sort);
        if ours.is_empty() && others.is_empty() {
            return Err(Error::said("NOTBUSY No scripts in execution right now."));
        }
        if ours.is_empty() && others.iter().any(|it| !has_written(it)) {
            return Err(others[0].sort().busy());
        }
        let mut n_killed = 0;
        for watch in ours.iter().filter(|it| !has_written(it)) {
            watch.kill.store(true, Relaxed);
            n_killed += 1;
        }
        if n_killed == 0 {
            return Err(Error::said(
                "UNKILLABLE Sorry the script already executed write commands against the dataset. \
                 You can either wait the script termination or kill the server in a hard way \
                 using the SHUTDOWN NOSAVE command.",
            ));
        }
        Ok(())
    }

    /// What others hear while a script takes too long.
    pub(crate) fn busy(&self) -> Error {
        let watches = self.watches.lock();
        let slow = watches.iter().find(|it| it.is_slow.load(Relaxed));
        slow.map_or(Sort::Script, |it| it.sort()).busy()
    }

    /// A function that has been running for too long. An error when that is a script.
    pub(crate) fn slow_function(&self) -> Result<Option<Arc<SlowFunction>>, Error> {
        let watches = self.watches.lock();
        let mut slow = watches.iter().filter(|it| it.is_slow.load(Relaxed)).peekable();
        if slow.peek().is_none() {
            return Ok(None);
        }
        match slow.find_map(|it| it.function.lock().clone()) {
            Some(function) => Ok(Some(function)),
            None => Err(Sort::Script.busy()),
        }
    }

    pub(crate) fn figures(&self) -> ScriptFigures {
        let (known, watches) = (self.known.read(), self.watches.lock());
        let bytes = |it: &Arc<Script>| it.source.len() + size_of::<Script>() + SHA_BYTES;
        ScriptFigures {
            n_scripts: known.len(),
            text_bytes: known.values().map(bytes).sum::<usize>() as u64,
            n_evicted: self.n_evicted.load(Relaxed),
            vm_bytes: watches.iter().map(|it| it.bytes.load(Relaxed)).sum(),
            function_vm_bytes: watches.iter().map(|it| it.function_bytes.load(Relaxed)).sum(),
        }
    }
}

impl Script {
    pub(super) fn new(source: &[u8], shebang: Shebang, stays_in_keys: bool) -> Script {
        Script {
            sha: sum(source),
            source: source.into(),
            shebang,
            stays_in_keys,
            used_at: AtomicU64::new(0),
            is_kept: AtomicBool::new(false),
            is_gone: AtomicBool::new(false),
        }
    }
}

/// The name that a script's text gives it.
pub(super) fn sum(text: &[u8]) -> Sha {
    let digits = hex(&Sha1::digest(text));
    digits.as_bytes().try_into().expect("a SHA1 has twenty bytes")
}

/// A sum as a client wrote it, in the case in which it is kept.
pub(crate) fn sha_of(word: &[u8]) -> Option<Sha> {
    let sha: &Sha = word.try_into().ok()?;
    Some(sha.map(|it| it.to_ascii_lowercase()))
}

/// Scripts that EVAL has brought are forgotten beyond this many, as in Valkey.
const PASSING_SCRIPTS_MAX: usize = 500;
