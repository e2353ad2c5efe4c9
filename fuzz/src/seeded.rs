//! Choices from the fuzzer's bytes, under the name that the model tests know.

pub(crate) struct Random<'a> {
    choices: std::slice::Iter<'a, u8>,
}

impl Random<'_> {
    pub(crate) fn new(choices: &[u8]) -> Random<'_> {
        Random { choices: choices.iter() }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.choices.len() == 0
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.number(8)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        let n_bytes = (end as u64).ilog2() / 8 + 1;
        (self.number(n_bytes) % end as u64) as usize
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    /// Long ones repeat a byte: the fuzzer has better use for its bytes.
    pub(crate) fn bytes(&mut self, len_max: usize) -> Vec<u8> {
        let len = self.below(len_max + 1);
        let n_own = len.min(8);
        let mut bytes: Vec<u8> = self.choices.by_ref().take(n_own).copied().collect();
        bytes.resize(len, b'.');
        bytes
    }

    fn number(&mut self, n_bytes: u32) -> u64 {
        (0..n_bytes).fold(0, |number, _| {
            number << 8 | u64::from(self.choices.next().copied().unwrap_or(0))
        })
    }
}
