//! A library of functions: what its first line says, and the functions that it has registered.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::error::Error;
use crate::parse::split_quoted;

/// A library as all workers see it.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) name: Box<[u8]>,
    /// Its whole text, the first line included.
    pub(crate) code: Box<[u8]>,
    /// In the order in which they were registered.
    pub(crate) functions: Vec<Function>,
    is_gone: AtomicBool,
}

/// What a function says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: Box<[u8]>,
    pub(crate) description: Option<Box<[u8]>>,
    pub(crate) flags: FunctionFlags,
}

/// What a function may do, and where it may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FunctionFlags(u8);

impl FunctionFlags {
    pub(crate) const NO_WRITES: FunctionFlags = FunctionFlags(1);
    pub(crate) const ALLOW_OOM: FunctionFlags = FunctionFlags(1 << 1);

    const NAMES: [(FunctionFlags, &'static str); 5] = [
        (FunctionFlags::NO_WRITES, "no-writes"),
        (FunctionFlags::ALLOW_OOM, "allow-oom"),
        // There is no cluster and nothing stale: these are only shown.
        (FunctionFlags(1 << 2), "allow-stale"),
        (FunctionFlags(1 << 3), "no-cluster"),
        (FunctionFlags(1 << 4), "allow-cross-slot-keys"),
    ];

    pub(super) fn find(name: &[u8]) -> Option<FunctionFlags> {
        let is_it = |it: &&(FunctionFlags, &str)| it.1.as_bytes().eq_ignore_ascii_case(name);
        FunctionFlags::NAMES.iter().find(is_it).map(|it| it.0)
    }

    pub(super) fn add(&mut self, other: FunctionFlags) {
        self.0 |= other.0;
    }

    pub(crate) fn has(self, other: FunctionFlags) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn names(self) -> Vec<&'static str> {
        FunctionFlags::NAMES.iter().filter(|it| self.has(it.0)).map(|it| it.1).collect()
    }
}

impl Library {
    pub(super) fn new(name: Box<[u8]>, code: &[u8], functions: Vec<Function>) -> Library {
        Library { name, code: code.into(), functions, is_gone: AtomicBool::new(false) }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.is_gone.load(Relaxed)
    }

    /// Tells the workers that have loaded it.
    pub(super) fn leave(&self) {
        self.is_gone.store(true, Relaxed);
    }

    /// Its text and what is noted about it.
    pub(super) fn bytes(&self) -> usize {
        let of_function = |it: &Function| {
            size_of::<Function>()
                + it.name.len() * 2
                + it.description.as_deref().map_or(0, <[u8]>::len)
        };
        let functions: usize = self.functions.iter().map(of_function).sum();
        size_of::<Library>() + self.name.len() * 2 + self.code.len() + functions
    }
}

/// What a library's first line says: `#!lua name=mylib`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header<'a> {
    pub(super) name: Box<[u8]>,
    /// The rest of the text, from the end of the line on.
    pub(super) program: &'a [u8],
}

impl Header<'_> {
    pub(super) fn parse(code: &[u8]) -> Result<Header<'_>, Error> {
        if !code.starts_with(b"#!") {
            return Err(Error::said("ERR Missing library metadata"));
        }
        let refusal = || Error::said("ERR Invalid library metadata");
        let end = code.iter().position(|it| matches!(it, b'\n' | 0)).filter(|it| code[*it] != 0);
        let end = end.ok_or_else(refusal)?;
        let (mut words, mut spans) = (Vec::new(), Vec::new());
        split_quoted(&code[..end], &mut words, &mut spans).ok_or_else(refusal)?;
        let mut words = spans.iter().map(|it| &words[it.start as usize..][..it.len as usize]);
        let engine = words.next().and_then(|it| it.get(2..)).ok_or_else(refusal)?;
        let mut name = None;
        for word in words {
            let value = word.split_at_checked(5).filter(|it| it.0.eq_ignore_ascii_case(b"name="));
            let Some((_, value)) = value else {
                return Err(Error::quoting("ERR Invalid metadata value given: ", word, ""));
            };
            if name.replace(value).is_some() {
                return Err(Error::said(
                    "ERR Invalid metadata value, name argument was given multiple times",
                ));
            }
        }
        let name = name.ok_or(Error::said("ERR Library name was not given"))?;
        if !is_name(name) {
            return Err(Error::said(
                "ERR Library names can only contain letters, numbers, or underscores(_) and must \
                 be at least one character long",
            ));
        }
        if !engine.eq_ignore_ascii_case(b"lua") {
            return Err(Error::quoting("ERR Engine '", engine, "' not found"));
        }
        Ok(Header { name: name.into(), program: &code[end..] })
    }
}

/// Refuses functions that cannot be called so, or of which there are two.
pub(super) fn check_names(functions: &[Function]) -> Result<(), Error> {
    let mut seen = hashbrown::HashSet::<&[u8], ahash::RandomState>::default();
    for function in functions {
        if !is_name(&function.name) {
            return Err(Error::said(
                "ERR Function names can only contain letters, numbers, or underscores(_) and must \
                 be at least one character long",
            ));
        }
        if !seen.insert(&function.name) {
            return Err(Error::said("ERR Function already exists in the library"));
        }
    }
    if functions.is_empty() {
        return Err(Error::said("ERR No functions registered"));
    }
    Ok(())
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|it| it.is_ascii_alphanumeric() || *it == b'_')
}
