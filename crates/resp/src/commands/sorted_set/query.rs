//! Ranges of a sorted set: by rank, by score, by bytes. All of them become a range of ranks.

use std::ops::Range;

use tandem_engine::{Cut, Order, SortedSetRef};

use crate::args::Args;
use crate::double;
use crate::error::Error;

/// What a range is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Rank,
    Score,
    Bytes,
}

/// The two ends of a range.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ends<'a> {
    /// From the front in the order asked for, or from the back when negative; both included.
    Ranks(i64, i64),
    Cuts(Cut<'a>, Cut<'a>),
}

/// A whole query, without its key.
#[derive(Debug)]
pub(super) struct Query<'a> {
    pub(super) ends: Ends<'a>,
    pub(super) order: Order,
    pub(super) limit: Limit,
}

/// What LIMIT leaves of a range. A negative offset leaves nothing, a negative count takes nothing
/// away.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    pub(super) offset: i64,
    pub(super) count: i64,
}

impl Limit {
    pub(super) const NONE: Limit = Limit { offset: 0, count: -1 };

    pub(super) fn read(args: &mut Args<'_>) -> Result<Limit, Error> {
        Ok(Limit { offset: args.integer()?, count: args.integer()? })
    }
}

impl<'a> Ends<'a> {
    /// Reads the ends as they are given: the highest first in falling order, but for ranks.
    pub(super) fn parse(
        by: By,
        order: Order,
        [first, second]: [&'a [u8]; 2],
    ) -> Result<Ends<'a>, Error> {
        let (min, max) = if order == Order::Rising { (first, second) } else { (second, first) };
        Ok(match by {
            By::Rank => Ends::Ranks(crate::args::integer(first)?, crate::args::integer(second)?),
            By::Score => Ends::Cuts(score_cut(min, Side::Low)?, score_cut(max, Side::High)?),
            By::Bytes => Ends::Cuts(bytes_cut(min, Side::Low)?, bytes_cut(max, Side::High)?),
        })
    }

    /// The ranks between the ends, from the lowest score on.
    pub(super) fn ranks(self, set: SortedSetRef<'_>, order: Order) -> Range<usize> {
        self.first_ranks(set, order, usize::MAX)
    }

    /// The same, of which the first `n_max` suffice.
    fn first_ranks(self, set: SortedSetRef<'_>, order: Order, n_max: usize) -> Range<usize> {
        match self {
            Ends::Ranks(start, stop) => {
                let ranks = between(start, stop, set.len());
                match order {
                    Order::Rising => ranks,
                    Order::Falling => set.len() - ranks.end..set.len() - ranks.start,
                }
            }
            Ends::Cuts(low, high) => set.between(low, high, n_max),
        }
    }
}

impl Query<'_> {
    pub(super) fn ranks(&self, set: SortedSetRef<'_>) -> Range<usize> {
        let Limit { offset, count } = self.limit;
        let Ok(offset) = usize::try_from(offset) else { return 0..0 };
        let n_wanted = match (self.order, usize::try_from(count)) {
            (Order::Rising, Ok(count)) => offset.saturating_add(count),
            _ => usize::MAX,
        };
        let ranks = self.ends.first_ranks(set, self.order, n_wanted);
        let n_behind = ranks.len().saturating_sub(offset);
        let n = usize::try_from(count).map_or(n_behind, |count| count.min(n_behind));
        match self.order {
            _ if n == 0 => 0..0,
            Order::Rising => ranks.start + offset..ranks.start + offset + n,
            Order::Falling => ranks.end - offset - n..ranks.end - offset,
        }
    }
}

/// Ranks from `start` to `stop`, both included and negative from the end, as far as there are any.
fn between(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_front = |it: i64| if it < 0 { it.saturating_add(len) } else { it };
    let start = from_front(start).max(0);
    let end = from_front(stop).saturating_add(1).min(len);
    if start < end { start as usize..end as usize } else { 0..0 }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Low,
    High,
}

/// `1.5`, or `(1.5` for an end that is not part of the range.
fn score_cut(text: &[u8], side: Side) -> Result<Cut<'static>, Error> {
    let (is_open, number) = match text {
        [b'(', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let score = double::parse_end(number);
    let score = score.ok_or_else(|| Error::said("ERR min or max is not a float"))?;
    let is_before = is_open == (side == Side::High);
    // Nothing lies beyond the infinities: that need not be looked for.
    if !is_before && score == f64::INFINITY {
        return Ok(Cut::End);
    }
    if is_before && score == f64::NEG_INFINITY {
        return Ok(Cut::Start);
    }
    Ok(if is_before { Cut::BeforeScore(score) } else { Cut::AfterScore(score) })
}

/// `[member`, `(member`, or `-` and `+` for all there is.
fn bytes_cut(text: &[u8], side: Side) -> Result<Cut<'_>, Error> {
    match (text, side) {
        (b"-", _) => Ok(Cut::Start),
        (b"+", _) => Ok(Cut::End),
        ([b'[', member @ ..], Side::Low) | ([b'(', member @ ..], Side::High) => {
            Ok(Cut::BeforeMember(member))
        }
        ([b'(', member @ ..], Side::Low) | ([b'[', member @ ..], Side::High) => {
            Ok(Cut::AfterMember(member))
        }
        _ => Err(Error::said("ERR min or max not valid string range item")),
    }
}
