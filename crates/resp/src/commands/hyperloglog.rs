//! HyperLogLogs: estimates of how many different elements were added to a key.

use std::fmt::Write as _;

use tandem_engine::{Edit, HyperLogLog, HyperLogLogMut, Key, Registers, Str, View};

use crate::dispatch::{ClientCtx, Ctx};
use crate::error::Error;
use crate::keys::{Access, KeySpec, Keys};
use crate::reply::Answer;
use crate::spec::{Flags, Spec, plain, read, write};

const PFMERGE_KEYS: &[KeySpec] = &[
    KeySpec::new(Keys::FIRST, Access::RW.and(Access::ACCESS).and(Access::INSERT)),
    KeySpec::new(Keys::range(2, -1, 1), Access::READ),
];

#[rustfmt::skip]
pub(crate) const COMMANDS: &[Spec] = &[
    write("pfadd", "key [element [element ...]]", Keys::FIRST, pfadd)
        .fast().denyoom().access(Access::RW.and(Access::INSERT))
        .doc("2.8.9", "O(N) in the elements", "Adds elements to a HyperLogLog."),
    read("pfcount", "key [key ...]", Keys::ALL, pfcount).flags(&[Flags::MAY_REPLICATE])
        .access(Access::RW.and(Access::ACCESS))
        .doc("2.8.9", "O(1) for one key, O(N) for several",
            "Estimates how many different elements HyperLogLogs have."),
    write("pfdebug", "subcommand key", Keys::SECOND, pfdebug)
        .denyoom().flags(&[Flags::ADMIN]).access(Access::RW.and(Access::ACCESS))
        .event("").doc("2.8.9", "O(N) in the registers", "Looks into a HyperLogLog."),
    write("pfmerge", "destkey:key [sourcekey:key [sourcekey:key ...]]", Keys::ALL, pfmerge)
        .denyoom().keyed(PFMERGE_KEYS)
        .event("pfadd").doc("2.8.9", "O(N) in the keys", "Adds HyperLogLogs to another."),
    plain("pfselftest", "", pfselftest).flags(&[Flags::ADMIN])
        .doc("2.8.9", "O(1)", "Checks that HyperLogLogs count well on this machine."),
];

fn pfadd(cx: &mut Ctx<'_>) -> Answer {
    let key = cx.args.key()?;
    let bytes_max = sparse_bytes_max(cx);
    let (mut sketch, is_new) = open(&mut cx.db, key, bytes_max)?;
    let mut is_higher = is_new;
    while !cx.args.is_done() {
        is_higher |= sketch.add(cx.args.next()?)?;
    }
    Ok(cx.reply.int(i64::from(is_higher)))
}

/// A key's HyperLogLog for writing; whether it was made for that.
fn open<'v>(
    db: &'v mut View<'_>,
    key: Key<'v>,
    sparse_bytes_max: usize,
) -> Result<(HyperLogLogMut<Edit<'v, Str>>, bool), Error> {
    let string = db.edit_or_create::<Str>(key)?;
    if string.is_new() {
        return Ok((HyperLogLogMut::create(string, sparse_bytes_max), true));
    }
    Ok((HyperLogLogMut::open(string, sparse_bytes_max)?, false))
}

fn sparse_bytes_max(cx: &Ctx<'_>) -> usize {
    cx.server.settings.live().hll_sparse_bytes_max()
}

fn pfcount(cx: &mut Ctx<'_>) -> Answer {
    if cx.args.len() > 1 {
        let (joined, _) = join(cx)?;
        return Ok(cx.reply.int(joined.estimate() as i64));
    }
    let key = cx.args.key()?;
    let Some(value) = cx.db.get::<Str>(key)? else {
        return Ok(cx.reply.int(0));
    };
    let sketch = HyperLogLog::read(value.as_slice())?;
    if let Some(estimate) = sketch.kept_estimate() {
        return Ok(cx.reply.int(estimate as i64));
    }
    let estimate = sketch.estimate()?;
    let bytes_max = sparse_bytes_max(cx);
    open(&mut cx.db, key, bytes_max)?.0.keep_estimate(estimate);
    Ok(cx.reply.int(estimate as i64))
}

/// Everything that the keys hold together, and whether one of them is dense.
fn join(cx: &mut Ctx<'_>) -> Result<(Registers, bool), Error> {
    let (mut joined, mut any_dense) = (Registers::default(), false);
    while !cx.args.is_done() {
        if let Some(value) = cx.db.get::<Str>(cx.args.key()?)? {
            let sketch = HyperLogLog::read(value.as_slice())?;
            any_dense |= sketch.is_dense();
            joined.raise(sketch)?;
        }
    }
    Ok((joined, any_dense))
}

