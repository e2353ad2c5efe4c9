//! The words of a line of text.

use crate::request::Tell;

/// Spaces at the start of `input`.
#[inline]
pub(crate) fn n_spaces(input: &[u8]) -> usize {
    input.iter().take_while(|it| **it == b' ').count()
}

/// The first space or line feed. Words are short: eight bytes at a time beat a call of `memchr`.
#[inline]
pub(crate) fn find_end(input: &[u8]) -> Option<usize> {
    const LOW: u64 = u64::from_ne_bytes([b' ' + 1; 8]);
    const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);
    let (chunks, _) = input.as_chunks::<8>();
    let mut from = chunks.len() * 8;
    for (index, chunk) in chunks.iter().enumerate() {
        let bytes = u64::from_le_bytes(*chunk);
        // The lowest bit that is set marks the first byte below 0x21.
        let small = bytes.wrapping_sub(LOW) & !bytes & HIGH_BITS;
        if small != 0 {
            from = index * 8 + (small.trailing_zeros() / 8) as usize;
            break;
        }
    }
    // Most often this is the end, or the carriage return in front of it.
    let rest = input[from..].iter().position(|it| matches!(it, b' ' | b'\n'));
    rest.map(|len| from + len)
}

/// A word without the carriage return of the line end behind it.
pub(crate) fn word(bytes: &[u8], end: u8) -> &[u8] {
    match bytes {
        [word @ .., b'\r'] if end == b'\n' => word,
        word => word,
    }
}

/// The words of a line: the first few, how many there are, and the last.
pub(crate) struct Words<'a> {
    first: [&'a [u8]; WORDS_KEPT],
    pub(crate) n: usize,
    pub(crate) last: &'a [u8],
    /// The line behind its first word.
    pub(crate) behind_first: &'a [u8],
}

/// As many as a `cas` with `noreply` has.
const WORDS_KEPT: usize = 7;

impl<'a> Words<'a> {
    /// The words of a line without its end.
    pub(crate) fn of(line: &'a [u8]) -> Words<'a> {
        Words::scan(line).0
    }

    /// The words of the line at the start of `input` and its length, if its end is there.
    pub(crate) fn scan(input: &'a [u8]) -> (Words<'a>, Option<usize>) {
        let mut words = Words { first: [b""; WORDS_KEPT], n: 0, last: b"", behind_first: b"" };
        let mut at = 0;
        let mut second_at = None;
        loop {
            let len = find_end(&input[at..]);
            let end = len.map_or(input.len(), |len| at + len);
            let delimiter = input.get(end).copied();
            let found = word(&input[at..end], delimiter.unwrap_or(b' '));
            if !found.is_empty() {
                words.push(found);
                second_at.get_or_insert(end);
            }
            if delimiter != Some(b' ') {
                let line_end = at + found.len();
                words.behind_first =
                    second_at.map_or(b"", |from| &input[from.min(line_end)..line_end]);
                return (words, delimiter.map(|_| end + 1));
            }
            at = end + 1;
        }
    }

    fn push(&mut self, word: &'a [u8]) {
        if let Some(place) = self.first.get_mut(self.n) {
            *place = word;
        }
        self.last = word;
        self.n += 1;
    }

    /// A word by its place; empty when there is none.
    pub(crate) fn get(&self, index: usize) -> &'a [u8] {
        self.first.get(index).copied().unwrap_or(b"")
    }

    pub(crate) fn tell(&self) -> Tell {
        if self.last == b"noreply" { Tell::Nothing } else { Tell::Outcome }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_word_is_found_wherever_it_is() {
        for n in 0..40 {
            for fill in [b'a', b'\r', 0, b'\t', 0x7f, 0x80, 0xa0, 0xff] {
                let mut input = vec![fill; n];
                assert_eq!(find_end(&input), None, "{n} of {fill:#x}");
                for end in [b' ', b'\n'] {
                    input.truncate(n);
                    input.extend([end, b' ', b'x']);
                    assert_eq!(find_end(&input), Some(n), "{n} of {fill:#x}");
                }
            }
        }
    }

    #[test]
    fn words_are_split_at_spaces_alone() {
        let (words, len) = Words::scan(b"  set a\tb   7 \r\nget");
        assert_eq!(len, Some(16));
        assert_eq!((words.n, words.get(1), words.last), (3, &b"a\tb"[..], &b"7"[..]));
        assert_eq!(words.behind_first, b" a\tb   7 ");
        assert_eq!(Words::scan(b"version").1, None);
        assert_eq!(Words::scan(b"\r\n").0.n, 0);
        assert_eq!(Words::of(b" on off").get(1), b"off");
        assert_eq!(Words::of(b"").n, 0);
    }
}
