//! memcached's binary protocol: reads one at a time, or many quiet ones with a no-op behind them.

use super::reply::{Outcome, Right, Scan};
use super::wire::{MANY, Wire, key_name};

/// Opcodes.
const GET: u8 = 0x00;
const SET: u8 = 0x01;
const GETQ: u8 = 0x09;
const NOOP: u8 = 0x0a;

const REQUEST: u8 = 0x80;
const REPLY: u8 = 0x81;
const HEADER_BYTES: usize = 24;
/// A reply's flags.
const FLAGS_BYTES: usize = 4;

pub(super) fn put_get(key: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&header(GET, 16, 0, 16));
    out.extend_from_slice(&key_name(key));
}

pub(super) fn put_gets(first: u32, out: &mut Vec<u8>) {
    for key in first..first + MANY {
        out.extend_from_slice(&header(GETQ, 16, 0, 16));
        out.extend_from_slice(&key_name(key));
    }
    out.extend_from_slice(&header(NOOP, 0, 0, 0));
}

pub(super) fn put_set(wire: &Wire, key: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&header(SET, 16, 8, 8 + 16 + wire.value_bytes()));
    out.extend_from_slice(&[0; 8]);
    out.extend_from_slice(&key_name(key));
    wire.put_value(key, out);
}

fn header(opcode: u8, key_bytes: u8, extras_bytes: u8, body_bytes: usize) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..5].copy_from_slice(&[REQUEST, opcode, 0, key_bytes, extras_bytes]);
    header[8..12].copy_from_slice(&(body_bytes as u32).to_be_bytes());
    header
}

/// The reply to a get that finds its key.
pub(super) fn check_get(wire: &Wire, key: u32, input: &[u8]) -> Scan {
    item(wire, GET, key, input)
}

/// Found when all keys are; what is missing is not told, so it counts as wrong.
pub(super) fn check_gets(wire: &Wire, first: u32, input: &[u8]) -> Scan {
    let mut length = 0;
    for key in first..first + MANY {
        match item(wire, GETQ, key, &input[length..]) {
            Scan::Right(it) => length += it.length,
            other => return other,
        }
    }
    match whole(NOOP, &input[length..]) {
        Ok(Some(0)) => done(length + HEADER_BYTES),
        Ok(None) => Scan::Short,
        _ => Scan::Wrong,
    }
}

/// The reply to a set.
pub(super) fn check_set(input: &[u8]) -> Scan {
    match whole(SET, input) {
        Ok(Some(0)) => done(HEADER_BYTES),
        Ok(None) => Scan::Short,
        _ => Scan::Wrong,
    }
}

fn item(wire: &Wire, opcode: u8, key: u32, input: &[u8]) -> Scan {
    let n_body = match whole(opcode, input) {
        Ok(Some(it)) => it,
        Ok(None) => return Scan::Short,
        Err(()) => return Scan::Wrong,
    };
    let value = &input[HEADER_BYTES..HEADER_BYTES + n_body];
    if n_body < FLAGS_BYTES || !wire.is_value_of(key, &value[FLAGS_BYTES..]) {
        return Scan::Wrong;
    }
    done(HEADER_BYTES + n_body)
}

fn done(length: usize) -> Scan {
    Scan::Right(Right { length, outcome: Outcome::Done })
}

/// The length of the body of a whole reply that says that all is well.
fn whole(opcode: u8, input: &[u8]) -> Result<Option<usize>, ()> {
    let Some(header) = input.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    if header[..2] != [REPLY, opcode] || header[6..8] != [0, 0] {
        return Err(());
    }
    let n_body = u32::from_be_bytes([header[8], header[9], header[10], header[11]]) as usize;
    Ok((input.len() >= HEADER_BYTES + n_body).then_some(n_body))
}
