//! LZF: literal runs and copies of what came before, found by a hash of three bytes. What is
//! written is what liblzf in its fast mode writes, so that payloads can be compared by their bytes.

use crate::error::Error;

/// Most bytes that a literal run, a copy, and the distance of one have room for.
const LITERALS_MAX: usize = 1 << 5;
const COPY_MAX: usize = (1 << 8) + (1 << 3);
const DISTANCE_MAX: usize = 1 << 13;

/// The longest copy takes three bytes.
const EXPANSION_MAX: usize = COPY_MAX / 3;

const HASH_BITS: u32 = 16;

/// Compares this many bytes before it looks for the end of what can be copied.
const UNCHECKED_BYTES: usize = 16;

/// The text that was compressed into `input`, which is to be `len` bytes and no more than `max`.
pub(crate) fn decompress(input: &[u8], len: usize, max: usize) -> Result<Vec<u8>, Error> {
    if max < len || input.len().saturating_mul(EXPANSION_MAX) < len {
        return Err(Error::Corrupt);
    }
    let mut output = Vec::with_capacity(len);
    let mut rest = input;
    while let Some((&control, behind)) = rest.split_first() {
        let control = usize::from(control);
        if control < LITERALS_MAX {
            let (literals, behind) = behind.split_at_checked(control + 1).ok_or(Error::Corrupt)?;
            output.extend_from_slice(literals);
            rest = behind;
        } else {
            rest = copy(&mut output, control, behind)?;
        }
        if len < output.len() {
            return Err(Error::Corrupt);
        }
    }
    if output.len() == len { Ok(output) } else { Err(Error::Corrupt) }
}

/// Copies from what is there already, and tells what comes behind.
fn copy<'a>(output: &mut Vec<u8>, control: usize, mut rest: &'a [u8]) -> Result<&'a [u8], Error> {
    let mut next = || {
        let (first, behind) = rest.split_first()?;
        rest = behind;
        Some(usize::from(*first))
    };
    let mut n = control >> 5;
    if n == 7 {
        n += next().ok_or(Error::Corrupt)?;
    }
    let distance = ((control & 0x1f) << 8 | next().ok_or(Error::Corrupt)?) + 1;
    let start = output.len().checked_sub(distance).ok_or(Error::Corrupt)?;
    for at in start..start + n + 2 {
        output.push(output[at]);
    }
    Ok(rest)
}

/// The text in fewer bytes than `room`, if it goes into that.
pub(crate) fn compress(input: &[u8], room: usize) -> Option<Vec<u8>> {
    if input.is_empty() || room == 0 {
        return None;
    }
    let mut out = Literals { bytes: vec![0], run_at: 0, room };
    let mut table = vec![0_u32; 1 << HASH_BITS];
    let n = input.len();
    let mut at = 0;
    while at + 2 < n {
        let slot = &mut table[slot_of(input, at)];
        let before = std::mem::replace(slot, at as u32) as usize;
        let is_match = before < at
            && 0 < before
            && at - before <= DISTANCE_MAX
            && input[before..before + 3] == input[at..at + 3];
        if !is_match {
            out.literal(input[at])?;
            at += 1;
            continue;
        }
        let len = match_len(input, before, at);
        out.copy(at - before - 1, len)?;
        at += len;
        if at + 2 >= n {
            break;
        }
        for seen in [at - 2, at - 1] {
            table[slot_of(input, seen)] = seen as u32;
        }
    }
    // The last two bytes and the length of a run.
    if room < out.bytes.len() + 3 {
        return None;
    }
    input[at..].iter().try_for_each(|it| out.literal(*it))?;
    Some(out.finish())
}

fn slot_of(input: &[u8], at: usize) -> usize {
    let [first, second, third] = [0, 1, 2].map(|it| u32::from(input[at + it]));
    let hash = first << 16 | second << 8 | third;
    let slot = (hash >> (24 - HASH_BITS)).wrapping_sub(hash.wrapping_mul(5));
    slot as usize & ((1 << HASH_BITS) - 1)
}

