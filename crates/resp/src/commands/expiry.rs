//! Times as commands give them: relative or absolute, in seconds or milliseconds, and on which
//! condition.

use crate::args::integer;
use crate::error::Error;

/// How a number is to be read as a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimeForm {
    pub(crate) base: Base,
    pub(crate) unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    /// Counted from now.
    Now,
    /// Counted from the epoch.
    Epoch,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
}

impl TimeForm {
    /// The words that SET and GETEX put before a time.
    pub(crate) const WORDS: [(&'static str, TimeForm); 4] = [
        ("EX", TimeForm::IN_SECONDS),
        ("PX", TimeForm::IN_MILLISECONDS),
        ("EXAT", TimeForm::AT_SECONDS),
        ("PXAT", TimeForm::AT_MILLISECONDS),
    ];
    pub(crate) const IN_SECONDS: TimeForm = TimeForm { base: Base::Now, unit: Unit::Seconds };
    pub(crate) const IN_MILLISECONDS: TimeForm =
        TimeForm { base: Base::Now, unit: Unit::Milliseconds };
    pub(crate) const AT_SECONDS: TimeForm = TimeForm { base: Base::Epoch, unit: Unit::Seconds };
    pub(crate) const AT_MILLISECONDS: TimeForm =
        TimeForm { base: Base::Epoch, unit: Unit::Milliseconds };

    /// Milliseconds since the epoch, perhaps before it. `command` is named by the error.
    pub(crate) fn read(
        self,
        text: &[u8],
        now_ms: u64,
        command: &'static str,
    ) -> Result<i64, Error> {
        let count = integer(text)?;
        let unit_ms = if self.unit == Unit::Seconds { 1000 } else { 1 };
        let base_ms = if self.base == Base::Now { now_ms as i64 } else { 0 };
        count
            .checked_mul(unit_ms)
            .and_then(|it| it.checked_add(base_ms))
            .ok_or(Error::InvalidExpire(command))
    }

    /// The same where a time that is not after its base makes no sense.
    pub(crate) fn read_positive(
        self,
        text: &[u8],
        now_ms: u64,
        command: &'static str,
    ) -> Result<u64, Error> {
        if integer(text)? <= 0 {
            return Err(Error::InvalidExpire(command));
        }
        let at_ms = self.read(text, now_ms, command)?;
        u64::try_from(at_ms).map_err(|_| Error::InvalidExpire(command))
    }
}

/// Under which of these a command sets an expiry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    Absent,
    Present,
    Later,
    Earlier,
}

impl Condition {
    pub(crate) const WORDS: [(&'static str, Condition); 4] = [
        ("NX", Condition::Absent),
        ("XX", Condition::Present),
        ("GT", Condition::Later),
        ("LT", Condition::Earlier),
    ];

    /// What does not expire counts as if it did so at the end of time.
    pub(crate) fn holds(self, at_ms: i64, current_ms: Option<u64>) -> bool {
        let current_ms = current_ms.map(|it| it as i64);
        match self {
            Condition::Absent => current_ms.is_none(),
            Condition::Present => current_ms.is_some(),
            Condition::Later => current_ms.is_some_and(|it| it < at_ms),
            Condition::Earlier => current_ms.is_none_or(|it| at_ms < it),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_expiry_is_the_end_of_time() {
        use Condition::{Absent, Earlier, Later, Present};
        assert!(!Later.holds(5, None) && !Later.holds(5, Some(5)) && Later.holds(6, Some(5)));
        assert!(Earlier.holds(5, None) && !Earlier.holds(5, Some(5)) && Earlier.holds(4, Some(5)));
        assert!(!Present.holds(5, None) && Present.holds(5, Some(9)));
        assert!(Absent.holds(5, None) && !Absent.holds(5, Some(9)));
    }

    #[test]
    fn times_overflow_into_an_error() {
        let read = |form: TimeForm, text: &str| form.read(text.as_bytes(), 1000, "expire");
        let refused = Err(Error::InvalidExpire("expire"));
        assert_eq!(read(TimeForm::IN_SECONDS, "2"), Ok(3000));
        assert_eq!(read(TimeForm::AT_SECONDS, "2"), Ok(2000));
        assert_eq!(read(TimeForm::IN_MILLISECONDS, "-2000"), Ok(-1000));
        assert_eq!(read(TimeForm::IN_SECONDS, "9223372036854775"), refused);
        assert_eq!(read(TimeForm::AT_SECONDS, "9223372036854775"), Ok(9_223_372_036_854_775_000));
        assert_eq!(read(TimeForm::AT_SECONDS, "9223372036854776"), refused);
        assert_eq!(read(TimeForm::IN_MILLISECONDS, "9223372036854775807"), refused);
        assert_eq!(read(TimeForm::IN_SECONDS, "x"), Err(Error::NotAnInteger));
        let positive = TimeForm::IN_SECONDS.read_positive(b"0", 1000, "set");
        assert_eq!(positive, Err(Error::InvalidExpire("set")));
    }
}