fn pfmerge(cx: &mut Ctx<'_>) -> Answer {
    let to = cx.args.clone().key()?;
    let (joined, any_dense) = join(cx)?;
    let bytes_max = sparse_bytes_max(cx);
    let (mut sketch, _) = open(&mut cx.db, to, bytes_max)?;
    if any_dense {
        sketch.make_dense()?;
    }
    sketch.raise(&joined)?;
    sketch.into_string().touch();
    Ok(cx.reply.ok())
}

fn pfdebug(cx: &mut Ctx<'_>) -> Answer {
    let bytes_max = sparse_bytes_max(cx);
    let word = cx.args.peek().unwrap_or_default();
    if cx.args.flag("SIMD") {
        return simd(cx);
    }
    cx.args.next()?;
    let key = cx.args.key()?;
    let Some(value) = cx.db.get::<Str>(key)? else {
        return Err(Error::said("ERR The specified key does not exist"));
    };
    let sketch = HyperLogLog::read(value.as_slice())?;
    match word.to_ascii_lowercase().as_slice() {
        b"encoding" => Ok(cx.reply.simple(if sketch.is_dense() { "dense" } else { "sparse" })),
        b"decode" => {
            let text = decode(sketch).ok_or(Error::said("ERR HLL encoding is not sparse"))?;
            Ok(cx.reply.text(&text))
        }
        b"todense" => {
            let was_sparse = open(&mut cx.db, key, bytes_max)?.0.make_dense()?;
            Ok(cx.reply.int(i64::from(was_sparse)))
        }
        b"getreg" => {
            let registers = sketch.registers()?;
            open(&mut cx.db, key, bytes_max)?.0.make_dense()?;
            Ok(cx.reply.array(registers.iter(), |reply, rank| reply.int(i64::from(rank))))
        }
        _ => Err(Error::quoting("ERR Unknown PFDEBUG subcommand '", word, "'")),
    }
}

/// The runs of a sparse one: `z` and `Z` are zeros in one or two bytes, `v` is a rank and how many
/// registers have it.
fn decode(sketch: HyperLogLog<'_>) -> Option<String> {
    let mut text = String::new();
    for run in sketch.runs()? {
        let _ = match (run.rank, run.is_long) {
            (0, false) => write!(text, "z:{} ", run.len),
            (0, true) => write!(text, "Z:{} ", run.len),
            (rank, _) => write!(text, "v:{rank},{} ", run.len),
        };
    }
    text.truncate(text.trim_end().len());
    Some(text)
}

/// Here the compiler chooses the instructions, so that there is nothing to switch; answers are the
/// same with and without.
fn simd(cx: &mut Ctx<'_>) -> Answer {
    let word = cx.args.next()?;
    if word.eq_ignore_ascii_case(b"ON") {
        Ok(cx.reply.simple("enabled"))
    } else if word.eq_ignore_ascii_case(b"OFF") {
        Ok(cx.reply.simple("disabled"))
    } else {
        Err(Error::said("ERR Argument must be ON or OFF"))
    }
}

/// Adds numbers to a sparse and a dense one, which have to agree, and compares the estimates with
/// the truth: they are off by 0.8 % usually.
fn pfselftest(cx: &mut ClientCtx<'_>) -> Answer {
    let (mut sparse, mut dense) = (Str::default(), Str::default());
    let mut sketches = [
        HyperLogLogMut::create(&mut sparse, SELFTEST_SPARSE_BYTES),
        HyperLogLogMut::create(&mut dense, 0),
    ];
    for n in 1..=SELFTEST_ELEMENTS {
        for sketch in &mut sketches {
            sketch.add(&n.to_le_bytes())?;
        }
        if n.is_power_of_two() {
            let [one, other] = sketches.each_ref().map(HyperLogLogMut::estimate);
            let (one, other) = (one?, other?);
            if one != other || one.abs_diff(n) * 100 > n * SELFTEST_ERROR_PERCENT + 100 {
                let text = format!("TESTFAILED {n} elements were counted as {one} and {other}");
                return Err(Error::said(text));
            }
        }
    }
    Ok(cx.reply.ok())
}

/// Keeps a sparse one sparse for the first thousands of elements.
const SELFTEST_SPARSE_BYTES: usize = 3000;

/// A few milliseconds' work.
const SELFTEST_ELEMENTS: u64 = 1 << 16;

/// Three times the error that is usual, rounded up.
const SELFTEST_ERROR_PERCENT: u64 = 3;