/// How many bytes are the same, at least three.
fn match_len(input: &[u8], before: usize, at: usize) -> usize {
    let max = (input.len() - at - 2).min(COPY_MAX);
    let is_same = |len: usize| input[before + len] == input[at + len];
    let mut len = 2;
    if UNCHECKED_BYTES < max {
        for _ in 0..UNCHECKED_BYTES {
            len += 1;
            if !is_same(len) {
                return len;
            }
        }
    }
    loop {
        len += 1;
        if max <= len || !is_same(len) {
            return len;
        }
    }
}

/// What was written, and where the length of the literal run that is under way goes.
struct Literals {
    bytes: Vec<u8>,
    run_at: usize,
    room: usize,
}

impl Literals {
    fn len(&self) -> usize {
        self.bytes.len() - self.run_at - 1
    }

    fn literal(&mut self, byte: u8) -> Option<()> {
        if self.room <= self.bytes.len() {
            return None;
        }
        self.bytes.push(byte);
        if self.len() == LITERALS_MAX {
            self.bytes[self.run_at] = (LITERALS_MAX - 1) as u8;
            self.start();
        }
        Some(())
    }

    fn start(&mut self) {
        self.run_at = self.bytes.len();
        self.bytes.push(0);
    }

    /// Ends the run, which leaves nothing when it is empty.
    fn end(&mut self) {
        match self.len() {
            0 => drop(self.bytes.pop()),
            n => self.bytes[self.run_at] = (n - 1) as u8,
        }
    }

    fn copy(&mut self, distance: usize, len: usize) -> Option<()> {
        if self.room <= self.bytes.len() - usize::from(self.len() == 0) + 4 {
            return None;
        }
        self.end();
        let n = len - 2;
        let high = (distance >> 8) as u8;
        if n < 7 {
            self.bytes.push(high + ((n as u8) << 5));
        } else {
            self.bytes.extend([high + (7 << 5), (n - 7) as u8]);
        }
        self.bytes.push(distance as u8);
        self.start();
        Some(())
    }

    fn finish(mut self) -> Vec<u8> {
        self.end();
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &[u8]) -> usize {
        let Some(packed) = compress(text, text.len().saturating_sub(4)) else { return 0 };
        assert!(packed.len() <= text.len() - 4);
        assert_eq!(decompress(&packed, text.len(), usize::MAX).as_deref(), Ok(text));
        assert_eq!(decompress(&packed, text.len() + 1, usize::MAX), Err(Error::Corrupt));
        assert_eq!(decompress(&packed, text.len() - 1, usize::MAX), Err(Error::Corrupt));
        assert_eq!(decompress(&packed, text.len(), text.len() - 1), Err(Error::Corrupt));
        packed.len()
    }

    #[test]
    fn what_was_compressed_comes_back() {
        for n in (0..700).chain([8_000, 8_300, 20_000, 100_000]) {
            check(&vec![b'x'; n]);
            check(&(0..n).map(|it| (it % 7) as u8).collect::<Vec<u8>>());
            check(&(0..n).map(|it| (it * it / 50) as u8).collect::<Vec<u8>>());
            let words = (0..n).flat_map(|it| format!("word {} ", it % 900).into_bytes());
            check(&words.take(n).collect::<Vec<u8>>());
        }
        assert!(check(&[b'x'; 1000]) < 30);
    }

    #[test]
    fn what_points_nowhere_is_refused() {
        for bytes in [&b"\x05ab"[..], b"\x20", b"\x20\x00", b"\x00a\x20\x05", b"\xe0\xff"] {
            for len in [0, 1, 3, 300] {
                assert!(len == 0 || decompress(bytes, len, usize::MAX).is_err(), "{bytes:?}");
            }
        }
    }
}
