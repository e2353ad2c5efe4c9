//! The longest common subsequence of two strings.

use tandem_engine::Value;

use crate::args::Args;
use crate::dispatch::Ctx;
use crate::error::Error;
use crate::reply::{Answer, Answered, Reply};

pub(super) fn lcs(cx: &mut Ctx<'_>) -> Answer {
    let (first, second) = (cx.args.key()?, cx.args.key()?);
    let (first, second) = (operand(cx, first)?, operand(cx, second)?);
    let words = words(&mut cx.args)?;
    let table = LengthTable::new(&first, &second, cx.server.settings.live().bulk_bytes_max())?;
    match words.wants {
        Wants::Length => Ok(cx.reply.count(table.len())),
        Wants::Text => {
            let text: Vec<u8> = table
                .runs()
                .iter()
                .rev()
                .flat_map(|run| &first[run.first_start..run.first_start + run.len])
                .copied()
                .collect();
            Ok(cx.reply.bulk(&text))
        }
        Wants::Runs => Ok(answer_runs(&mut cx.reply, &table, &words)),
    }
}

fn operand(cx: &mut Ctx<'_>, key: tandem_engine::Key<'_>) -> Result<Vec<u8>, Error> {
    match cx.db.read(key).map(|it| it.value()) {
        None => Ok(Vec::new()),
        Some(Value::String(value)) => Ok(value.as_slice().to_vec()),
        Some(_) => Err(Error::said("ERR The specified keys must contain string values")),
    }
}

struct Words {
    wants: Wants,
    len_min: usize,
    with_lens: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wants {
    Text,
    Length,
    Runs,
}

fn words(args: &mut Args<'_>) -> Result<Words, Error> {
    let (mut length, mut runs) = (false, false);
    let mut words = Words { wants: Wants::Text, len_min: 0, with_lens: false };
    while !args.is_done() {
        if args.flag("IDX") {
            runs = true;
        } else if args.flag("LEN") {
            length = true;
        } else if args.flag("WITHMATCHLEN") {
            words.with_lens = true;
        } else if args.option("MINMATCHLEN") {
            words.len_min = usize::try_from(args.integer()?).unwrap_or(0);
        } else {
            return Err(Error::Syntax);
        }
    }
    words.wants = match (length, runs) {
        (true, true) => {
            return Err(Error::said(
                "ERR If you want both the length and indexes, please just use IDX.",
            ));
        }
        (true, false) => Wants::Length,
        (false, true) => Wants::Runs,
        (false, false) => Wants::Text,
    };
    Ok(words)
}

fn answer_runs(reply: &mut Reply<'_>, table: &LengthTable<'_>, words: &Words) -> Answered {
    let mut runs = table.runs();
    runs.retain(|it| it.len >= words.len_min);
    reply.map_header(2);
    reply.text("matches");
    reply.array(runs.iter(), |reply, run| {
        reply.array_header(2 + usize::from(words.with_lens));
        for start in [run.first_start, run.second_start] {
            reply.array_header(2);
            reply.count(start);
            reply.count(start + run.len - 1);
        }
        if words.with_lens {
            reply.count(run.len);
        }
        reply.nothing()
    });
    reply.text("len");
    reply.count(table.len())
}

/// The lengths of the longest common subsequences of all pairs of prefixes.
struct LengthTable<'a> {
    first: &'a [u8],
    second: &'a [u8],
    cells: Vec<u32>,
}

/// A stretch that both strings have, and that the subsequence takes as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    first_start: usize,
    second_start: usize,
    len: usize,
}

impl<'a> LengthTable<'a> {
    fn new(first: &'a [u8], second: &'a [u8], bytes_max: u64) -> Result<LengthTable<'a>, Error> {
        let n_cells = (first.len() as u64 + 1).saturating_mul(second.len() as u64 + 1);
        if n_cells.saturating_mul(4) > bytes_max {
            return Err(Error::said(
                "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len",
            ));
        }
        let mut table = LengthTable { first, second, cells: vec![0; n_cells as usize] };
        let width = second.len() + 1;
        for (i, byte) in first.iter().enumerate() {
            let (above, row) = table.cells[i * width..].split_at_mut(width);
            for (j, other) in second.iter().enumerate() {
                row[j + 1] = if byte == other { above[j] + 1 } else { above[j + 1].max(row[j]) };
            }
        }
        Ok(table)
    }

    fn at(&self, i: usize, j: usize) -> u32 {
        self.cells[i * (self.second.len() + 1) + j]
    }

    fn len(&self) -> usize {
        self.at(self.first.len(), self.second.len()) as usize
    }

    /// The runs of one longest subsequence, the last one first.
    fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        let (mut i, mut j) = (self.first.len(), self.second.len());
        while i > 0 && j > 0 {
            if self.first[i - 1] == self.second[j - 1] {
                match runs.last_mut() {
                    Some(run) if run.first_start == i && run.second_start == j => {
                        (run.first_start, run.second_start) = (i - 1, j - 1);
                        run.len += 1;
                    }
                    _ => runs.push(Run { first_start: i - 1, second_start: j - 1, len: 1 }),
                }
                (i, j) = (i - 1, j - 1);
            } else if self.at(i - 1, j) > self.at(i, j - 1) {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        runs
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_whole_and_come_last_first() {
        let table = LengthTable::new(b"ohmytext", b"mynewtext", 1 << 20).unwrap();
        assert_eq!(table.len(), 6);
        let run = |first_start, second_start, len| Run { first_start, second_start, len };
        assert_eq!(table.runs(), [run(4, 5, 4), run(2, 0, 2)]);
    }

    #[test]
    fn the_table_has_a_limit() {
        assert!(LengthTable::new(&[b'a'; 9], &[b'a'; 9], 400).is_ok());
        assert!(LengthTable::new(&[b'a'; 9], &[b'a'; 9], 399).is_err());
    }
}
